//! A client that writes bytes, and an application on a free port.

use std::net::SocketAddr;
use std::time::Duration;

use plumego_stdx::Secret;
use plumego_testing::{App, AppBuilder, ServerConfig, TestApp};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here takes; it only keeps a broken test from hanging.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) const OPERATE: &str = "0123456789abcdef-operate";
pub(crate) const READ: &str = "0123456789abcdef-read";

#[expect(clippy::unnecessary_wraps, reason = "a setting may be missing")]
pub(crate) fn secret(token: &str) -> Option<Secret<String>> {
    Some(Secret::new(token.to_owned()))
}

/// An application in a development run, or not.
pub(crate) fn app(debug: bool) -> AppBuilder {
    let mut config = ServerConfig::default();
    config.debug = debug;
    App::builder().config(config)
}

pub(crate) async fn start(app: AppBuilder) -> TestApp {
    TestApp::start(app).await.unwrap()
}

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    /// What a good answer holds.
    pub(crate) fn data(&self) -> Value {
        assert_eq!(self.status(), 200, "{}{}", self.head, self.text());
        self.json()["data"].take()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    #[track_caller]
    pub(crate) fn assert(self, status: u16, code: &str) -> Self {
        let told = format!("{}{}", self.head, self.text());
        assert_eq!(self.status(), status, "{told}");
        assert_eq!(self.json()["code"], code, "{told}");
        self
    }
}

/// One request on a connection of its own. The lines stand in its head; without a `host` among them
/// it is for `localhost`.
pub(crate) async fn ask(addr: SocketAddr, line: &str, lines: &[&str], body: &str) -> Answer {
    let mut head = format!("{line} HTTP/1.1\r\nconnection: close\r\n");
    if !lines.iter().any(|line| line.starts_with("host:")) {
        head.push_str("host: localhost\r\n");
    }
    for line in lines {
        head.push_str(line);
        head.push_str("\r\n");
    }
    if !body.is_empty() {
        head.push_str("content-type: application/json\r\n");
    }
    if !line.starts_with("GET") {
        let length = format!("content-length: {}\r\n", body.len());
        head.push_str(&length);
    }
    let work = async {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let bytes = format!("{head}\r\n{body}");
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        all
    };
    let all = timeout(PATIENCE, work).await.expect("it hangs");
    let end = all
        .windows(4)
        .position(|at| at == b"\r\n\r\n")
        .expect("a whole head");
    let head = String::from_utf8(all[..end + 2].to_vec()).unwrap();
    assert!(!head.contains("transfer-encoding"), "{head}");
    Answer {
        head,
        bytes: all[end + 4..].to_vec(),
    }
}

pub(crate) async fn get(addr: SocketAddr, path: &str, lines: &[&str]) -> Answer {
    ask(addr, &format!("GET {path}"), lines, "").await
}

pub(crate) async fn post(addr: SocketAddr, path: &str, lines: &[&str]) -> Answer {
    ask(addr, &format!("POST {path}"), lines, "").await
}

pub(crate) fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}
