//! The log of one test among others that run beside it.

use std::sync::OnceLock;

use plumego_observe::log::{LogFilter, LogWriter, subscriber};
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber, set_default};

/// Sends what this thread logs to the writer until the guard is dropped.
///
/// A second dispatch lives on beside it. While there is one alone, tracing asks the dispatch of the
/// thread that comes to a log line first whether anybody wants it, and keeps the answer: the thread
/// of another test would say no for all.
pub(crate) fn hear(writer: LogWriter) -> DefaultGuard {
    static SECOND: OnceLock<Dispatch> = OnceLock::new();
    SECOND.get_or_init(|| Dispatch::new(NoSubscriber::default()));
    set_default(subscriber(writer, LogFilter::default()))
}
