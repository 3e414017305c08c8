//! What the router promises, by behaviour.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod client;
mod decoding;
mod handlers;
mod hosts;
mod layers;
mod listing;
mod methods;
mod mounts;
mod priority;
mod problems;
mod slashes;
mod trail;
mod urls;
