//! The layers, driven as tower services.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod among;
mod auth;
mod body_deadline;
mod body_limit;
mod compose;
#[cfg(feature = "compression")]
mod compression;
mod concurrency_limit;
mod conditional;
mod cors;
mod csrf;
mod debug_errors;
#[cfg(feature = "compression")]
mod decompression;
mod from_fn;
mod fused;
mod guards;
mod harness;
mod local;
mod observe;
mod rate_limit;
mod rate_limit_attack;
mod recover;
mod request_id;
mod route_auth;
mod security_headers;
mod timeout;
mod token_auth;
