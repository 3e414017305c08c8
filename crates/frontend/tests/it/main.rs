//! Sites over real sockets, from real files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests"
)]

mod attacks;
mod building;
mod caching;
mod codings;
mod conditional;
#[cfg(feature = "embed")]
mod embedded;
mod files;
mod foreign;
mod memory;
mod paths;
mod ranges;
mod regression;
mod spa;
mod web;
