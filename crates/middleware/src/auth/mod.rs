//! Who asks, whether their session is still good, and what they may do.
//!
//! Three layers over the traits of [`plumego_contract::auth`], in this order:
//!
//! 1. [`AuthenticateLayer`] asks an [`Authenticator`] and puts the [`Principal`] into the request.
//! 2. [`SessionCheckLayer`] finds the session of the principal in a [`SessionStore`], holds it
//!    against the principal and the clock, and puts the [`Session`] into the request.
//! 3. [`AuthorizeLayer`] asks an [`Authorizer`] whether the principal may do this.
//!
//! Not for one fixed token, see [`TokenAuthLayer`](crate::TokenAuthLayer). Put a CORS layer outside
//! of them: preflights carry no credentials.
//!
//! Handlers below take [`Principal`], `Option<Principal>` or [`Session`] as extractors.
//!
//! ```
//! use http::request::Parts;
//! use plumego_contract::auth::{AuthError, Authenticator, Principal};
//! use plumego_middleware::auth::{AuthenticateLayer, AuthorizeLayer};
//!
//! struct Tokens;
//!
//! impl Authenticator for Tokens {
//!     async fn authenticate(&self, parts: &Parts) -> Result<Principal, AuthError> {
//!         match parts.headers.get("authorization") {
//!             None => Err(AuthError::unauthenticated()),
//!             Some(_) => Ok(Principal::new("ada").with_role("admin")), // verify it here
//!         }
//!     }
//! }
//!
//! let authenticate = AuthenticateLayer::new(Tokens);
//! let admins = AuthorizeLayer::role("admin");
//! ```
//!
//! # What the route says
//! A route may say in its record what it asks of those who call it, see
//! [`AuthRequirement`](plumego_contract::auth::AuthRequirement). The first two layers read it: to a
//! public route everybody comes through, with a principal when the credentials are good; a route
//! that asks for somebody known is closed to others also where the layer is optional. The rights
//! that it asks for are checked by the router, inside of all layers, so that no layer can be
//! forgotten. [`AuthorizeLayer`] is for questions beyond that.
//!
//! # What they answer
//! Nobody known, or wrong credentials: `401` with `WWW-Authenticate: Bearer realm="…"`. Known and
//! not allowed: `403 forbidden`. Whoever knows the answer is away, or silent for too long:
//! `503 unavailable`, never a 401, which would sign people out. Sources go to the log alone.
//!
//! # Limits and defaults
//! Each question waits at most 5 s. Realm: `Protected Area`. Nothing is cached here. A principal
//! that somebody put into the request before is taken away by [`AuthenticateLayer`].
//!
//! [`Authenticator`]: plumego_contract::auth::Authenticator
//! [`Authorizer`]: plumego_contract::auth::Authorizer
//! [`Principal`]: plumego_contract::auth::Principal
//! [`Session`]: plumego_contract::auth::Session
//! [`SessionStore`]: plumego_contract::auth::SessionStore

mod authenticate;
mod authorize;
mod gate;
mod session;

pub use self::authenticate::AuthenticateLayer;
pub use self::authorize::AuthorizeLayer;
pub use self::session::SessionCheckLayer;
