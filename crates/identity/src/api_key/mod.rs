//! Keys of programs: long-lived, with scopes, hashed at rest.
//!
//! A key is `prefix_id_secret`. The prefix is for people and for scanners that look for leaked
//! keys, the id names the key in lists, and the secret has 256 random bits. Only a SHA-256 of it is
//! kept: it needs no slow hash, since nobody guesses 256 bits. Whoever gets a new key sees it once.
//!
//! Not for people: they sign in, see [`session`](crate::session) and [`tokens`](crate::tokens).
//!
//! ```
//! use plumego_contract::auth::Principal;
//! use plumego_identity::api_key::{ApiKeyConfig, ApiKeys, MemoryApiKeyStore};
//! use plumego_middleware::auth::AuthenticateLayer;
//! use plumego_router::Router;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let keys = ApiKeys::new(MemoryApiKeyStore::default(), ApiKeyConfig::new("shop"))?;
//! let holder = Principal::new("acme").with_scope("orders:read");
//! let issued = keys.issue("billing", holder, None).await?;
//! assert!(issued.key.expose().starts_with("shop_"));
//!
//! let router = Router::new()
//!     .layer(AuthenticateLayer::new(keys.clone()))
//!     .get("/orders", async || "orders")
//!     .require_scope("orders:read");
//! assert!(keys.revoke("acme", &issued.record.id).await?);
//! # let _ = router;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it comes
//! In `X-Api-Key`, or as `Authorization: Bearer`, never in the URL, which ends up in logs. A bearer
//! token without the prefix is taken for another kind, so [`FirstOf`] can ask the next
//! authenticator. A key in one header and a bearer token of any kind in the other, or one of them
//! twice, are `401 invalid_token`.
//!
//! # Limits and defaults
//!
//! | | default | beyond it |
//! | --- | --- | --- |
//! | prefix | 1 to 16 of `a-z` and `0-9` | a problem at the start |
//! | life of a key | without an end, or as issued | `401 token_expired` |
//! | name of a key | 100 characters | `422` |
//! | keys in memory | 10,000, and 100 of one subject | withdrawn ones and those that are over go, then `503` |

mod key;
mod keys;
mod memory;
mod store;

pub use self::keys::{ApiKeyConfig, ApiKeys, FirstOf, IssuedKey};
pub use self::memory::MemoryApiKeyStore;
pub use self::store::{ApiKeyRecord, ApiKeyStore, ErasedApiKeyStore};
