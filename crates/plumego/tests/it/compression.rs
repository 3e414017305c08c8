//! gzip on the wire, undone by another implementation than the one under test.

use std::io::Read;

use plumego::middleware::CompressionLayer;
use plumego::prelude::*;
use tokio::io::AsyncReadExt;

use crate::house::house;
use crate::wire::{Answer, within};

/// Sends a request that is the last, and reads the head and the bytes after the chunks are undone.
async fn fetch(house: &crate::house::House, target: &str, accept: &str) -> (Answer, Vec<u8>) {
    let mut client = house.connect().await;
    client
        .send(format!(
            "GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             accept-encoding: {accept}\r\n\r\n"
        ))
        .await;
    let head = client.head().await;
    let mut rest = Vec::new();
    within(client.0.read_to_end(&mut rest)).await.unwrap();
    if head.header("transfer-encoding") == Some("chunked") {
        rest = unchunk(&rest);
    }
    (head, rest)
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
}

fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(bytes);
    decoder.read_to_string(&mut text).unwrap();
    text
}

/// Text of so many bytes that is not all the same.
fn text(bytes: usize) -> String {
    let lines = (0..).flat_map(|n: usize| format!("line {n}\n").into_bytes());
    String::from_utf8(lines.take(bytes).collect()).unwrap()
}

// acceptance 21.2 (13)
#[tokio::test]
async fn gzip_of_any_body_size_decodes_q_0_is_honoured_and_vary_is_there() {
    let sized = async |Path(bytes): Path<usize>| Text(text(bytes));
    let streamed = async |Path(bytes): Path<usize>| {
        Sse::produce(async move |events| {
            for line in text(bytes).lines() {
                events.send(Event::new().data(line)).await?;
            }
            Ok(())
        })
    };
    let house = house(|app| {
        app.layer(CompressionLayer::new())
            .routes(|r| r.get("/{bytes}", sized).get("/stream/{bytes}", streamed))
    })
    .await;
    for bytes in [0, 1, 1023, 1024, 1025, 65_535, 65_536, 65_537, 1_000_000] {
        let (head, body) = fetch(&house, &format!("/{bytes}"), "gzip").await;
        assert_eq!(head.header("vary"), Some("Accept-Encoding"), "{head:?}");
        let packed = head.header("content-encoding") == Some("gzip");
        assert_eq!(packed, bytes >= 1024, "{bytes}: {head:?}");
        let plain = if packed {
            gunzip(&body)
        } else {
            String::from_utf8(body).unwrap()
        };
        assert_eq!(plain, text(bytes), "{bytes}");
    }
    for accept in [
        "gzip;q=0",
        "identity",
        "",
        "gzip;q=0, br;q=0, zstd;q=0, *;q=0",
    ] {
        let (head, body) = fetch(&house, "/5000", accept).await;
        assert_eq!(head.header("content-encoding"), None, "{accept}: {head:?}");
        assert_eq!(head.header("vary"), Some("Accept-Encoding"), "{head:?}");
        assert_eq!(body, text(5000).into_bytes(), "{accept}");
    }
    let (head, body) = fetch(&house, "/stream/5000", "gzip").await;
    assert_eq!(head.header("content-encoding"), Some("gzip"), "{head:?}");
    assert!(gunzip(&body).ends_with("\n\n"));
    house.stop().await;
}

// acceptance 21.1 (30): the rows of what is skipped, on a socket.
#[tokio::test]
async fn what_does_not_shrink_or_is_coded_already_is_left_alone() {
    async fn answer(Path(name): Path<String>) -> Response {
        let (kind, more) = match &*name {
            "svg" => ("image/svg+xml", None),
            "png" => ("image/png", None),
            "video" => ("video/mp4", None),
            "audio" => ("audio/mpeg", None),
            "zip" => ("application/zip", None),
            "gzip" => ("application/gzip", None),
            "pdf" => ("application/pdf", None),
            "bytes" => ("application/octet-stream", None),
            "coded" => ("text/plain", Some(("content-encoding", "x-own"))),
            "part" => ("text/plain", Some(("content-range", "bytes 0-4999/9000"))),
            "kept" => ("text/plain", Some(("cache-control", "no-transform"))),
            _ => ("text/plain", None),
        };
        let mut response = Response::new(Body::from(text(5000)));
        let headers = response.headers_mut();
        if name != "untyped" {
            headers.insert("content-type", kind.parse().unwrap());
        }
        if let Some((name, value)) = more {
            headers.insert(name, value.parse().unwrap());
        }
        match &*name {
            "missing" => *response.status_mut() = http::StatusCode::NOT_FOUND,
            "part" => *response.status_mut() = http::StatusCode::PARTIAL_CONTENT,
            _ => {}
        }
        response
    }
    let house = house(|app| {
        app.layer(CompressionLayer::new())
            .routes(|r| r.get("/{name}", answer))
    })
    .await;
    for name in ["plain", "svg", "missing"] {
        let (head, body) = fetch(&house, &format!("/{name}"), "gzip").await;
        assert_eq!(head.header("content-encoding"), Some("gzip"), "{head:?}");
        assert_eq!(gunzip(&body), text(5000), "{name}");
    }
    for name in [
        "png", "video", "audio", "zip", "gzip", "pdf", "bytes", "coded", "part", "kept", "untyped",
    ] {
        let (head, body) = fetch(&house, &format!("/{name}"), "gzip").await;
        let coding = (name == "coded").then_some("x-own");
        assert_eq!(head.header("content-encoding"), coding, "{name}: {head:?}");
        assert_eq!(
            head.header("content-length"),
            Some("5000"),
            "{name}: {head:?}"
        );
        assert_eq!(body, text(5000).into_bytes(), "{name}");
    }
    house.stop().await;
}
