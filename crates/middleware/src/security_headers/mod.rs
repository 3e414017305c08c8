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
//! use plumego_security::headers::{Csp, Directive, HeaderPolicy, Source};
//!
//! let standard = SecurityHeadersLayer::default();
//! let strict = SecurityHeadersLayer::new(HeaderPolicy::strict());
//!
//! // Pages of the own origin may frame each other. Old browsers read the one header, all others
//! // the policy, so both say it.
//! let csp = Csp::standard().set(Directive::FrameAncestors, [Source::Own]).build()?;
//! let own = HeaderPolicy::standard()
//!     .set(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"))
//!     .csp(csp);
//! let own = SecurityHeadersLayer::new(own);
//! # Ok::<(), plumego_security::headers::CspError>(())
//! ```
//!
//! # What the standard policy may stand in the way of
//!
//! Inline scripts and styles, and anything from another origin, need a policy of their own. So does
//! an image or a script that other sites are to embed: set `Cross-Origin-Resource-Policy` to
//! `cross-origin` on it. Requests by CORS are not touched.
//!
//! [`HeaderPolicy`]: plumego_security::headers::HeaderPolicy

mod layer;
mod service;

pub use self::layer::SecurityHeadersLayer;
pub use self::service::{SecurityHeadersFuture, SecurityHeadersService};
pub(crate) use self::service::{is_secure, nonce};
