//! What is gathered of one request until its record is made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::header::USER_AGENT;
use http::{HeaderValue, Version};
use plumego_contract::{Body, RequestContext, RequestId};
use plumego_observe::record::{Outcome, RequestRecord, RequestSink};
use plumego_stdx::{Shard, Timestamp};

use super::layer::Sinks;
use crate::recover::panic_text;

/// The status of a request whose client went away before there was a response.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// What is gathered of one request. Its record is made once: by [`Exchange::end`], or by
/// [`Exchange::abandon`] when there was no end. Whoever holds one sees to it.
pub(crate) struct Exchange {
    version: Version,
    user_agent: Option<HeaderValue>,
    received: Received,
    status: Option<u16>,
    ended: bool,
}

/// An exchange with all that its record needs, which is made at the latest when this is dropped.
pub(super) struct Followed {
    pub(super) context: RequestContext,
    pub(super) sinks: Shard<Sinks>,
    pub(super) exchange: Exchange,
}

/// The bytes of the request body: known at once, or counted as they come.
pub(super) enum Received {
    Known(u64),
    Counted(Arc<AtomicU64>),
}

impl Exchange {
    pub(super) fn begin<B>(request: &http::Request<B>, sinks: &Sinks) -> Self {
        for sink in sinks.iter() {
            contained(|| sink.begin());
        }
        Self {
            version: request.version(),
            user_agent: request.headers().get(USER_AGENT).cloned(),
            received: Received::Known(0),
            status: None,
            ended: false,
        }
    }

    pub(super) fn receives(&mut self, received: Received) {
        self.received = received;
    }

    /// The request body is in memory.
    pub(crate) fn receives_known(&mut self, body: &Body) {
        let bytes = body.as_bytes().map_or(0, <[u8]>::len);
        self.received = Received::Known(bytes as u64);
    }

    /// There is a response; from now on the record has its status.
    pub(super) fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// Makes the record.
    pub(super) fn end(
        &mut self,
        context: &RequestContext,
        sinks: &Sinks,
        outcome: Outcome,
        sent: u64,
    ) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let record = self.record(context, outcome, sent);
        for sink in sinks.iter() {
            contained(|| sink.record(&record));
        }
    }

    /// Makes the record of an exchange that is given up, unless there is one.
    pub(super) fn abandon(&mut self, context: &RequestContext, sinks: &Sinks) {
        let outcome = if std::thread::panicking() {
            Outcome::Panicked
        } else if self.status.is_some() {
            Outcome::Aborted
        } else {
            Outcome::Cancelled
        };
        self.end(context, sinks, outcome, 0);
    }

    fn record<'a>(
        &'a self,
        context: &'a RequestContext,
        outcome: Outcome,
        sent: u64,
    ) -> RequestRecord<'a> {
        let route = context.route();
        let status = self.status.unwrap_or(match outcome {
            Outcome::Panicked => 500,
            _ => CLIENT_CLOSED_REQUEST,
        });
        let start = Timestamp::at(context.started().into_std());
        let mut record =
            RequestRecord::of(start, context.method().as_str(), context.path(), status);
        record.duration = context.started().elapsed();
        record.route = route.map(|route| route.pattern.as_str());
        record.route_name = route.and_then(|route| route.name.as_deref());
        record.route_index = route.map(|route| route.index);
        record.host = context.uri().host();
        record.request_bytes = match &self.received {
            Received::Known(bytes) => *bytes,
            Received::Counted(count) => count.load(Ordering::Relaxed),
        };
        record.response_bytes = sent;
        record.request_id = context.request_id().map(RequestId::as_str);
        record.trace = Some(context.trace());
        record.client_ip = context.client_ip();
        record.user_agent = self.user_agent.as_ref().map(HeaderValue::as_bytes);
        record.error_code = context.error_code();
        record.error_message = context.error_cause();
        record.outcome = outcome;
        record.protocol = protocol(self.version);
        if context.app().tracer.is_some() {
            record.authority = context.host();
            record.scheme = Some(if context.client().https {
                "https"
            } else {
                "http"
            });
            record.peer = context.connection().peer;
        }
        record
    }
}

impl Followed {
    pub(super) fn end(&mut self, outcome: Outcome, sent: u64) {
        let Self {
            context,
            sinks,
            exchange,
        } = self;
        exchange.end(context, sinks, outcome, sent);
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let Self {
            context,
            sinks,
            exchange,
        } = self;
        exchange.abandon(context, sinks);
    }
}

fn contained(call: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(call)) {
        tracing::error!(panic = panic_text(&*panic), "a request sink panicked");
    }
}

fn protocol(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("HTTP/1.0"),
        Version::HTTP_11 => Some("HTTP/1.1"),
        Version::HTTP_2 => Some("HTTP/2"),
        _ => None,
    }
}
