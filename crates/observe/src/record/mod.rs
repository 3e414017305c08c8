//! The one record of a finished request, and who gets it.
//!
//! The server fills one [`RequestRecord`] per request, however it ended, and hands it to every
//! [`RequestSink`]: the access log, the metrics, and whatever the application brings. A
//! [`Tracer`](crate::trace::Tracer) gets it as the span of the request; to send log *lines*
//! elsewhere, implement `LogSink` instead.
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! use plumego_observe::record::{RequestRecord, RequestSink};
//!
//! #[derive(Default)]
//! struct ServerErrors(AtomicU64);
//!
//! impl RequestSink for ServerErrors {
//!     fn record(&self, record: &RequestRecord<'_>) {
//!         if record.status >= 500 {
//!             self.0.fetch_add(1, Ordering::Relaxed);
//!         }
//!     }
//! }
//!
//! let sink = ServerErrors::default();
//! let mut record = RequestRecord::new("GET", "/users/7", 500);
//! record.route = Some("/users/{id}");
//! sink.record(&record);
//! assert_eq!(sink.0.into_inner(), 1);
//! ```

mod access_log;
mod http_metrics;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use plumego_stdx::Timestamp;

use crate::trace::TraceContext;

pub use access_log::AccessLog;
pub use http_metrics::{HttpMetrics, HttpMetricsConfig};

/// What is known about a request when it is over. Borrowed: nothing is copied to build one.
///
/// Begin with [`new`](Self::new) and set the fields that are known; more may be added later.
/// Nothing in here has been escaped: a sink must treat every text as the client's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestRecord<'a> {
    /// When the request's head was complete.
    pub start: Timestamp,
    /// From then until the last byte of the answer was handed on, or the request ended
    /// otherwise.
    pub duration: Duration,
    /// The method as sent.
    pub method: &'a str,
    /// The path as sent: not decoded, without the query, which may hold secrets.
    pub path: &'a str,
    /// The pattern of the route that matched, `/users/{id}`. `None` when none did.
    pub route: Option<&'a str>,
    /// The name of the route, when it has one.
    pub route_name: Option<&'a str>,
    /// The number of the route, from 0, the same for each request to it. It stands for
    /// [`route`](Self::route) where a sink keeps a table.
    pub route_index: Option<usize>,
    /// The host the client asked for.
    pub host: Option<&'a str>,
    /// The status that was sent, or would have been.
    pub status: u16,
    /// Bytes of the request's body: all of one that came whole with its head, of others those that
    /// were read.
    pub request_bytes: u64,
    /// Bytes of the answer's body that were handed on.
    pub response_bytes: u64,
    /// The request id.
    pub request_id: Option<&'a str>,
    /// The place of the request in its trace.
    pub trace: Option<&'a TraceContext>,
    /// The client, as far as trusted proxies tell.
    pub client_ip: Option<IpAddr>,
    /// The `User-Agent` header, any bytes.
    pub user_agent: Option<&'a [u8]>,
    /// The code of the error that was answered, from the table of codes.
    pub error_code: Option<&'a str>,
    /// The internal side of that error: for the log, never for the client.
    pub error_message: Option<&'a str>,
    /// How the request ended.
    pub outcome: Outcome,
    /// `HTTP/1.1`, `HTTP/2`.
    pub protocol: Option<&'a str>,
    /// Host and port that the client asked for, after the forwarding headers of trusted proxies:
    /// any text. Only where the application has a [tracer](crate::trace::Tracer).
    pub authority: Option<&'a str>,
    /// `http` or `https`, as the client asked. Only where there is a tracer.
    pub scheme: Option<&'a str>,
    /// The other end of the connection: the client, or a proxy. Only where there is a tracer.
    pub peer: Option<SocketAddr>,
}

impl<'a> RequestRecord<'a> {
    /// A record that started now and took no time; everything else is empty.
    pub fn new(method: &'a str, path: &'a str, status: u16) -> Self {
        Self::of(Timestamp::now(), method, path, status)
    }

    /// The same for one that started at another time.
    pub fn of(start: Timestamp, method: &'a str, path: &'a str, status: u16) -> Self {
        Self {
            start,
            duration: Duration::ZERO,
            method,
            path,
            route: None,
            route_name: None,
            route_index: None,
            host: None,
            status,
            request_bytes: 0,
            response_bytes: 0,
            request_id: None,
            trace: None,
            client_ip: None,
            user_agent: None,
            error_code: None,
            error_message: None,
            outcome: Outcome::Completed,
            protocol: None,
            authority: None,
            scheme: None,
            peer: None,
        }
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The answer was handed on to its end.
    #[default]
    Completed,
    /// The client went away before there was an answer.
    Cancelled,
    /// The client went away while the answer was being sent.
    Aborted,
    /// A handler, a layer or a body panicked.
    Panicked,
    /// The body of the answer failed while it was being sent.
    Failed,
}

impl Outcome {
    /// `completed`, `cancelled`, `aborted`, `panicked` or `failed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Aborted => "aborted",
            Self::Panicked => "panicked",
            Self::Failed => "failed",
        }
    }
}

/// Takes the record of each finished request.
///
/// Called on the thread that served the request: do not block, and hand slow work to a bounded
/// queue. A sink that panics harms nobody as long as the caller contains it; the middleware
/// that calls the sinks does.
pub trait RequestSink: Send + Sync {
    /// A request begins. Exactly one [`record`](Self::record) follows for each call.
    fn begin(&self) {}

    /// One request is over.
    fn record(&self, record: &RequestRecord<'_>);
}

impl<S: RequestSink + ?Sized> RequestSink for Arc<S> {
    fn begin(&self) {
        S::begin(self);
    }

    fn record(&self, record: &RequestRecord<'_>) {
        S::record(self, record);
    }
}

impl<S: RequestSink + ?Sized> RequestSink for Box<S> {
    fn begin(&self) {
        S::begin(self);
    }

    fn record(&self, record: &RequestRecord<'_>) {
        S::record(self, record);
    }
}
