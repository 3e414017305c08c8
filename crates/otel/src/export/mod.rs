//! Sending to the collector: batches, attempts, and the end.

mod send;
mod work;

pub(crate) use self::send::Sender;
pub(crate) use self::work::{MetricsWork, SpansWork};
