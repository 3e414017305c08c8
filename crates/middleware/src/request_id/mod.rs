//! An id for every request.
//!
//! What a client or a proxy sent in `X-Request-ID` is kept when it is 1 to 128 visible ASCII
//! characters; anything else is replaced by 32 hex digits, which no other request has. The id is
//! set in the [`RequestContext`](plumego_contract::RequestContext), in the request (for a proxy
//! below) and in the response. It is for correlation only: a client chooses it freely, so it proves
//! nothing.
//!
//! ```
//! use plumego_middleware::RequestIdLayer;
//!
//! let kept = RequestIdLayer::new();
//! let always_ours = RequestIdLayer::new().ignore_inbound();
//! ```

mod layer;
mod service;

pub use self::layer::RequestIdLayer;
pub use self::service::{RequestIdFuture, RequestIdService};
