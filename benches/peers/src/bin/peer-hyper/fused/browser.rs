//! What browsers are told: security headers and CORS.

use hyper::Method;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY,
};
use hyper::http::request::Parts;
use peers::SECURITY_HEADERS;

use crate::answer::{self, Answer};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const PREFLIGHT_VARY: &str =
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

const fn security<const AT: usize>() -> (HeaderName, HeaderValue) {
    let (name, value) = SECURITY_HEADERS[AT];
    (
        HeaderName::from_static(name),
        HeaderValue::from_static(value),
    )
}

/// A question of a browser whether a request may be sent.
pub(super) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

pub(super) fn preflight(parts: &Parts) -> Answer {
    let mut answer = answer::text("");
    *answer.status_mut() = hyper::StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    headers.clear();
    headers.insert(VARY, HeaderValue::from_static(PREFLIGHT_VARY));
    if is_allowed(parts) {
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(METHODS),
        );
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        if parts.headers.contains_key(ACCESS_CONTROL_REQUEST_HEADERS) {
            let name = HeaderValue::from_static("content-type");
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, name);
        }
    }
    answer
}

fn is_allowed(parts: &Parts) -> bool {
    let origin = parts.headers.get(ORIGIN);
    origin.is_some_and(|origin| origin == peers::ORIGIN)
}

/// Security headers, and whose pages may read the answer.
pub(super) fn mark(parts: &Parts, headers: &mut HeaderMap) {
    if !headers.contains_key(VARY) {
        headers.insert(VARY, HeaderValue::from_static("Origin"));
    }
    if is_allowed(parts) {
        let origin = HeaderValue::from_static(peers::ORIGIN);
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    for (name, value) in [
        security::<0>(),
        security::<1>(),
        security::<2>(),
        security::<3>(),
        security::<4>(),
        security::<5>(),
        security::<6>(),
    ] {
        headers.insert(name, value);
    }
}
