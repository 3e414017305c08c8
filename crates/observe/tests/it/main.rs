//! What metrics, log lines and trace context promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod access_log;
mod exposition;
mod foreign;
mod http_metrics;
mod log;
mod metrics;
mod rotation;
#[cfg(feature = "log")]
mod spans;
#[cfg(feature = "log")]
mod subscriber;
mod trace;
