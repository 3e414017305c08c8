//! TLS, with clients of others: `curl` and `openssl`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "certificates of tests are files; a test that was skipped says so"
)]

pub mod authority;
mod browser;
mod clients;
mod files;
pub mod foreign;
mod handshakes;
mod names;
mod redirect;
mod reload;
mod transfers;

use std::net::SocketAddr;

use plumego_app::{AppBuilder, Running, TlsConfig};
use plumego_observe::metrics::Metrics;

use self::authority::{Authority, Pair};
use crate::client::{app, start, stop, within};

/// A request that ends its connection.
const GET: &str = "GET /ping HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// A server that runs, and what it counts.
struct Site {
    running: Running,
    addr: SocketAddr,
    metrics: Metrics,
}

impl Site {
    async fn start(app: AppBuilder) -> Self {
        let metrics = Metrics::default();
        let app = app.metrics(metrics.clone());
        let (running, addr) = start(app.routes(|r| r.get("/ping", async || "pong"))).await;
        Self {
            running,
            addr,
            metrics,
        }
    }

    /// With a certificate for `localhost`.
    async fn of(authority: &Authority) -> Self {
        Self::start(app().tls(of(&authority.server(&["localhost"])))).await
    }

    /// This series has this value.
    #[track_caller]
    fn counted(&self, series: &str, value: u64) {
        let text = self.metrics.encode();
        let line = format!("{series} {value}\n");
        assert!(text.contains(&line), "{line:?} is not in\n{text}");
    }

    /// Waits for the counter: the client may know of the end before it is counted.
    async fn counts(&self, series: &str, value: u64) {
        let line = format!("{series} {value}\n");
        let counted = async {
            while !self.metrics.encode().contains(&line) {
                tokio::task::yield_now().await;
            }
        };
        within(counted).await;
    }

    async fn stop(self) {
        stop(self.running).await;
    }
}

/// TLS with one certificate.
fn of(pair: &Pair) -> TlsConfig {
    TlsConfig::pem(pair.chain.as_str(), pair.key.as_str())
}
