//! Behaviour of the limiter and of the header policies, as their users see it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod csp;
mod headers;
mod limit;
mod limit_attack;
mod limit_model;
