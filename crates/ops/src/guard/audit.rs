//! One line in the log for each request that may change something.

use std::time::Instant;

use http::Method;
use plumego_contract::RequestContext;

use super::protect::Operator;

/// More of a path is not written.
const MAX_PATH_BYTES: usize = 256;

/// Whether a request changes nothing (RFC 9110, section 9.2.1). Without TRACE, which nobody needs.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A write that is on its way. Dropped before it is done, it is told all the same: the client has
/// gone, or the handler has panicked.
pub(super) struct Write {
    context: RequestContext,
    operator: Operator,
    began: Instant,
    done: bool,
}

impl Write {
    pub(super) fn begin(context: RequestContext, operator: Operator) -> Self {
        Self {
            context,
            operator,
            began: Instant::now(),
            done: false,
        }
    }

    pub(super) fn end(mut self, status: u16) {
        self.done = true;
        let outcome = match status {
            200..=399 => "done",
            _ => "failed",
        };
        self.tell(outcome, Some(status));
    }

    fn tell(&self, outcome: &'static str, status: Option<u16>) {
        let context = &self.context;
        let duration = self.began.elapsed();
        tracing::info!(
            target: "plumego::audit",
            operator = self.operator.name.as_str(),
            client = context.client_ip().map(tracing::field::display),
            method = %context.method(),
            path = path(context),
            outcome,
            status,
            duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            request_id = context.request_id().map(tracing::field::display),
            trace_id = %context.trace().trace_id(),
            "an operator acted"
        );
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        if !self.done {
            self.tell("given up", None);
        }
    }
}

/// A write that was not let in.
pub(super) fn refused(context: &RequestContext, who: &str, status: u16) {
    tracing::warn!(
        target: "plumego::audit",
        operator = who,
        client = context.client_ip().map(tracing::field::display),
        method = %context.method(),
        path = path(context),
        outcome = "refused",
        status,
        request_id = context.request_id().map(tracing::field::display),
        trace_id = %context.trace().trace_id(),
        "somebody was not let act"
    );
}

fn path(context: &RequestContext) -> &str {
    let path = context.path();
    path.get(..path.floor_char_boundary(MAX_PATH_BYTES))
        .unwrap_or_default()
}
