//! W3C Trace Context: which trace a request belongs to, in and out.
//!
//! Not a tracer: it neither samples nor exports. It reads `traceparent` and `tracestate`, gives
//! this server's part of the trace an id of its own, and writes the header for calls further on.
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
//! Limits: 32 members and 512 bytes of `tracestate`. Source: W3C Trace Context, level 1, with the
//! random flag of level 2.

mod context;
mod current;
mod id;
mod state;

pub use context::{TraceContext, Traceparent};
pub use current::{CurrentTrace, TraceGuard, current};
pub use id::{SpanId, TraceId};
