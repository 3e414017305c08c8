//! A client that writes bytes, and an application on a free port.

use std::net::SocketAddr;
use std::time::Duration;

use plumego_app::{App, AppBuilder, Running, ServerConfig};
use plumego_observe::log::CaptureSink;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here takes; it only keeps a broken test from hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// An application on a free port whose log goes nowhere.
pub fn app() -> AppBuilder {
    App::builder()
        .addr("127.0.0.1:0")
        .log_sink(CaptureSink::default())
}

/// The same with other bounds.
pub fn app_with(change: impl FnOnce(&mut ServerConfig)) -> AppBuilder {
    let mut config = ServerConfig::default();
    change(&mut config);
    app().config(config)
}

/// Starts it.
pub async fn start(app: AppBuilder) -> (Running, SocketAddr) {
    let running = app.build().unwrap().start().await.unwrap();
    let addr = running.addrs()[0];
    (running, addr)
}

/// Ends it; the end is clean.
pub async fn stop(running: Running) {
    running.handle().shutdown();
    let report = within(running.wait()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

/// The output of something that must not hang.
pub async fn within<F: Future>(future: F) -> F::Output {
    timeout(PATIENCE, future).await.expect("it hangs")
}

/// A connection on which the test writes what it likes.
pub struct Client(pub TcpStream);

impl Client {
    pub async fn connect(addr: SocketAddr) -> Self {
        Self(TcpStream::connect(addr).await.unwrap())
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// A GET without a body.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
            .await;
        self.answer().await
    }

    /// A request without a body, with these lines in its head.
    pub async fn ask(&mut self, method: &str, path: &str, headers: &str) -> Answer {
        self.send(format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n"
        ))
        .await;
        self.answer().await
    }

    /// Reads until this has come.
    pub async fn read_until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        let read = async {
            while !text.ends_with(end.as_bytes()) {
                text.push(self.0.read_u8().await.unwrap());
            }
        };
        within(read).await;
        String::from_utf8(text).unwrap()
    }

    /// Reads one response with a `Content-Length`.
    pub async fn answer(&mut self) -> Answer {
        let head = self.read_until("\r\n\r\n").await;
        let length = header(&head, "content-length")
            .unwrap_or("0")
            .parse()
            .unwrap();
        let mut body = vec![0; length];
        within(self.0.read_exact(&mut body)).await.unwrap();
        Answer {
            head,
            body: String::from_utf8(body).unwrap(),
        }
    }

    /// Everything up to the end of the connection, however it ends.
    pub async fn rest(&mut self) -> String {
        let mut all = Vec::new();
        let read = async {
            let mut part = [0; 4096];
            while let Ok(count) = self.0.read(&mut part).await {
                if count == 0 {
                    break;
                }
                all.extend_from_slice(&part[..count]);
            }
        };
        within(read).await;
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
