//! An application that runs, with its log and its metrics at hand.

use plumego::app::Report;
use plumego::observe::log::{CaptureSink, LogFormat};
use plumego::observe::metrics::Metrics;
use plumego::prelude::*;
use plumego_testing::TestApp;
use serde_json::Value;

use crate::wire::{Answer, Client, within};

pub struct House {
    pub app: TestApp,
    pub log: CaptureSink,
    pub metrics: Metrics,
}

/// Starts an application with the defaults, and JSON lines in memory.
pub async fn house(build: impl FnOnce(AppBuilder) -> AppBuilder) -> House {
    house_with(|_| (), build).await
}

/// The same with other settings.
pub async fn house_with(
    change: impl FnOnce(&mut ServerConfig),
    build: impl FnOnce(AppBuilder) -> AppBuilder,
) -> House {
    let (log, metrics) = (CaptureSink::default(), Metrics::default());
    let mut config = ServerConfig::default();
    config.log_format = LogFormat::Json;
    change(&mut config);
    let builder = App::builder()
        .config(config)
        .log_sink(log.clone())
        .metrics(metrics.clone());
    let app = within(TestApp::start(build(builder))).await.unwrap();
    House { app, log, metrics }
}

impl House {
    pub async fn connect(&self) -> Client {
        Client::connect(self.app.addr()).await
    }

    /// One request on a connection of its own.
    pub async fn ask(&self, method: &str, target: &str) -> Answer {
        self.connect().await.ask(method, target).await
    }

    pub async fn get(&self, target: &str) -> Answer {
        self.ask("GET", target).await
    }

    /// Bytes on a connection of their own, and the answer to them.
    pub async fn send(&self, bytes: impl AsRef<[u8]>) -> Answer {
        let mut client = self.connect().await;
        client.send(bytes).await;
        client.answer().await
    }

    /// The samples of a metric, with their labels.
    pub fn samples(&self, name: &str) -> Vec<String> {
        let text = self.metrics.encode();
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines.map(str::to_owned).collect()
    }

    /// Ends it; the end is clean.
    pub async fn stop(self) -> Report {
        let report = within(self.app.stop()).await.unwrap();
        assert!(report.is_clean(), "{report}");
        report
    }

    /// Ends it, and reads its log: each line is one JSON object.
    pub async fn into_log(self) -> Vec<Value> {
        let log = self.log.clone();
        self.stop().await;
        let lines = log.lines();
        let parse = |line: &String| serde_json::from_str(line).unwrap();
        lines.iter().map(parse).collect()
    }
}
