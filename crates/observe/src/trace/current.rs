//! The trace that the code running on this thread works for.

use std::cell::Cell;
use std::marker::PhantomData;

use super::context::{TraceContext, Traceparent};
use super::id::{SpanId, TraceId};

thread_local! {
    static CURRENT: Cell<Option<CurrentTrace>> = const { Cell::new(None) };
}

/// The ids that log lines written on this thread carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentTrace {
    /// The trace.
    pub trace_id: TraceId,
    /// The span within it.
    pub span_id: SpanId,
    /// The flags of the trace, as they are sent on.
    flags: u8,
}

impl CurrentTrace {
    /// The `traceparent` to hand on to another server; this span is the parent in it.
    ///
    /// ```
    /// use plumego_observe::trace::{TraceContext, current};
    ///
    /// let trace = TraceContext::new_root().with_sampled(false);
    /// let _guard = trace.enter();
    /// assert_eq!(current().unwrap().traceparent(), trace.traceparent());
    /// ```
    pub fn traceparent(&self) -> Traceparent {
        Traceparent::new(self.trace_id, self.span_id, self.flags)
    }
}

/// The trace entered on this thread, if any.
pub fn current() -> Option<CurrentTrace> {
    CURRENT.try_with(Cell::get).unwrap_or_default()
}

impl TraceContext {
    /// Makes this the thread's current trace until the guard is dropped.
    ///
    /// For a future, enter around each `poll`, not across an `.await`: the guard is not `Send`,
    /// so the compiler says so. A task spawned inside starts without a current trace.
    ///
    /// ```
    /// use plumego_observe::trace::{TraceContext, current};
    ///
    /// let trace = TraceContext::new_root();
    /// {
    ///     let _guard = trace.enter();
    ///     assert_eq!(current().unwrap().trace_id, trace.trace_id());
    /// }
    /// assert_eq!(current(), None);
    /// ```
    pub fn enter(&self) -> TraceGuard {
        let entered = CurrentTrace {
            trace_id: self.trace_id(),
            span_id: self.span_id(),
            flags: self.flags(),
        };
        let previous = CURRENT.try_with(|current| current.replace(Some(entered)));
        TraceGuard {
            previous: previous.unwrap_or_default(),
            not_send: PhantomData,
        }
    }
}

/// Restores the previous current trace when dropped. From [`TraceContext::enter`].
#[derive(Debug)]
#[must_use = "dropped at once it does nothing"]
pub struct TraceGuard {
    previous: Option<CurrentTrace>,
    not_send: PhantomData<*const ()>,
}

impl Drop for TraceGuard {
    fn drop(&mut self) {
        // Without the thread's local there is nothing to restore.
        let _ = CURRENT.try_with(|current| current.set(self.previous));
    }
}
