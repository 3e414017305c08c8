//! Key sets over HTTP: our own shown, those of other issuers fetched.
//!
//! [`routes`] shows the public keys of a ring, so that other services can verify our tokens.
//! [`RemoteKeys`] keeps the keys of another issuer, and [`IssuerTokens`] lets its tokens in. Not
//! for our own tokens in our own process: those are verified with the ring itself.
//!
//! ```no_run
//! use std::time::Duration;
//! use plumego_identity::jwks::{IssuerTokens, RemoteConfig, RemoteKeys};
//! use plumego_middleware::AuthenticateLayer;
//! use plumego_security::jwt::Rules;
//!
//! # fn main() -> Result<(), plumego_contract::Problems> {
//! let url = "https://id.example/.well-known/jwks.json";
//! let keys = RemoteKeys::new(url, RemoteConfig::default())?;
//! let rules = Rules::new("https://id.example", "orders", "at+jwt", Duration::from_secs(3600));
//! let layer = AuthenticateLayer::new(IssuerTokens::new(rules, keys));
//! # Ok(())
//! # }
//! ```
//!
//! # What an issuer or a client can do to it
//! | | what happens |
//! | --- | --- |
//! | the issuer is down | the keys at hand stay good for [`RemoteConfig::stale_for`], then `503` |
//! | it is slow, or sends without end | a fetch ends after [`RemoteConfig::timeout`] and 256 KiB |
//! | it is slow, and there are keys at hand | one request waits 500 ms for newer ones, no other |
//! | it shows nonsense, a private key, two keys of one name | as if it were down |
//! | tokens with made-up key names | one fetch in each [`RemoteConfig::min_interval`], not more |
//! | many requests at once | one of them fetches |
//!
//! The URL is a setting of the operator and fetched as such: by the trusted profile of the client,
//! to that origin alone, without redirects. Nothing in a token changes where keys come from.
//!
//! # Limits and defaults
//! Those of [`RemoteConfig`]; [`MAX_JWKS_BYTES`] and [`MAX_KEYS`] of a set.
//!
//! # Cancel safety
//! A call may be dropped at any time. A fetch that it began goes on in a task of its own, for
//! [`RemoteConfig::timeout`] at most: whoever hangs up keeps the keys from nobody.
//!
//! [`MAX_JWKS_BYTES`]: plumego_security::jwt::MAX_JWKS_BYTES
//! [`MAX_KEYS`]: plumego_security::jwt::MAX_KEYS

mod authenticator;
mod remote;
mod serve;

pub use self::authenticator::IssuerTokens;
pub use self::remote::{FetchKeys, FromUrl, RemoteConfig, RemoteKeys};
pub use self::serve::{JWKS_PATH, routes};
