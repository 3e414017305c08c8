//! JSON Web Tokens: keys that are bound to their algorithm, signing, verifying.
//!
//! Pure: the time comes in as an argument, nothing is fetched and nothing is kept. Key rings that
//! rotate, refresh tokens, revocation and the keys of other issuers are in the room `identity`.
//! Not for tokens that one program writes and only the same program reads: an opaque id and a
//! table are simpler, and can be taken back.
//!
//! ```
//! use std::time::Duration;
//! use plumego_security::jwt::{Claims, HmacAlgorithm, KeySet, Rules, SigningKey, sign_claims};
//! use plumego_stdx::Timestamp;
//!
//! let key = SigningKey::hmac(HmacAlgorithm::Hs256, b"c2b6b1a5-6f7e-4d0c-9d36-0b9f3a4b7e21")?;
//! let now = Timestamp::now();
//! let end = now.saturating_add(Duration::from_secs(900));
//! let mut claims = Claims::new("https://id.example", "orders", "ada", now, end);
//! claims.tenant = Some("acme".into());
//! let token = sign_claims(&key, "first", "at+jwt", &claims)?;
//!
//! let keys = KeySet::new([(Some("first".to_owned()), key.verifying_key().clone())])?;
//! let rules = Rules::new("https://id.example", "orders", "at+jwt", Duration::from_secs(900));
//! let principal = rules.verify(&token, &keys, now)?.principal();
//! assert_eq!(principal.tenant.as_deref(), Some("acme"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is refused
//! | attack | why it cannot work |
//! | --- | --- |
//! | `alg: none`, in any spelling | there is no such algorithm here |
//! | a public key as an HMAC secret | a key knows its algorithm; another one in the header is refused |
//! | `jku`, `jwk`, `x5u`, `x5c` | never read: a token does not choose its own key |
//! | `kid` as a path, a query, a command | compared with the names of the known keys, nothing else |
//! | `crit`, `b64`, `zip` | refused: no extension is understood |
//! | a claim or a parameter twice | refused |
//! | an empty, zero or reused signature | checked by aws-lc, whose vectors are run as tests |
//!
//! # Limits and defaults
//! A token has at most [`MAX_TOKEN_BYTES`], 32 header parameters, and objects and arrays 8 deep. A
//! key set has at most [`MAX_KEYS`] keys and [`MAX_JWKS_BYTES`]. Secrets have at least as many
//! bytes as the hash and at most 1024; RSA keys 2048 to 8192 bits. Leeway: 5 s, at most 300 s.
//!
//! # References
//! RFC 7515 (JWS), 7517 (JWK), 7518 (algorithms), 7519 (JWT), 8037 (`EdDSA`), 8725 (best practice),
//! 9068 (access tokens). The cryptography is that of aws-lc, through jsonwebtoken; no provider is
//! looked up at run time.

mod algorithm;
mod claims;
mod compact;
mod error;
mod jwk;
mod keys;
mod pem;
mod rules;
mod signing;
mod verifying;

pub use self::algorithm::{Algorithm, EcAlgorithm, HmacAlgorithm, RsaAlgorithm};
pub use self::claims::Claims;
pub use self::compact::{FindKey, Header, MAX_TOKEN_BYTES, verify_signature};
pub use self::error::{KeyError, TokenError, TokenErrorKind};
pub use self::jwk::MAX_JWKS_BYTES;
pub use self::keys::{KeySet, MAX_KEYS};
pub use self::rules::{Rules, sign_claims};
pub use self::signing::SigningKey;
pub use self::verifying::VerifyingKey;
