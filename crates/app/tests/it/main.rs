//! The server over real sockets, its configuration and its endpoints.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod bind;
mod build;
mod client;
mod config;
mod descriptors;
mod disconnect;
mod drain;
mod endpoints;
#[cfg(feature = "http2")]
mod goodbye;
mod guards;
#[cfg(all(unix, feature = "handover"))]
mod handover;
#[cfg(feature = "log")]
mod heard;
mod http1;
#[cfg(feature = "http2")]
mod http2;
mod inspect;
mod lifecycle;
mod limits;
mod observed;
mod panics;
#[cfg(feature = "log")]
mod regression;
mod reload;
mod signals;
mod slow;
#[cfg(feature = "tls")]
mod tls;
mod unix;
