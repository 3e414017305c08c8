//! Bounds on what a client sends, and on how many there are.

pub mod connections;

use plumego_contract::Body;
use plumego_stdx::Limit;

use crate::client::{Client, app_with, start, stop};

/// A request whose head, from the first byte to the empty line, has this length.
fn head_of(bytes: usize) -> String {
    let (start, end) = ("GET / HTTP/1.1\r\nhost: x\r\nx: ", "\r\n\r\n");
    let filler = "y".repeat(bytes - start.len() - end.len());
    format!("{start}{filler}{end}")
}

#[tokio::test]
async fn head_of_exactly_the_limit_passes_and_one_byte_more_is_431() {
    for limit in [8192, 8193, 100_000, 1 << 20] {
        let app = app_with(|config| config.max_header_bytes = limit)
            .routes(|r| r.get("/", async || "here"));
        let (running, addr) = start(app).await;
        let mut client = Client::connect(addr).await;
        client.send(head_of(limit)).await;
        assert_eq!(client.answer().await.status(), 200, "{limit}");
        let mut client = Client::connect(addr).await;
        client.send(head_of(limit + 1)).await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{limit}: {answer}");
        stop(running).await;
    }
}

#[tokio::test]
async fn head_without_an_end_is_431() {
    let app =
        app_with(|config| config.max_header_bytes = 10_000).routes(|r| r.get("/", async || "here"));
    let (running, addr) = start(app).await;
    let mut client = Client::connect(addr).await;
    let (mut read, mut write) = client.0.split();
    let flood = async {
        use tokio::io::AsyncWriteExt;
        let _ = write.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx: ").await;
        while write.write_all(&[b'y'; 4096]).await.is_ok() {}
    };
    let answer = async {
        use tokio::io::AsyncReadExt;
        let mut status = [0; 12];
        read.read_exact(&mut status).await.unwrap();
        status
    };
    tokio::select! {
        status = answer => assert_eq!(&status, b"HTTP/1.1 431"),
        () = flood => panic!("closed without an answer"),
    }
    drop(client);
    stop(running).await;
}

fn with_length(bytes: usize) -> String {
    let body = "x".repeat(bytes);
    format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {bytes}\r\n\r\n{body}")
}

fn chunked(bytes: usize) -> String {
    let body = "x".repeat(bytes);
    format!(
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n\
         {bytes:x}\r\n{body}\r\n0\r\n\r\n"
    )
}

// acceptance 21.2 (18)
#[tokio::test]
async fn body_of_exactly_the_limit_passes_and_one_byte_more_is_one_413() {
    let app = app_with(|config| config.max_body_bytes = Limit::At(1000))
        .routes(|r| r.post("/", async |body: Body| body.into_bytes(u64::MAX).await));
    let (running, addr) = start(app).await;
    for framed in [with_length, chunked] {
        let mut client = Client::connect(addr).await;
        client.send(framed(1000)).await;
        let answer = client.answer().await;
        assert_eq!((answer.status(), answer.body.len()), (200, 1000));

        let mut client = Client::connect(addr).await;
        client.send(framed(1001)).await;
        let answer = client.answer().await;
        assert_eq!(answer.status(), 413, "{answer:?}");
        let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(problem["code"], "body_too_large");
        assert_eq!(problem["max_bytes"], 1000);
        client.send("").await;
        drop(client);
    }
    stop(running).await;
}

#[tokio::test]
async fn early_413_arrives_while_the_client_still_sends() {
    let app = app_with(|config| config.max_body_bytes = Limit::At(1000))
        .routes(|r| r.post("/", async |body: Body| body.into_bytes(u64::MAX).await));
    let (running, addr) = start(app).await;
    for _ in 0..10 {
        let mut client = Client::connect(addr).await;
        // The client writes all of its body before it looks for an answer.
        client.send(with_length(400_000)).await;
        let answer = client.answer().await;
        assert_eq!(answer.status(), 413);
    }
    stop(running).await;
}
