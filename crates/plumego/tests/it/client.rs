//! An application on a free port, and a client that writes bytes.

use std::net::SocketAddr;
use std::time::Duration;

use plumego::app::Running;
use plumego::observe::log::CaptureSink;
use plumego::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here takes; it only keeps a broken test from hanging.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn start(app: AppBuilder) -> (Running, SocketAddr) {
    let app = app.addr("127.0.0.1:0").log_sink(CaptureSink::default());
    let running = app.build().unwrap().start().await.unwrap();
    let addr = running.addrs()[0];
    (running, addr)
}

/// The output of something that must not hang.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    timeout(PATIENCE, future).await.expect("it hangs")
}

/// A connection with a request on it whose head says that it is the last.
pub(crate) async fn open(addr: SocketAddr, path: &str, headers: &str) -> TcpStream {
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let head =
        format!("{path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{headers}\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

/// Everything that still comes, as text.
pub(crate) async fn rest(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    // A server that refuses a body may reset the connection after its answer.
    let _ = within(socket.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) async fn send(addr: SocketAddr, path: &str, headers: &str) -> String {
    rest(open(addr, path, headers).await).await
}

pub(crate) fn status(answer: &str) -> u16 {
    let code = answer.get(9..12).and_then(|code| code.parse().ok());
    code.unwrap_or_else(|| panic!("no answer: {answer:?}"))
}
