//! Key rings and tokens, as their users see them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod api_key;
mod family;
mod family_model;
mod jwks;
mod races;
mod regression;
mod ring;
mod ring_model;
mod session;
mod stores;
mod world;
