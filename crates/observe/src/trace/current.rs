//! The trace that the code running on this thread works for.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::Arc;

use super::context::{TraceContext, Traceparent};
use super::id::{SpanId, TraceId};

thread_local! {
    static CURRENT: Cell<Option<CurrentTrace>> = const { Cell::new(None) };
    /// The `tracestate` of the current trace; touched only where there is one.
    static STATE: Cell<Option<Arc<str>>> = const { Cell::new(None) };
}

/// The ids that log lines written on this thread carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentTrace {
    /// The trace.
    pub trace_id: TraceId,
    /// The span within it.
    pub span_id: SpanId,
    /// The flags of the trace, as they are sent on.
    pub(super) flags: u8,
    pub(super) has_state: bool,
}

impl CurrentTrace {
    /// The `traceparent` to hand on to another server; this span is the parent in it. With the
    /// `tracestate` that belongs to it: [`TraceContext::current`].
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
    /// The context entered on this thread, if any, with its `tracestate`: what a request that is
    /// sent from here carries. It has no [`parent`](Self::parent).
    ///
    /// ```
    /// use plumego_observe::trace::TraceContext;
    ///
    /// let trace = TraceContext::new_root();
    /// let _guard = trace.enter();
    /// assert_eq!(TraceContext::current().unwrap().traceparent(), trace.traceparent());
    /// ```
    pub fn current() -> Option<Self> {
        let now = current()?;
        let state = if now.has_state { peek_state() } else { None };
        Some(Self::from_parts(now, None, state))
    }

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
        TraceGuard {
            previous: self.replace_current(),
            not_send: PhantomData,
        }
    }

    /// Makes this the thread's current trace; what it was before comes back.
    #[inline]
    pub(super) fn replace_current(&self) -> Previous {
        let current = CURRENT
            .try_with(|current| current.replace(Some(self.to_current())))
            .unwrap_or_default();
        let had_state = current.is_some_and(|current| current.has_state);
        let mut state = None;
        if had_state || self.state().is_some() {
            state = swap_state(self.state().cloned());
        }
        Previous { current, state }
    }
}

/// What was current before.
#[derive(Debug)]
pub(super) struct Previous {
    current: Option<CurrentTrace>,
    state: Option<Arc<str>>,
}

impl Previous {
    /// Makes it current again.
    #[inline]
    pub(super) fn restore(&mut self) {
        let had_state = self.current.is_some_and(|current| current.has_state);
        // Without the thread's local there is nothing to restore.
        let left = CURRENT
            .try_with(|current| current.replace(self.current))
            .unwrap_or_default();
        if had_state || left.is_some_and(|left| left.has_state) {
            swap_state(self.state.take());
        }
    }
}

/// Restores the previous current trace when dropped. From [`TraceContext::enter`].
#[derive(Debug)]
#[must_use = "dropped at once it does nothing"]
pub struct TraceGuard {
    previous: Previous,
    not_send: PhantomData<*const ()>,
}

impl Drop for TraceGuard {
    fn drop(&mut self) {
        self.previous.restore();
    }
}

fn swap_state(state: Option<Arc<str>>) -> Option<Arc<str>> {
    STATE
        .try_with(|there| there.replace(state))
        .unwrap_or_default()
}

fn peek_state() -> Option<Arc<str>> {
    let state = swap_state(None);
    swap_state(state.clone());
    state
}
