//! Slow clients over real sockets. The full table, with a clock that the test moves, stands beside
//! the server.

#[cfg(all(unix, feature = "http2"))]
mod crowd;
mod patient;
#[cfg(all(unix, feature = "http2", feature = "tls"))]
pub mod secret;

use std::time::Duration;

use plumego_contract::Body;
use tokio::io::AsyncWriteExt;

use crate::client::{Client, app_with, start, stop};

const SHORT: Duration = Duration::from_millis(60);

fn routes(r: plumego_router::Router) -> plumego_router::Router {
    r.get("/", async || "here")
        .get("/large", async || "x".repeat(32 << 20))
        .post("/", async |body: Body| body.into_bytes(1000).await)
}

#[tokio::test]
async fn client_that_never_speaks_is_let_go() {
    let app = app_with(|config| config.read_header_timeout = SHORT).routes(routes);
    let (running, addr) = start(app).await;
    assert_eq!(Client::connect(addr).await.rest().await, "");
    stop(running).await;
}

#[tokio::test]
async fn head_that_drips_is_let_go_while_others_are_answered() {
    let app = app_with(|config| config.read_header_timeout = SHORT).routes(routes);
    let (running, addr) = start(app).await;
    let (mut read, mut write) = Client::connect(addr).await.0.into_split();
    let mut beat = tokio::time::interval(Duration::from_millis(5));
    let drip = async {
        while write.write_all(b"x").await.is_ok() {
            beat.tick().await;
        }
    };
    let end = async {
        use tokio::io::AsyncReadExt;
        let mut byte = [0];
        assert!(!matches!(read.read(&mut byte).await, Ok(1)));
    };
    crate::client::within(async {
        tokio::select! { () = drip => {}, () = end => {} }
    })
    .await;
    assert_eq!(Client::connect(addr).await.get("/").await.body, "here");
    stop(running).await;
}

#[tokio::test]
async fn idle_connection_is_let_go() {
    let app = app_with(|config| config.idle_timeout = SHORT).routes(routes);
    let (running, addr) = start(app).await;
    let mut client = Client::connect(addr).await;
    assert_eq!(client.get("/").await.body, "here");
    assert_eq!(client.rest().await, "");
    stop(running).await;
}

#[tokio::test]
async fn body_that_does_not_come_is_408_and_the_connection_ends() {
    let app = app_with(|config| config.read_timeout = SHORT).routes(routes);
    let (running, addr) = start(app).await;
    let mut client = Client::connect(addr).await;
    client
        .send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nslow")
        .await;
    let answer = client.answer().await;
    assert_eq!(answer.status(), 408);
    assert!(answer.body.contains("body_timeout"), "{}", answer.body);
    assert_eq!(client.rest().await, "");
    stop(running).await;
}

#[tokio::test]
async fn client_that_does_not_read_is_let_go() {
    let app = app_with(|config| config.write_timeout = SHORT).routes(routes);
    let app = app.build().unwrap();
    let metrics = app.metrics().clone();
    let running = app.start().await.unwrap();
    let mut client = Client::connect(running.addrs()[0]).await;
    client.send("GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let line = "http_connections_timed_out_total{phase=\"write\"} 1\n";
    crate::client::within(async {
        while !metrics.encode().contains(line) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(client.rest().await.len() < 32 << 20);
    stop(running).await;
}
