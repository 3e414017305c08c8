//! Security headers on every response.
//!
//! Adds the headers of a [`HeaderPolicy`] to every response, those of refusals below it included.
//! What a handler sets itself stays, header by header. `Strict-Transport-Security` goes out only
//! when the client came by `https`, over TLS or as a trusted proxy says, and not for `localhost`,
//! where it would break every other service of the same machine.
//!
//! When the policy has a place for a nonce, each request gets a fresh
//! [`CspNonce`](plumego_security::headers::CspNonce), which a handler takes as an argument.
//!
//! ```
//! use http::HeaderValue;
//! use http::header::X_FRAME_OPTIONS;
//! use plumego_middleware::SecurityHeadersLayer;
//! use plumego_security::headers::HeaderPolicy;
//!
//! let standard = SecurityHeadersLayer::default();
//! let strict = SecurityHeadersLayer::new(HeaderPolicy::strict());
//! let own = SecurityHeadersLayer::new(
//!     HeaderPolicy::standard().set(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
//! );
//! ```
//!
//! [`HeaderPolicy`]: plumego_security::headers::HeaderPolicy

mod layer;
mod service;

pub use self::layer::SecurityHeadersLayer;
pub use self::service::{SecurityHeadersFuture, SecurityHeadersService};
