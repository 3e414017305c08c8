//! One record for every request, whatever becomes of it.
//!
//! The layer measures a request once and hands one [`RequestRecord`] to every sink: the access log,
//! the metrics, a tracer of the application's own. A record is made when the last byte of the
//! response has been handed on, when the stream failed or was given up, when the client went away
//! before there was a response (status 499), or when something panicked. So every request gives
//! exactly one record. It stands outside of all that can refuse a request, so refusals are seen
//! too.
//!
//! While the request is being worked on, log lines carry its trace id. The response carries
//! `traceresponse` (W3C Trace Context level 2): the trace id and this server's span.
//!
//! A sink that panics is contained and logged; the other sinks and the response are not touched.
//!
//! ```
//! use plumego_middleware::ObserveLayer;
//! use plumego_observe::record::{RequestRecord, RequestSink};
//!
//! struct Slow;
//!
//! impl RequestSink for Slow {
//!     fn record(&self, record: &RequestRecord<'_>) {
//!         if record.duration.as_secs() >= 1 {
//!             tracing::warn!(path = record.path, "slow request");
//!         }
//!     }
//! }
//!
//! let layer = ObserveLayer::new().sink(Slow);
//! ```
//!
//! [`RequestRecord`]: plumego_observe::record::RequestRecord

mod body;
mod exchange;
mod layer;
mod service;

pub(crate) use self::exchange::Exchange;
pub use self::layer::ObserveLayer;
pub use self::service::{ObserveFuture, ObserveService};
pub(crate) use self::service::{SPAN_ID, TRACERESPONSE, count, span_value, trace_value};
