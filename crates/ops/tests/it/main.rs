//! The operator's surface, over real sockets, with the attacks it must hold against.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod admin;
mod audit;
mod client;
#[cfg(feature = "devtools")]
mod devtools;
#[cfg(feature = "devtools")]
mod intruders;
mod layers;
#[cfg(all(unix, feature = "profiling"))]
mod profiles;
