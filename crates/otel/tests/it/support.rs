//! An application with telemetry, and a client that writes bytes.

use std::net::SocketAddr;
use std::time::Duration;

use plumego_app::{App, AppBuilder, Running};
use plumego_observe::log::CaptureSink;
use plumego_observe::metrics::Metrics;
use plumego_otel::{Observability, OtelConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// A configuration that sends soon.
pub(crate) fn config(url: &str) -> OtelConfig {
    let mut config = OtelConfig::to(url);
    config.service_name = "shop".into();
    config.span_delay = Duration::from_millis(20);
    config.metric_export_interval = Duration::from_mins(30);
    config
}

pub(crate) fn app(config: OtelConfig) -> AppBuilder {
    app_of(Observability::new(config))
}

pub(crate) fn app_of(telemetry: Observability) -> AppBuilder {
    App::builder()
        .addr("127.0.0.1:0")
        .log_sink(CaptureSink::default())
        .guards(|guards| guards.abuse_guard = None)
        .component(telemetry)
        .routes(|r| {
            r.get("/users/{id}", async || "a user")
                .post("/users/{id}", async |body: String| body)
                .get(
                    "/fails",
                    async || -> Result<&str, plumego_contract::Error> {
                        let cause = std::io::Error::other("the disk is full");
                        Err(plumego_contract::Error::internal(cause))
                    },
                )
        })
}

pub(crate) struct Served {
    running: Running,
    pub(crate) addr: SocketAddr,
    pub(crate) metrics: Metrics,
}

impl Served {
    pub(crate) async fn start(app: AppBuilder) -> Self {
        let app = app.build().unwrap();
        let metrics = app.metrics().clone();
        let running = app.start().await.unwrap();
        let addr = running.addrs()[0];
        Self {
            running,
            addr,
            metrics,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: shop.example:8080\r\n"
        ))
        .await
    }

    /// The answer to a request whose head is given but for its end.
    pub(crate) async fn ask(&self, head: &str) -> String {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        let text = format!("{head}connection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Waits until the metrics have this line.
    pub(crate) async fn until(&self, line: &str) {
        let there = async {
            while !self.has(line) {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, there).await;
        assert!(
            waited.is_ok(),
            "{line} is not in\n{}",
            self.metrics.encode()
        );
    }

    pub(crate) fn has(&self, line: &str) -> bool {
        self.metrics.encode().lines().any(|there| there == line)
    }

    pub(crate) async fn stop(self) {
        self.running.handle().shutdown();
        let report = tokio::time::timeout(PATIENCE, self.running.wait()).await;
        let report = report.unwrap().unwrap();
        assert!(report.is_clean(), "{report}");
    }
}

/// The value of a header in an answer.
pub(crate) fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| {
        let (there, value) = line.split_once(": ")?;
        there.eq_ignore_ascii_case(name).then_some(value)
    })
}
