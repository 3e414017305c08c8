//! Behaviour of the contract, as its users see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::format_collect,
    reason = "tests"
)]

mod auth;
mod body;
mod error;
mod extract;
mod health;
mod problem;
mod range;
mod respond;
mod route;
mod support;
