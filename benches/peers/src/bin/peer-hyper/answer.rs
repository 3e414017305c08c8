//! Answers.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

pub(crate) type Answer = Response<Full<Bytes>>;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(crate) fn text(text: &'static str) -> Answer {
    of(TEXT, Bytes::from_static(text.as_bytes()))
}

pub(crate) fn json(body: Vec<u8>) -> Answer {
    of(JSON, body.into())
}

fn of(kind: HeaderValue, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    // Room for all that a production stack adds, taken once.
    answer.headers_mut().reserve(16);
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

/// A refusal with a status and a word on it, as a problem (RFC 9457).
pub(crate) fn refusal(status: u16) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let title = status.canonical_reason().unwrap_or("Error");
    let body = format!(
        "{{\"type\":\"about:blank\",\"title\":\"{title}\",\"status\":{}}}",
        status.as_u16()
    );
    let kind = HeaderValue::from_static("application/problem+json");
    let mut answer = of(kind, body.into());
    *answer.status_mut() = status;
    answer
}
