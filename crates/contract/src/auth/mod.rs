//! Who asks, for how long, and what they may do: the words that authentication is written in.
//!
//! The traits here are implemented by whoever knows the tokens and the sessions (a JWT room, an
//! application with its own tables) and used by the layers of the middleware room. Not for a fixed
//! service token, for which there is a layer of its own.
//!
//! | trait | question |
//! | --- | --- |
//! | [`Authenticator`] | whose credentials does this request carry? |
//! | [`SessionStore`], [`SessionValidator`] | is the session behind them still good? |
//! | [`Authorizer`] | may they do this to that? |
//! | [`RefreshManager`] | may an old token become a new one? |
//!
//! What a route asks of those who call it is an [`AuthRequirement`].
//!
//! Each trait has async methods, so it cannot be a trait object itself; its `Erased…` twin can, and
//! `Arc<dyn Erased…>` implements the trait again.
//!
//! ```
//! use std::sync::Arc;
//! use http::request::Parts;
//! use plumego_contract::auth::{AuthError, Authenticator, ErasedAuthenticator, Principal};
//!
//! struct ByName;
//!
//! impl Authenticator for ByName {
//!     async fn authenticate(&self, parts: &Parts) -> Result<Principal, AuthError> {
//!         let name = parts.headers.get("x-verified-user").ok_or(AuthError::unauthenticated())?;
//!         let name = name.to_str().map_err(|_| AuthError::invalid_token())?;
//!         Ok(Principal::new(name))
//!     }
//! }
//!
//! let shared: Arc<dyn ErasedAuthenticator> = Arc::new(ByName);
//! ```
//!
//! # Limits and defaults
//! Nothing here is stored or waited for. An implementation bounds its own tables; the layers give
//! each call a deadline and answer `503 unavailable` beyond it.

mod authenticate;
mod authorize;
mod challenge;
mod error;
mod principal;
mod refresh;
mod requirement;
mod session;
mod store;

use std::pin::Pin;

pub use self::authenticate::{Authenticator, ErasedAuthenticator};
pub use self::authorize::{Authorizer, ErasedAuthorizer};
pub use self::challenge::{DEFAULT_REALM, bearer_challenge};
pub use self::error::{AuthError, AuthErrorKind};
pub use self::principal::{Principal, claims};
pub use self::refresh::{ErasedRefreshManager, RefreshManager, Tokens};
pub use self::requirement::{AuthNeed, AuthRequirement};
pub use self::session::{Rotation, Session, SessionStatus};
pub use self::store::{ErasedSessionStore, ErasedSessionValidator, SessionStore, SessionValidator};

/// The future of an erased call.
pub type AuthFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, AuthError>> + Send + 'a>>;
