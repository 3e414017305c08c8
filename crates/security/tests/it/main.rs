//! Behaviour of the limiter and of the header policies, as their users see it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod csp;
mod headers;
mod input;
#[cfg(feature = "jwt")]
mod jwt;
mod limit;
mod limit_attack;
mod limit_model;
#[cfg(feature = "password")]
mod password;
