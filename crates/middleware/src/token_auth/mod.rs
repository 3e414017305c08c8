//! One fixed token in front of a group of routes.
//!
//! For a service that one operator or one other service calls. Not for users: those have names,
//! sessions and rights, see [`auth`](crate::auth). Put it on a group; around a whole application it
//! closes the health probes too. A CORS layer outside of it answers preflights, which carry no
//! credentials.
//!
//! The token is read from `Authorization: Bearer …` alone, never from the URL, which ends up in
//! logs, nor from a cookie, which other sites can make a browser send. It is compared in constant
//! time. Anything else is `401` with `WWW-Authenticate: Bearer realm="…"` and an RFC 9457 body.
//!
//! ```
//! use plumego_middleware::TokenAuthLayer;
//! use plumego_stdx::Secret;
//!
//! # fn main() -> Result<(), plumego_contract::Problems> {
//! let token = Secret::new("0123456789abcdef0123456789abcdef".to_owned());
//! let layer = TokenAuthLayer::new([token])?.realm("operations");
//! assert!(TokenAuthLayer::new([]).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! Below it the request has a `Principal` with no role and no scope, whose subject is `token`; so a
//! route can say that it is for somebody known.
//!
//! # Limits and defaults
//! At least one token and at most [`MAX_TOKENS`], for rotation; each of [`MIN_TOKEN_BYTES`] to
//! [`MAX_TOKEN_BYTES`] characters that can stand in the header. Realm: `Protected Area`.
//! Subject: `token`.

mod layer;
mod service;

pub use self::layer::{MAX_TOKEN_BYTES, MAX_TOKENS, MIN_TOKEN_BYTES, TokenAuthLayer};
pub use self::service::TokenAuthService;
pub use crate::early::EarlyFuture;
