use std::collections::VecDeque;
use std::io::{Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderMap, Method, StatusCode};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use plumego_contract::{Body, BoxError, Event, IntoResponse, Request, Response, Sse};
use plumego_middleware::CompressionLayer;
use plumego_middleware::compression::{Coding, DontCompress, Level};

use crate::harness::run;

mod streams;

/// Frames, and how they end.
struct Chunks {
    data: VecDeque<Bytes>,
    end: End,
}

enum End {
    Clean,
    Trailers,
    Fail,
    Hang,
}

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(data) = self.data.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match std::mem::replace(&mut self.end, End::Clean) {
            End::Clean => Poll::Ready(None),
            End::Fail => Poll::Ready(Some(Err("broken".into()))),
            End::Hang => {
                self.end = End::Hang;
                Poll::Pending
            }
            End::Trailers => {
                let mut trailers = HeaderMap::new();
                trailers.insert("x-sum", "7".parse().unwrap());
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
        }
    }
}

/// Text that shrinks, but not to nothing.
fn text(length: usize) -> Bytes {
    let mut out = Vec::with_capacity(length + 32);
    let mut n: u32 = 7;
    while out.len() < length {
        n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        write!(out, "{} lorem ipsum ", n >> 20).unwrap();
    }
    out.truncate(length);
    Bytes::from(out)
}

