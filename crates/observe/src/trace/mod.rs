//! W3C Trace Context: which trace a request belongs to, in and out.
//!
//! It reads `traceparent` and `tracestate`, gives this server's part of the trace an id of its own,
//! and writes the header for calls further on. It neither samples nor exports by itself: that is a
//! [`Tracer`], which gets a span of each request and, by way of `SpanLayer` (feature `log`), those
//! of the program's own work.
//!
//! ```
//! use plumego_observe::trace::TraceContext;
//!
//! let incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
//! let trace = TraceContext::from_header_values(Some(incoming), Some("vendor=value"));
//! assert_eq!(trace.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
//! assert_eq!(trace.parent().unwrap().to_string(), "b7ad6b7169203331");
//! assert_eq!(trace.tracestate(), Some("vendor=value"));
//! // What a request to another service carries.
//! assert!(trace.traceparent().as_str().starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
//!
//! // Anything malformed starts a new trace.
//! let fresh = TraceContext::from_header_values(Some("00-00-00-00"), None::<&str>);
//! assert_eq!(fresh.parent(), None);
//! ```
//!
//! Limits: 32 members and 512 bytes of `tracestate`; those of spans at [`FinishedSpan`]. Source:
//! W3C Trace Context, level 1, with the random flag of level 2.

mod context;
mod current;
mod id;
#[cfg(feature = "log")]
mod layer;
mod span;
mod state;
mod tracer;

pub use context::{TraceContext, Traceparent};
pub use current::{CurrentTrace, TraceGuard, current};
pub use id::{SpanId, TraceId};
#[cfg(feature = "log")]
pub use layer::SpanLayer;
pub use span::{
    AttributeValue, Attributes, FinishedSpan, SPAN_ATTRIBUTES_MAX, SPAN_EVENTS_MAX,
    SPAN_TEXT_BYTES_MAX, SpanEvent, SpanKind,
};
pub use tracer::Tracer;
