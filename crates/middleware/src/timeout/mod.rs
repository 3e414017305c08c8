//! Bounds the time to the response.
//!
//! The time runs from the end of the request's head to the head of the response. When it is over,
//! the handler's future is dropped, at the `await` it stands at, and the client gets `504
//! timeout`. What must not be cut in half belongs into a task or a queue of its own.
//!
//! Once there is a response, it may take as long as it likes: streams and large bodies are not
//! cut, and nothing is buffered. Reading the request body in the handler is within the time.
//!
//! The handler is polled first: one that answers at once costs no timer. A panic stays a panic, so
//! that [`RecoverLayer`](crate::RecoverLayer) outside makes a 500 of it.
//!
//! Handlers read the deadline from
//! [`RequestContext::deadline`](plumego_contract::RequestContext::deadline), to hand it on to what
//! they ask. A route may have a time of its own
//! ([`RouteInfo::timeout`](plumego_contract::RouteInfo::timeout)).
//!
//! ```
//! use std::time::Duration;
//! use plumego_middleware::TimeoutLayer;
//!
//! let layer = TimeoutLayer::new(Duration::from_secs(5));
//! assert_eq!(TimeoutLayer::default(), TimeoutLayer::new(Duration::from_secs(30)));
//! ```

mod layer;
mod service;

pub use self::layer::TimeoutLayer;
pub(crate) use self::service::Bound;
pub use self::service::{TimeoutFuture, TimeoutService};
