//! Handlers that note what they see, and answer in all ways.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE as DATE_NAME, HeaderName, HeaderValue,
    SET_COOKIE, TRAILER, TRANSFER_ENCODING,
};
use http::{StatusCode, Version};
use http_body::{Body as HttpBody, Frame};
use hyper::ext::ReasonPhrase;
use plumego_contract::{Body, BoxError, IntoResponse as _, Request, Response, Streaming};
use plumego_router::Router;

pub(super) type Seen = Arc<Mutex<Vec<String>>>;

/// A date that a handler sets.
pub(super) const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// Each path, and the answer to it.
pub(super) const PATHS: [&str; 37] = [
    "/text",
    "/empty",
    "/200-empty",
    "/201",
    "/204",
    "/204-body",
    "/205",
    "/299",
    "/304",
    "/304-length",
    "/404",
    "/599",
    "/999",
    "/length",
    "/length-zero",
    "/date",
    "/close",
    "/keep",
    "/connection-list",
    "/chunked",
    "/chunked-length",
    "/trailer",
    "/twice",
    "/obs",
    "/below",
    "/edge",
    "/beyond",
    "/stream",
    "/stream-length",
    "/events",
    "/fails",
    "/panic",
    "/ignore",
    "/slow",
    "/reason",
    "/old",
    "/streaming",
];
/// Those that the engine refuses to send: it ends the connection.
pub(super) const REFUSED: [&str; 2] = ["/100", "/101"];

pub(super) fn router(seen: &Seen) -> Router {
    let (all, get) = (seen.clone(), seen.clone());
    Router::new()
        .get("/get", move |request: Request| {
            respond(get.clone(), request)
        })
        .fallback(move |request: Request| respond(all.clone(), request))
}

async fn respond(seen: Seen, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let mut text = format!("{} {} {:?}", parts.method, parts.uri, parts.version);
    // The guards give each request another id.
    let headers = parts
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id");
    for (name, value) in headers {
        write!(text, "\n{name}: {}", value.as_bytes().escape_ascii()).unwrap();
    }
    write!(text, "\n{:?} {}", body.size_hint(), body.is_end_stream()).unwrap();
    if path == "/ignore" {
        drop(body);
    } else {
        match body.into_bytes(1 << 20).await {
            Ok(bytes) => write!(text, "\n\n{}", bytes.escape_ascii()).unwrap(),
            Err(error) => write!(text, "\n\n{error:?}").unwrap(),
        }
    }
    seen.lock().unwrap().push(text);
    assert!(path != "/panic", "as asked");
    if path == "/slow" {
        super::pass(Duration::from_millis(10)).await;
    }
    answer(&path)
}

fn answer(path: &str) -> Response {
    let mut response = body_of(path).into_response();
    if let Some(status) = status_of(path) {
        *response.status_mut() = status;
    }
    if path == "/old" {
        *response.version_mut() = Version::HTTP_10;
    }
    if path == "/reason" {
        let reason = ReasonPhrase::from_static(b"As You Like It");
        response.extensions_mut().insert(reason);
    }
    if path == "/streaming" {
        response.extensions_mut().insert(Streaming);
    }
    for (name, value) in fields_of(path) {
        let value = HeaderValue::from_bytes(value).unwrap();
        response.headers_mut().append(name, value);
    }
    response
}

/// The number that the path begins with.
fn status_of(path: &str) -> Option<StatusCode> {
    let digits = path.get(1..4)?;
    StatusCode::from_bytes(digits.as_bytes()).ok()
}

fn body_of(path: &str) -> Body {
    let frames = |frames: &[&'static str]| {
        let frames = frames
            .iter()
            .map(|it| Ok(Bytes::from_static(it.as_bytes())));
        Frames(frames.collect())
    };
    match path {
        "/empty" | "/200-empty" | "/201" | "/204" | "/304" | "/304-length" | "/length-zero" => {
            Body::empty()
        }
        "/below" => Body::from(vec![b'x'; 16 * 1024 - 1]),
        "/edge" => Body::from(vec![b'x'; 16 * 1024]),
        "/beyond" => Body::from(vec![b'x'; 16 * 1024 + 1]),
        "/stream" | "/stream-length" => Body::new(frames(&["one", "two", "three"])),
        "/events" => Body::new(frames(&["data: 1\n\n", "data: 2\n\n"])),
        "/fails" => {
            let mut frames = frames(&["one"]);
            frames.0.push_back(Err("as asked".into()));
            Body::new(frames)
        }
        _ => Body::from("text"),
    }
}

fn fields_of(path: &str) -> Vec<(HeaderName, &'static [u8])> {
    match path {
        "/304-length" => vec![(CONTENT_LENGTH, b"5")],
        "/length" => vec![(CONTENT_LENGTH, b"4")],
        "/length-zero" => vec![(CONTENT_LENGTH, b"0")],
        "/date" => vec![(DATE_NAME, DATE.as_bytes())],
        "/close" => vec![(CONNECTION, b"close")],
        "/keep" => vec![(CONNECTION, b"keep-alive")],
        "/connection-list" => vec![(CONNECTION, b"x-a, Close")],
        "/chunked" => vec![(TRANSFER_ENCODING, b"chunked")],
        "/chunked-length" => vec![(TRANSFER_ENCODING, b"chunked"), (CONTENT_LENGTH, b"4")],
        "/trailer" => vec![(TRAILER, b"x-a")],
        "/twice" => vec![
            (SET_COOKIE, b"a=1"),
            (CONTENT_TYPE, b"text/plain"),
            (SET_COOKIE, b"b=2"),
        ],
        "/obs" => vec![
            (HeaderName::from_static("x-obs"), b"caf\xe9\x80\xff"),
            (HeaderName::from_static("x-none"), b""),
            (HeaderName::from_static("x!#$%&'*+.^_`|~"), b" \tin\t "),
        ],
        "/stream-length" => vec![(CONTENT_LENGTH, b"11")],
        "/events" => vec![(CONTENT_TYPE, b"text/event-stream")],
        _ => Vec::new(),
    }
}

/// A body of frames.
pub(super) struct Frames(pub(super) VecDeque<Result<Bytes, BoxError>>);

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.0.pop_front().map(|it| it.map(Frame::data)))
    }
}
