//! What every store has to do, as tests that its author runs; and [`Switched`], a store that is
//! away when told so, for tests of applications.
//!
//! A check panics with what is wrong, so it is called in a test. It is given a function that makes
//! an empty store, which it calls as often as it likes.
//!
//! ```
//! use plumego_identity::conformance;
//! use plumego_identity::tokens::MemoryRefreshStore;
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! conformance::refresh_store(async || MemoryRefreshStore::default()).await;
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```
#![expect(
    clippy::expect_used,
    reason = "a check fails by a panic, as every assertion of a test"
)]

mod api_keys;
mod sessions;
mod switched;
mod tokens;

pub use self::api_keys::api_key_store;
pub use self::sessions::session_records;
pub use self::switched::Switched;
pub use self::tokens::{refresh_store, revocation_store};
