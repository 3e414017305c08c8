//! Who takes the spans.

use std::fmt;
use std::sync::Arc;

use super::context::TraceContext;
use super::span::FinishedSpan;
use crate::record::RequestRecord;

/// Decides which traces are recorded, and takes their spans: one for each request, and those of
/// the program's own work (the spans of `tracing`).
///
/// An application has at most one. `plumego-otel` brings one that exports by OTLP; a program may
/// bring its own. Called on the threads that serve requests: a method must not block, and hands
/// slow work to a bounded queue. A panic in [`request`](Self::request) is contained by the
/// middleware that calls it.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use plumego_observe::record::RequestRecord;
/// use plumego_observe::trace::{TraceContext, Tracer};
///
/// #[derive(Default)]
/// struct Counting(AtomicU64);
///
/// impl Tracer for Counting {
///     fn sample(&self, trace: &TraceContext) -> bool {
///         // What the caller decided; of what begins here, nothing.
///         trace.parent().is_some() && trace.is_sampled()
///     }
///
///     fn request(&self, record: &RequestRecord<'_>) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
/// ```
pub trait Tracer: Send + Sync {
    /// Whether this service's part of a trace is recorded. Asked once for each request, before
    /// anything else, and once for each span that stands outside of requests.
    ///
    /// `trace` says whether there is a parent, and what it decided; a trace that begins here comes
    /// as sampled. The answer goes out in `traceparent`. Default: what `trace` says.
    fn sample(&self, trace: &TraceContext) -> bool {
        trace.is_sampled()
    }

    /// A request is over, whose trace is recorded. The ids of its span are in
    /// [`RequestRecord::trace`].
    fn request(&self, record: &RequestRecord<'_>);

    /// A span of the program's own work is over, whose trace is recorded. Default: nothing.
    fn span(&self, span: FinishedSpan) {
        drop(span);
    }
}

impl fmt::Debug for dyn Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tracer")
    }
}

impl<T: Tracer + ?Sized> Tracer for Arc<T> {
    fn sample(&self, trace: &TraceContext) -> bool {
        T::sample(self, trace)
    }

    fn request(&self, record: &RequestRecord<'_>) {
        T::request(self, record);
    }

    fn span(&self, span: FinishedSpan) {
        T::span(self, span);
    }
}
