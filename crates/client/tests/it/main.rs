//! The client against real servers on real sockets. Nothing here leaves the machine: what stands
//! for a public address is one of the loopback range that the test allows.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests"
)]

mod address;
mod guard;
#[allow(dead_code, reason = "for the tests that follow")]
mod server;
mod url;

use std::time::Duration;

use plumego_client::{Client, ClientBuilder, Guarded, Trusted};

/// Waits for what has to happen; far longer than it takes on a busy machine.
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), future)
        .await
        .expect("it took more than a minute")
}

/// Guarded, and let out to the addresses where the servers of these tests are.
fn guarded() -> ClientBuilder<Guarded> {
    Client::guarded("test")
        .allow_net("127.0.0.0/8")
        .allow_any_port()
}

fn trusted(url: &str) -> Client<Trusted> {
    Client::trusted("test", url).build().unwrap()
}
