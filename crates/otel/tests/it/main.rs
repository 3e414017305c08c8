//! What the export of telemetry promises, held against a receiver that is not ours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

mod config;
mod endpoint;
mod export;
mod failures;
mod receiver;
mod sampling;
mod spans;
mod support;
