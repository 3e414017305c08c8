//! Which pages of other origins may read the answers (the Fetch standard, "CORS protocol").
//!
//! For an API that pages of other origins call. Not a protection against requests: a refused page
//! has sent its request all the same, so what changes something by cookie needs
//! [`CsrfLayer`](crate::CsrfLayer). Put it outside of limits and authentication, so that it answers
//! preflights, which carry no credentials, before them, and so that their refusals can be read.
//!
//! ```
//! use plumego_middleware::cors::{CorsConfig, CorsLayer};
//!
//! # fn main() -> Result<(), plumego_contract::Problems> {
//! let public = CorsLayer::any_origin();
//! let ours = CorsConfig::origins(["https://app.example.com", "https://*.example.org"])
//!     .credentials()
//!     .build()?;
//! assert!(CorsConfig::any_origin().credentials().build().is_err());
//! # Ok(())
//! # }
//! ```
//!
//! # What it answers
//! - A preflight is `OPTIONS` with `Origin` and `Access-Control-Request-Method`. The layer answers
//!   it with `204`; any other `OPTIONS` goes through. A preflight of an origin that is not allowed
//!   is `204` without an allowing header: for Fetch the missing header is the refusal, and the
//!   answer tells nothing about which origins are allowed.
//! - Every other request goes through. When its origin is allowed, the answer says so, whatever its
//!   status; a request without `Origin`, with two, or with one that is not allowed, gets no such
//!   header.
//! - `Vary` names `Origin` on every answer, since another origin gets another one, and on a
//!   preflight the headers that were asked for.
//!
//! # Limits and defaults
//! Methods GET, HEAD, POST, PUT, PATCH, DELETE. Headers `Accept`, `Accept-Language`,
//! `Content-Language`, `Content-Type`, `Authorization`. A preflight is kept for 10 minutes. No
//! credentials, no private network, nothing exposed. Of the headers a preflight asks for the first
//! [`MAX_REQUESTED_HEADERS`] are looked at.

mod config;
mod layer;
mod policy;
mod service;

pub use self::config::CorsConfig;
pub use self::layer::CorsLayer;
pub use self::policy::MAX_REQUESTED_HEADERS;
pub(crate) use self::service::is_preflight;
pub use self::service::{CorsFuture, CorsService};
