//! What the router promises, by behaviour.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod auth;
mod client;
mod decoding;
mod differential;
mod handlers;
mod hosts;
mod layers;
mod listing;
mod many;
mod memory;
mod methods;
mod mounts;
mod naive;
mod priority;
mod problems;
mod regression;
mod slashes;
mod trail;
mod ui;
mod urls;