/// Bytes that do not shrink.
fn noise(length: usize) -> Bytes {
    let mut n: u64 = 7;
    let next = || {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        n.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn chunks(data: &Bytes, size: usize, end: End) -> Body {
    let data = (0..data.len())
        .step_by(size)
        .map(|from| data.slice(from..data.len().min(from + size)))
        .collect();
    Body::new(Chunks { data, end })
}

fn decode(coding: &str, data: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    match coding {
        "gzip" => flate2::read::MultiGzDecoder::new(data).read_to_end(&mut out)?,
        "br" => brotli::Decompressor::new(data, 4096).read_to_end(&mut out)?,
        "zstd" => zstd::stream::read::Decoder::new(data)?.read_to_end(&mut out)?,
        other => panic!("{other}"),
    };
    Ok(out)
}

fn page(kind: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert("content-type", kind.parse().unwrap());
    response
}

fn request(accept: &str) -> Request {
    let mut builder = http::Request::get("/");
    if !accept.is_empty() {
        builder = builder.header("accept-encoding", accept);
    }
    builder.body(Body::empty()).unwrap()
}

/// Runs a request through the layer over a handler that gives this answer.
async fn ask(layer: CompressionLayer, request: Request, response: Response) -> Response {
    let slot = std::sync::Arc::new(std::sync::Mutex::new(Some(response)));
    let handler = move |_: Request| {
        let response = slot.lock().unwrap().take().unwrap();
        async move { response }
    };
    run(layer, handler, request).await
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut values = response.headers().get_all(name).iter();
    let first = values.next().map(|value| value.to_str().unwrap());
    assert!(values.next().is_none(), "{name} is there once");
    first
}

async fn collect(body: Body) -> Bytes {
    body.collect().await.unwrap().to_bytes()
}

/// acceptance 21.2 (13)
#[tokio::test]
async fn any_size_is_what_it_was_in_every_coding_from_memory_and_as_a_stream() {
    for coding in ["gzip", "br", "zstd"] {
        // The other two decoders are slow where they are not optimized.
        let largest = if coding == "zstd" { 20 << 20 } else { 1 << 20 };
        for size in [0, 1, 1023, 1024, 1025, 65_536, 65_537, 300_007, largest] {
            let data = text(size);
            let whole = page("text/plain", Body::from(data.clone()));
            let response = ask(CompressionLayer::new(), request(coding), whole).await;
            let known = response.body().size_hint().exact();
            let compressed = header(&response, "content-encoding").map(str::to_owned);
            assert_eq!(header(&response, "vary"), Some("Accept-Encoding"));
            assert_eq!(compressed.is_some(), size >= 1024, "{coding} {size}");
            assert_eq!(known.is_some(), size <= 65_536, "{coding} {size}");
            let sent = collect(response.into_body()).await;
            match compressed {
                Some(name) => {
                    assert_eq!(name, coding);
                    assert!(sent.len() < size);
                    assert!(decode(coding, &sent).unwrap() == data, "{coding} {size}");
                }
                None => assert_eq!(sent, data),
            }
            for chunk in [7, 4099, 100_003] {
                if size / chunk > 50_000 || (chunk == 7 && size == 0) {
                    continue;
                }
                let stream = page("text/plain", chunks(&data, chunk, End::Clean));
                let response = ask(CompressionLayer::new(), request(coding), stream).await;
                assert_eq!(header(&response, "content-encoding"), Some(coding));
                let sent = collect(response.into_body()).await;
                let same = decode(coding, &sent).unwrap() == data;
                assert!(same, "{coding} {size} in {chunk}");
            }
        }
    }
}

#[tokio::test]
async fn the_client_chooses_and_zero_is_a_refusal() {
    for (accept, expected) in [
        ("", None),
        ("gzip", Some("gzip")),
        ("gzip, deflate, br, zstd", Some("zstd")),
        ("gzip, br", Some("br")),
        ("gzip;q=1, br;q=0.9, zstd;q=0.9", Some("gzip")),
        ("gzip;q=0", None),
        ("gzip;q=0, *", Some("zstd")),
        ("*;q=0", None),
        ("deflate", None),
        ("gzip;q=banana", None),
        ("identity", None),
    ] {
        let response = page("application/json", Body::from(text(5000)));
        let response = ask(CompressionLayer::new(), request(accept), response).await;
        assert_eq!(header(&response, "content-encoding"), expected, "{accept}");
        assert_eq!(
            header(&response, "vary"),
            Some("Accept-Encoding"),
            "{accept}"
        );
        let plain = collect(response.into_body()).await == text(5000);
        assert_eq!(plain, expected.is_none(), "{accept}");
    }
}

#[tokio::test]
async fn a_refused_identity_compresses_what_would_stay() {
    for (kind, body) in [("text/plain", "x"), ("image/png", "tiny")] {
        let ask_for = request("identity;q=0, gzip");
        let response = ask(CompressionLayer::new(), ask_for, page(kind, body.into())).await;
        assert_eq!(header(&response, "content-encoding"), Some("gzip"));
        let sent = collect(response.into_body()).await;
        assert_eq!(decode("gzip", &sent).unwrap(), body.as_bytes());
    }
    let nothing = request("identity;q=0, deflate");
    let response = page("text/plain", Body::from(text(5000)));
    let response = ask(CompressionLayer::new(), nothing, response).await;
    assert_eq!(header(&response, "content-encoding"), None);
}

#[tokio::test]
async fn media_types_that_shrink_and_those_that_do_not() {
    for (kind, expected) in [
        ("text/html; charset=utf-8", true),
        ("TEXT/CSS", true),
        ("application/json", true),
        ("application/problem+json", true),
        ("application/ld+json;profile=x", true),
        ("image/svg+xml", true),
        ("application/wasm", true),
        ("text/javascript", true),
        ("application/javascript", true),
        ("application/x-ndjson", true),
        ("text/event-stream", true),
        ("font/ttf", true),
        ("image/png", false),
        ("image/jpeg", false),
        ("font/woff2", false),
        ("video/mp4", false),
        ("audio/mpeg", false),
        ("application/zip", false),
        ("application/gzip", false),
        ("application/zstd", false),
        ("application/pdf", false),
        ("application/octet-stream", false),
        ("application/grpc", false),
        ("", false),
    ] {
        let response = page(kind, Body::from(text(5000)));
        let response = ask(CompressionLayer::new(), request("gzip"), response).await;
        let compressed = header(&response, "content-encoding").is_some();
        assert_eq!(compressed, expected, "{kind}");
        assert_eq!(header(&response, "vary"), Some("Accept-Encoding"), "{kind}");
    }
    let mut bare = page("", Body::from(text(5000)));
    bare.headers_mut().clear();
    let response = ask(CompressionLayer::new(), request("gzip"), bare).await;
    assert_eq!(response.headers().len(), 1);
    assert_eq!(header(&response, "vary"), Some("Accept-Encoding"));
}

#[tokio::test]
async fn what_must_stay_as_it_is_stays() {
    type Change = fn(&mut Response);
    let cases: [(&str, Change); 8] = [
        ("encoded", |r| set(r, "content-encoding", "br")),
        ("no-transform", |r| {
            set(r, "cache-control", "public, No-Transform");
        }),
        ("204", |r| *r.status_mut() = StatusCode::NO_CONTENT),
        ("205", |r| *r.status_mut() = StatusCode::RESET_CONTENT),
        ("206", |r| *r.status_mut() = StatusCode::PARTIAL_CONTENT),
        ("content-range", |r| {
            set(r, "content-range", "bytes 0-4999/9000");
        }),
        ("upgrade", |r| {
            *r.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        }),
        ("marked", |r| {
            r.extensions_mut().insert(DontCompress);
        }),
    ];
    for (name, change) in cases {
        let mut response = page("text/plain", Body::from(text(5000)));
        set(&mut response, "etag", "\"a\"");
        change(&mut response);
        let before = header(&response, "content-encoding").map(str::to_owned);
        let response = ask(CompressionLayer::new(), request("gzip"), response).await;
        assert_eq!(
            header(&response, "content-encoding"),
            before.as_deref(),
            "{name}"
        );
        assert_eq!(header(&response, "etag"), Some("\"a\""), "{name}");
        assert_eq!(response.body().as_bytes().unwrap(), text(5000), "{name}");
    }
    let mut connect = request("gzip");
    *connect.method_mut() = Method::CONNECT;
    let response = page("text/plain", Body::from(text(5000)));
    let response = ask(CompressionLayer::new(), connect, response).await;
    assert_eq!(header(&response, "content-encoding"), None);
}

fn set(response: &mut Response, name: &'static str, value: &'static str) {
    let value = value.parse().unwrap();
    response
        .headers_mut()
        .insert(HeaderName::from_static(name), value);
}

#[tokio::test]
async fn headers_that_speak_of_the_plain_bytes_go() {
    for (tag, expected) in [("\"a\"", "W/\"a\""), ("W/\"a\"", "W/\"a\"")] {
        for method in [Method::GET, Method::HEAD] {
            let mut response = page("text/plain", Body::from(text(5000)));
            set(&mut response, "content-length", "5000");
            set(&mut response, "accept-ranges", "bytes");
            set(&mut response, "content-digest", "sha-256=:x:");
            set(&mut response, "x-kept", "1");
            response.headers_mut().insert("etag", tag.parse().unwrap());
            let mut ask_for = request("gzip");
            *ask_for.method_mut() = method;
            let response = ask(CompressionLayer::new(), ask_for, response).await;
            let mut names: Vec<&str> = response.headers().keys().map(HeaderName::as_str).collect();
            names.sort_unstable();
            let left = ["content-encoding", "content-type", "etag", "vary", "x-kept"];
            assert_eq!(names, left);
            assert_eq!(header(&response, "etag"), Some(expected));
        }
    }
}

#[tokio::test]
async fn a_304_has_the_tag_that_the_client_knows() {
    for (known, expected) in [("W/\"a\"", "W/\"a\""), ("\"a\"", "\"a\"")] {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        set(&mut response, "etag", "\"a\"");
        let mut ask_for = request("gzip");
        let value = known.parse().unwrap();
        ask_for.headers_mut().insert("if-none-match", value);
        let response = ask(CompressionLayer::new(), ask_for, response).await;
        assert_eq!(header(&response, "etag"), Some(expected));
        assert_eq!(header(&response, "vary"), Some("Accept-Encoding"));
    }
}

#[tokio::test]
async fn a_304_to_several_lines_or_to_a_date_has_the_tag_of_its_200() {
    type Row = (
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static str,
    );
    let rows: [Row; 4] = [
        (
            "gzip",
            &[("if-none-match", "\"b\""), ("if-none-match", "W/\"a\"")],
            "W/\"a\"",
        ),
        (
            "gzip",
            &[("if-none-match", "\"b\""), ("if-none-match", "\"a\"")],
            "\"a\"",
        ),
        (
            "gzip",
            &[("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")],
            "W/\"a\"",
        ),
        (
            "",
            &[("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")],
            "\"a\"",
        ),
    ];
    for (accept, conditions, expected) in rows {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        set(&mut response, "etag", "\"a\"");
        let mut ask_for = request(accept);
        for (name, value) in conditions {
            let name = HeaderName::from_static(name);
            ask_for.headers_mut().append(name, value.parse().unwrap());
        }
        let response = ask(CompressionLayer::new(), ask_for, response).await;
        assert_eq!(header(&response, "etag"), Some(expected), "{conditions:?}");
    }
}

#[tokio::test]
async fn a_head_whose_body_is_gone_keeps_the_headers_of_get() {
    let mut response = page("text/plain", Body::empty());
    set(&mut response, "content-length", "5000");
    let mut ask_for = request("gzip");
    *ask_for.method_mut() = Method::HEAD;
    let response = ask(CompressionLayer::new(), ask_for, response).await;
    assert_eq!(header(&response, "content-encoding"), Some("gzip"));
    assert_eq!(header(&response, "content-length"), None);
    // Of unknown length: a server must not announce the 0 bytes that it sends (RFC 9110, 8.6).
    assert_eq!(response.body().size_hint().exact(), None);
    assert!(collect(response.into_body()).await.is_empty());
}

#[tokio::test]
async fn what_another_accept_encoding_would_compress_varies() {
    for accept in ["gzip", "", "identity;q=0, gzip"] {
        let response = page("image/png", Body::from(text(5000)));
        let response = ask(CompressionLayer::new(), request(accept), response).await;
        assert_eq!(
            header(&response, "vary"),
            Some("Accept-Encoding"),
            "{accept}"
        );
    }
}

#[tokio::test]
async fn no_more_bodies_are_compressed_at_once_than_there_are_places() {
    let layer = CompressionLayer::new().max_encoders(2);
    let stream = || page("text/plain", chunks(&text(100_000), 1000, End::Clean));
    let mut held = Vec::new();
    for expected in [Some("gzip"), Some("gzip"), None] {
        let response = ask(layer.clone(), request("gzip"), stream()).await;
        assert_eq!(header(&response, "content-encoding"), expected);
        assert_eq!(header(&response, "vary"), Some("Accept-Encoding"));
        held.push(response);
    }
    let plain = held.pop().unwrap();
    assert_eq!(collect(plain.into_body()).await, text(100_000));
    // A body in memory takes no place; one that is dropped gives its place back.
    let small = ask(
        layer.clone(),
        request("gzip"),
        page("text/plain", text(5000).into()),
    )
    .await;
    assert_eq!(header(&small, "content-encoding"), Some("gzip"));
    held.pop();
    let again = ask(layer, request("gzip"), stream()).await;
    assert_eq!(header(&again, "content-encoding"), Some("gzip"));
    assert_eq!(
        decode("gzip", &collect(again.into_body()).await).unwrap(),
        text(100_000)
    );
}

#[tokio::test]
async fn what_does_not_shrink_is_sent_as_it_is() {
    let response = page("text/plain", Body::from(noise(5000)));
    let response = ask(CompressionLayer::new(), request("gzip"), response).await;
    assert_eq!(header(&response, "content-encoding"), None);
    assert_eq!(header(&response, "vary"), Some("Accept-Encoding"));
    assert_eq!(response.body().as_bytes().unwrap(), noise(5000));
}

#[tokio::test]
async fn codings_level_and_minimum_are_choices() {
    let layer = CompressionLayer::new()
        .codings([Coding::Gzip])
        .level(Level::Fast)
        .min_bytes(10);
    let response = page("text/plain", Body::from("a".repeat(100)));
    let response = ask(layer.clone(), request("zstd, br, gzip;q=0.1"), response).await;
    assert_eq!(header(&response, "content-encoding"), Some("gzip"));
    let response = page("text/plain", Body::from("a".repeat(9)));
    let response = ask(layer, request("gzip"), response).await;
    assert_eq!(header(&response, "content-encoding"), None);
    for coding in ["gzip", "br", "zstd"] {
        let response = page("text/plain", chunks(&text(90_000), 1000, End::Clean));
        let layer = CompressionLayer::new().level(Level::Fast);
        let response = ask(layer, request(coding), response).await;
        let sent = collect(response.into_body()).await;
        assert!(decode(coding, &sent).unwrap() == text(90_000), "{coding}");
    }
}
