//! The reference application as a process: every route the page lists, over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests"
)]

mod accounts;
mod browser;
mod client;
#[cfg(unix)]
mod deploy;
mod devtools;
#[path = "../../../../crates/plumego/tests/it/foreign.rs"]
mod foreign;
mod https;
mod origins;
mod process;
mod routes;
mod telemetry;
