//! `Range` and `If-Range`, of a body and of a static site.

use std::sync::LazyLock;

use http::header::{CONTENT_RANGE, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue};
use http_body::Body as _;
use plumego_contract::conditional::Validators;
use plumego_contract::range::{MAX_RANGES, Requested, requested};
use plumego_contract::{Body, Request};
use plumego_frontend::{Frontend, Site};

use crate::drive;

/// Inputs to start from: the length in the first byte, `Range`, `If-Range`.
pub const SEEDS: &[&[u8]] = &[
    b"\x0abytes=0-0",
    b"\x40bytes=0-1, 5-9,-3,60-\n\"x\"",
    b"\x01bytes=-0,1-",
    b"\x00bytes=0-\nThu, 01 Jan 1970 00:00:00 GMT",
    b"\xffbytes=18446744073709551615-18446744073709551616,,\t,0-",
    b"\x10BYTES=9-2\nW/\"x\"",
];

static SITE: LazyLock<Option<Site>> =
    LazyLock::new(|| Frontend::files([("a", &[7; 200][..])]).build().ok());

/// What is given lies within the body, in order and apart; the site sends just that.
pub fn run(data: &[u8]) {
    let Some((length, rest)) = data.split_first() else {
        return;
    };
    let mut lines = rest.splitn(2, |byte| *byte == b'\n');
    let mut headers = HeaderMap::new();
    for name in [RANGE, IF_RANGE] {
        let value = lines.next().map(HeaderValue::from_bytes);
        if let Some(Ok(value)) = value {
            headers.insert(name, value);
        }
    }
    check(&headers, u64::from(*length));
    let Some(site) = &*SITE else {
        unreachable!("the file is in order")
    };
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = http::Uri::from_static("/a");
    *request.headers_mut() = headers;
    let response = drive::call(site.clone(), request);
    let sent = response.body().size_hint().exact();
    match response.status().as_u16() {
        200 => assert_eq!(sent, Some(200)),
        206 => {
            let single = response.headers().contains_key(CONTENT_RANGE);
            assert!(sent.is_some_and(|sent| !single || sent <= 200));
        }
        status => assert_eq!(status, 416),
    }
}

fn check(headers: &HeaderMap, length: u64) {
    if let Requested::Parts(parts) = requested(headers, length, &Validators::default()) {
        assert!(!parts.is_empty() && parts.len() <= MAX_RANGES);
        assert!(
            parts
                .iter()
                .all(|part| part.start < part.end && part.end <= length)
        );
        let ends = parts.iter().map(|part| part.end);
        let apart = parts
            .iter()
            .skip(1)
            .zip(ends)
            .all(|(next, end)| next.start > end);
        assert!(apart, "{parts:?}");
    }
}
