//! The layers that nearly every service has, as one.
//!
//! What is set here does the same as the layers of the same names around each other, in this order:
//! request id, observe, debug errors, security headers, CORS, abuse guard, recovery, body limit,
//! body deadline, concurrency limit, timeout. A request passes through one service and one future
//! instead of eleven: its context is looked up once, and the headers that nearly every answer gets
//! are put together once, when the layer is built.
//!
//! To have another order, or a layer of one's own in between, take the layers themselves.
//!
//! ```
//! use plumego_middleware::fused::FusedLayer;
//! use plumego_middleware::{RecoverLayer, RequestIdLayer};
//!
//! let mut layer = FusedLayer::default();
//! layer.request_id = Some(RequestIdLayer::new());
//! layer.recover = Some(RecoverLayer::new());
//! ```

mod future;
mod guard;
mod headers;
mod layer;
mod lines;
mod service;

pub use self::future::FusedFuture;
pub use self::guard::FusedGuard;
pub use self::layer::FusedLayer;
pub use self::service::FusedService;
