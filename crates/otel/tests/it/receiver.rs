//! The receiver in a process of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Longer than anything here takes; it only keeps a broken test from hanging.
const PATIENCE: Duration = Duration::from_mins(2);

/// The Python with the packages, or none; then the test is skipped. Where nothing may be skipped
/// (`PLUMEGO_REQUIRE_SERVERS`) that is a failure.
pub(crate) fn python() -> Option<String> {
    let python = std::env::var("PLUMEGO_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_packages = std::process::Command::new(&python)
        .args([
            "-c",
            "import opentelemetry.proto.collector.trace.v1.trace_service_pb2",
        ])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if has_packages {
        return Some(python);
    }
    assert!(
        std::env::var_os("PLUMEGO_REQUIRE_SERVERS").is_none(),
        "no Python with the package opentelemetry-proto (PLUMEGO_PYTHON is {python})"
    );
    eprintln!("skipped: no Python with the package opentelemetry-proto");
    None
}

/// A running receiver. Dropping it ends it.
pub(crate) struct Receiver {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) port: u16,
    scheme: &'static str,
}

impl Receiver {
    /// `None` when there is no Python for it.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(0, &[]).await
    }

    pub(crate) async fn start_with(port: u16, certificate: &[&Path]) -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/receiver/receiver.py");
        let mut child = Command::new(python()?)
            .arg(script)
            .arg(port.to_string())
            .args(certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = line(&mut lines).await;
        Some(Self {
            input: child.stdin.take().unwrap(),
            child,
            lines,
            port: first["port"].as_u64().unwrap().try_into().unwrap(),
            scheme: if certificate.is_empty() {
                "http"
            } else {
                "https"
            },
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// What it answers from now on.
    pub(crate) async fn answer(&mut self, answer: Value) {
        let text = format!("{answer}\n");
        self.input.write_all(text.as_bytes()).await.unwrap();
        assert_eq!(line(&mut self.lines).await["told"], true);
    }

    /// The next request.
    pub(crate) async fn next(&mut self) -> Value {
        line(&mut self.lines).await
    }

    /// The next request to this path; others are passed over.
    pub(crate) async fn next_to(&mut self, path: &str) -> Value {
        loop {
            let request = self.next().await;
            if request["path"] == path {
                return request;
            }
        }
    }

    /// The spans of requests, until there are as many.
    pub(crate) async fn spans(&mut self, count: usize) -> Vec<Value> {
        let mut all = Vec::new();
        while all.len() < count {
            all.extend(spans_of(&self.next_to("/v1/traces").await));
        }
        all
    }

    /// Ends it at once, as a crash does.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
    let line = line.expect("the receiver says nothing").unwrap();
    serde_json::from_str(&line.expect("the receiver ended")).unwrap()
}

pub(crate) fn spans_of(request: &Value) -> Vec<Value> {
    let spans = &request["message"]["resource_spans"][0]["scope_spans"][0]["spans"];
    spans.as_array().cloned().unwrap_or_default()
}

/// The value of an attribute, as text.
pub(crate) fn attribute(of: &Value, key: &str) -> Option<String> {
    let list = of["attributes"].as_array()?;
    let found = list.iter().find(|attribute| attribute["key"] == key)?;
    let (_, value) = found["value"].as_object()?.iter().next()?;
    Some(
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned),
    )
}
