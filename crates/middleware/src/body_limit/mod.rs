//! A bound on the request body.
//!
//! A request that announces more than the limit in `Content-Length` is answered at once with
//! `413 body_too_large`. Any other body is counted as it is read: exactly the limit passes, the
//! first byte beyond it ends the body with an [`Error`](plumego_contract::Error) that every
//! extractor hands on, so that the client gets one 413 and nothing else. Nothing is buffered.
//!
//! The limit is that of the route, else that of the application (10 MiB by default); a layer made
//! with [`BodyLimitLayer::of`] has its own.
//!
//! ```
//! use plumego_middleware::BodyLimitLayer;
//!
//! let small = BodyLimitLayer::of(64 * 1024);
//! ```

mod body;
mod layer;
mod service;

pub(crate) use self::body::LimitedBody;
pub use self::layer::BodyLimitLayer;
pub use self::service::{BodyLimitFuture, BodyLimitService};

/// In the extensions of a request: the smallest limit of the layers around, in bytes, where it is
/// not the one of the route or the application.
#[derive(Debug, Clone, Copy)]
struct Own(u64);

/// The limit of the layers around, where they have one of their own.
pub(crate) fn own(extensions: &http::Extensions) -> Option<u64> {
    extensions.get::<Own>().map(|own| own.0)
}
