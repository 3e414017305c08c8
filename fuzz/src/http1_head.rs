//! The requests that the server takes by itself, without its engine: whatever bytes come, it must
//! read in them what the engine reads.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use http::request::Parts;
use http::{HeaderMap, Response, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use plumego_contract::Body;

use self::head::Missing;

// It is private to the server: nobody else has a use for it.
#[path = "../../crates/app/src/server/http1/head.rs"]
mod head;

/// Inputs to start from: bytes of a connection.
pub const SEEDS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
    b"POST /a?b=c%20 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n\r\n",
    b"\r\n\nHEAD /a#b HTTP/1.1\nx-a:\t b \t\nX-A: \xe9\r\n\r\n",
    b"POST / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: x, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 05\r\n\r\nhello",
    b"POST / HTTP/1.1\r\ncontent-length: +5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\ncontent-length: 5, 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\ncontent-length:\r\n 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nx-a: b\rcontent-length: 5\r\n\r\nhello",
    b"GET / HTTP/1.1\r\nconnection: keep-alive\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nexpect: 100-continue\r\nupgrade: h2c\r\ncontent-length: 1\r\n\r\nx",
    b"GET http://x/ HTTP/1.1\r\nx!#$%&'*+-.^_`|~ : 1\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\nCONNECT x:1 HTTP/1.1\r\n\r\nOPTIONS * HTTP/1.1\r\n\r\n",
];

/// Bounds of a head: one that inputs reach, and the least that a server has.
const BOUNDS: [usize; 2] = [48, 8 * 1024];
/// A request that comes after the one in question.
const NEXT: &[u8] = b"GET /next HTTP/1.1\r\nhost: next\r\n\r\n";

/// What is taken is a request by every reading, and the same one.
pub fn run(data: &[u8]) {
    for max in BOUNDS {
        let mut rest = data;
        while let Some(length) = check(rest, max) {
            rest = rest.get(length..).unwrap_or_default();
        }
    }
}

/// How long the request in front is, if it is taken.
fn check(data: &[u8], max: usize) -> Option<usize> {
    match head::find(data, max) {
        Ok((request, length)) => {
            let (parts, body) = request.into_parts();
            let bytes = data.get(..length).unwrap_or_default();
            let body = body.as_bytes().unwrap_or_default();
            assert_eq!(bytes.len(), length, "more than there is");
            assert_eq!(read(bytes), Some(Seen::new(&parts, body)));
            let shorter = data.get(..length - 1).unwrap_or_default();
            assert!(head::find(shorter, max).is_err());
            let mut seen = engine(&[bytes, NEXT].concat(), max.max(NEXT.len()));
            assert_eq!(seen.pop().map(|it| it.target), Some("/next".to_owned()));
            assert_eq!(seen, [Seen::new(&parts, body)]);
            Some(length)
        }
        // More is awaited only where the engine awaits more, too.
        Err(Missing::Part) => {
            assert_eq!(engine(data, max), []);
            None
        }
        Err(Missing::Other) => None,
    }
}

/// A request, with each field as it came.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    method: String,
    target: String,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Seen {
    fn new(parts: &Parts, body: &[u8]) -> Self {
        assert_eq!(parts.version, Version::HTTP_11);
        assert!(parts.extensions.is_empty());
        Self {
            method: parts.method.to_string(),
            target: parts.uri.to_string(),
            fields: sorted(&parts.headers),
            body: body.to_vec(),
        }
    }
}

/// By name; those of one name as they came.
fn sorted(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), value.as_bytes().to_vec())
    };
    let mut fields: Vec<_> = headers.iter().map(field).collect();
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    fields
}

/// The whole of these bytes as one request (RFC 9112), read by none of the code of the server.
fn read(bytes: &[u8]) -> Option<Seen> {
    let mut rest = bytes;
    while let [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] = rest {
        rest = after;
    }
    let (first, mut rest) = line(rest)?;
    let mut words = std::str::from_utf8(first).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let mut fields = Vec::new();
    loop {
        let (next, after) = line(rest)?;
        rest = after;
        if next.is_empty() {
            break;
        }
        fields.push(field(next)?);
    }
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    let named = |name: &'static str| fields.iter().filter(move |field| field.0 == name);
    let lengths: Vec<&[u8]> = named("content-length").map(|it| it.1.as_slice()).collect();
    let length = match lengths.as_slice() {
        [] => 0,
        [one] if !one.is_empty() && one.iter().all(u8::is_ascii_digit) => {
            std::str::from_utf8(one).ok()?.parse().ok()?
        }
        _ => return None,
    };
    let odd = ["transfer-encoding", "expect", "upgrade"].map(|name| named(name).count());
    let is_kept = named("connection").all(|it| it.1.eq_ignore_ascii_case(b"keep-alive"));
    let is_plain = version == "HTTP/1.1" && words.next().is_none() && odd == [0; 3] && is_kept;
    let is_request = is_token(method.as_bytes()) && target.starts_with('/');
    let target = target.split('#').next()?;
    (is_plain && is_request && method != "CONNECT" && rest.len() == length).then(|| Seen {
        method: method.to_owned(),
        target: target.to_owned(),
        fields,
        body: rest.to_vec(),
    })
}

/// The first line without its end, and what comes after it.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line = bytes.get(..end)?;
    Some((
        line.strip_suffix(b"\r").unwrap_or(line),
        bytes.get(end + 1..)?,
    ))
}

fn field(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
    let is_text = |byte: &u8| *byte == b'\t' || *byte >= b' ' && *byte != 0x7f;
    if !is_token(name) || !value.iter().all(is_text) {
        return None;
    }
    let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
    let is_space = |byte: &u8| matches!(*byte, b' ' | b'\t');
    let from = value.iter().position(|byte| !is_space(byte));
    let to = value.iter().rposition(|byte| !is_space(byte));
    let value = from.zip(to).and_then(|(from, to)| value.get(from..=to));
    Some((name, value.unwrap_or_default().to_vec()))
}

fn is_token(text: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_plain)
}

/// The requests that the engine reads in these bytes.
fn engine(bytes: &[u8], max: usize) -> Vec<Seen> {
    let seen = RefCell::new(Vec::new());
    let service = service_fn(|request: http::Request<Incoming>| async {
        let (parts, body) = request.into_parts();
        if let Some(body) = whole(body).await {
            seen.borrow_mut().push(Seen::new(&parts, &body));
        }
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    let mut builder = http1::Builder::new();
    builder
        .max_header_size(max)
        .max_buf_size(1 << 16)
        .half_close(true);
    let wire = Wire(bytes.to_vec());
    {
        let mut served = pin!(builder.serve_connection(wire, service));
        let mut cx = Context::from_waker(Waker::noop());
        // It gives others their turn now and then.
        let mut turns = 0..1000;
        while served.as_mut().poll(&mut cx).is_pending() {
            let waits = turns.next().is_none();
            assert!(!waits, "the engine waits for what has come");
        }
    }
    seen.into_inner()
}

async fn whole(mut body: Incoming) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        all.extend_from_slice(&frame.ok()?.into_data().ok()?);
    }
    Some(all)
}

/// A client that has sent all it has to say, and reads everything.
struct Wire(Vec<u8>);

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let part = self.0.len().min(buf.remaining());
        let rest = self.0.split_off(part);
        buf.put_slice(&self.0);
        self.0 = rest;
        Poll::Ready(Ok(()))
    }
}

impl Write for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
