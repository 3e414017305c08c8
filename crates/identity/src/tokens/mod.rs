//! Access tokens and refresh tokens: issued together, exchanged for new ones, taken back.
//!
//! [`TokenService`] signs with a [`KeyRing`](crate::ring::KeyRing) and implements the traits that
//! the layers ask: [`Authenticator`] for access tokens, [`RefreshManager`] for the exchange. Its
//! [`sessions`](TokenService::sessions) are a [`SessionStore`] for the check of sessions. Not for
//! pages that a server renders: there a session in a cookie is simpler, and cannot be read by a
//! script.
//!
//! ```
//! use plumego_contract::auth::{Principal, RefreshManager as _};
//! use plumego_identity::ring::KeyRing;
//! use plumego_identity::tokens::{
//!     MemoryRefreshStore, MemoryRevocations, TokenConfig, TokenService,
//! };
//! use plumego_security::jwt::{Algorithm, SigningKey};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let ring = KeyRing::new("2026-11", SigningKey::generate(Algorithm::Ed25519)?)?;
//! let config = TokenConfig::new("https://id.example", "orders");
//! let tokens = TokenService::new(
//!     config,
//!     ring,
//!     MemoryRefreshStore::default(),
//!     MemoryRevocations::default(),
//! )?;
//!
//! let ada = Principal::new("ada").with_tenant("acme").with_role("admin");
//! let first = tokens.issue(&ada).await?;
//! let second = tokens.refresh(&first.refresh_token).await?;
//! assert!(tokens.refresh(&first.refresh_token).await.is_err(), "good once");
//! assert!(tokens.refresh(&second.refresh_token).await.is_err(), "the family is ended");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A family of tokens
//! A sign-in begins a *family*: one session, and a chain of refresh tokens of which the last alone
//! is good. Each is a signed token with the number of its link. An exchange writes the next link
//! with compare-and-swap, so that of two exchanges with one token exactly one succeeds. A link that
//! is not the last one was used before: somebody has a copy. **The whole family is ended**, also
//! for the one who came first, whose new tokens are dead with it (RFC 9700, section 4.14.2). There
//! is no grace: a client that may ask twice at the same time must ask once and share the answer.
//!
//! # Taking tokens back
//! By id ([`TokenService::revoke`]): one access token. By session ([`TokenService::end_session`]
//! and `sign_out`): the family and every access token of it, at once. By version
//! ([`TokenService::withdraw`]): everything that a subject has. All of them are asked for at each
//! request from the store: nothing is cached, so several instances agree as far as their store
//! does. A store that is away is `503`, never a refusal.
//!
//! # Limits and defaults
//! Those of [`TokenConfig`], [`MemoryRefreshStore`] and [`MemoryRevocations`].
//!
//! # Cancel safety
//! A dropped call has either written its one change to a store or not. A dropped exchange may have
//! used up its token; the client then has to sign in again.
//!
//! [`Authenticator`]: plumego_contract::auth::Authenticator
//! [`RefreshManager`]: plumego_contract::auth::RefreshManager
//! [`SessionStore`]: plumego_contract::auth::SessionStore

mod answer;
mod config;
mod exchange;
mod family;
mod memory;
mod revocation;
mod service;
mod sessions;

pub use self::answer::TokenAnswer;
pub use self::config::TokenConfig;
pub use self::family::{ErasedRefreshStore, Family, RefreshStore};
pub use self::memory::{MemoryRefreshStore, MemoryRevocations};
pub use self::revocation::{ErasedRevocationStore, RevocationStore, Standing};
pub use self::service::TokenService;
pub(crate) use self::service::bearer;
pub use self::sessions::FamilySessions;
