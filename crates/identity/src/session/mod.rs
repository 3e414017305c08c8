//! Sessions of browsers: a signed id in a cookie, everything else on the server.
//!
//! [`Sessions`] begins, finds, changes and ends sessions; [`SessionLayer`] does so for requests and
//! gives handlers a [`CurrentSession`]. Below the layer a request of somebody who signed in has a
//! [`Principal`](plumego_contract::auth::Principal), so a route can say what it asks for.
//!
//! Not for programs that call an interface: give them tokens or an
//! [API key](crate::api_key). Put a `CsrfLayer` outside, since a browser sends the cookie along
//! whoever made it ask.
//!
//! ```
//! use plumego_contract::Error;
//! use plumego_contract::auth::Principal;
//! use plumego_identity::session::{
//!     CookieKeys, CurrentSession, MemorySessionStore, SessionConfig, SessionLayer, Sessions,
//! };
//! use plumego_router::Router;
//! use plumego_stdx::Secret;
//!
//! async fn sign_in(session: CurrentSession) -> Result<&'static str, Error> {
//!     // After the password was right: a new id, so that one planted before is worth nothing.
//!     session.sign_in(Principal::new("ada").with_role("admin")).await?;
//!     Ok("welcome")
//! }
//!
//! async fn visits(session: CurrentSession) -> Result<String, Error> {
//!     let visits = session
//!         .update(|data| {
//!             let before = data.get("visits").and_then(|text| text.parse().ok());
//!             let count = before.unwrap_or(0_u64) + 1;
//!             data.insert("visits".to_owned(), count.to_string());
//!             count
//!         })
//!         .await?;
//!     Ok(visits.to_string())
//! }
//!
//! let keys = CookieKeys::new([Secret::new("0123456789abcdef0123456789abcdef".to_owned())])?;
//! let sessions = Sessions::new(MemorySessionStore::default(), keys, SessionConfig::default())?;
//! let router = Router::new()
//!     .layer(SessionLayer::new(sessions))
//!     .post("/login", sign_in)
//!     .public()
//!     .get("/visits", visits)
//!     .authenticated();
//! # let _ = router;
//! # Ok::<(), plumego_contract::Problems>(())
//! ```
//!
//! # What protects it
//!
//! | attack | |
//! | --- | --- |
//! | guessing an id | 256 random bits, signed with HMAC-SHA256; nothing is looked up for a wrong one |
//! | planting an id before the login | the id is a new one at [`CurrentSession::sign_in`] and at every change of rights |
//! | stealing the table | ids are stored as SHA-256, and would have to be signed |
//! | reading the cookie by script, in clear, on a sister domain | `HttpOnly`, `Secure`, `__Host-` (RFC 6265bis) |
//! | using it after the logout | the session is gone from the store |
//! | two requests that change it at once | every write is a compare-and-swap and is done again on what the other left |
//! | two cookies of one name | none of them counts |
//!
//! # Limits and defaults
//!
//! | | default | beyond it |
//! | --- | --- | --- |
//! | without a request | 30 minutes | the session is over |
//! | in all | 12 hours | the session is over |
//! | last use is written | once a minute | |
//! | data of a session | 4 KiB, names and values together | `500`, and the write is not done |
//! | sessions of one subject | 50 | the one that was used longest ago ends |
//! | sessions in memory | 100,000 | those without a subject give way, then `503` |
//! | answer of the store | 5 s | `503 unavailable` |
//! | keys | 8, each of at least 32 bytes | a problem at the start |
//!
//! # Cancel safety
//! Dropping the future of a call either did the whole change in the store or nothing; the answer
//! that would have told the browser a new id is lost then, and the browser signs in again.

mod config;
mod cookie;
mod current;
mod layer;
mod memory;
mod record;
mod sessions;
mod validator;

pub use self::config::{SameSite, SessionConfig};
pub use self::cookie::CookieKeys;
pub use self::current::CurrentSession;
pub use self::layer::SessionLayer;
pub use self::memory::MemorySessionStore;
pub use self::record::{ErasedSessionRecords, SessionRecord, SessionRecords, Swap};
pub use self::sessions::{SessionView, Sessions};
pub use self::validator::IdleLimit;
