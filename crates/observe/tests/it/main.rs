//! What metrics, log lines and trace context promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod exposition;
mod metrics;
mod trace;
