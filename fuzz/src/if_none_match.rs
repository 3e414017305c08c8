//! `If-None-Match` and `If-Match` of requests to a static site.

use std::sync::LazyLock;

use http::HeaderValue;
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use plumego_contract::{Body, Request};
use plumego_frontend::{Frontend, Site};

use crate::drive;

/// Inputs to start from; `@` stands for the tag of the file.
pub const SEEDS: &[&[u8]] = &[
    b"@",
    b"W/@",
    b"*",
    b"\"x\", @ ,\"y\"",
    b",,@\n@",
    b"\"x\"\nW/@",
    b"\"a,b\"\n*",
    b"@ @",
];

static SITE: LazyLock<Option<(Site, Vec<u8>)>> = LazyLock::new(|| {
    let site = Frontend::files([("a", "content")]).build().ok()?;
    let response = drive::call(site.clone(), request());
    let tag = response.headers().get(ETAG)?.as_bytes().to_vec();
    Some((site, tag))
});

/// The answer is 304 where the file's tag is named, and never has a body then; 412 only where
/// `If-Match` is there.
pub fn run(data: &[u8]) {
    let Some((site, tag)) = &*SITE else {
        unreachable!("the file is in order")
    };
    let filled: Vec<u8> = data
        .iter()
        .flat_map(|byte| {
            if *byte == b'@' {
                tag.as_slice()
            } else {
                std::slice::from_ref(byte)
            }
        })
        .copied()
        .collect();
    let mut lines = filled.splitn(2, |byte| *byte == b'\n');
    let mut request = request();
    for name in [IF_NONE_MATCH, IF_MATCH] {
        let Some(line) = lines.next() else { continue };
        let Ok(value) = HeaderValue::from_bytes(line) else {
            return;
        };
        request.headers_mut().insert(name, value);
    }
    let asked = request.headers().clone();
    let response = drive::call(site.clone(), request);
    let named = |line: Option<&HeaderValue>| {
        line.is_some_and(|line| {
            line.as_bytes()
                .windows(tag.len())
                .any(|part| part == tag.as_slice())
                || line.as_bytes().trim_ascii() == b"*"
        })
    };
    match response.status().as_u16() {
        200 => assert_ne!(
            asked.get(IF_NONE_MATCH).map(HeaderValue::as_bytes),
            Some(&**tag)
        ),
        304 => {
            assert!(named(asked.get(IF_NONE_MATCH)), "{asked:?}");
            assert_eq!(response.body().as_bytes(), Some(&b""[..]));
            assert_eq!(
                response.headers().get(ETAG).map(HeaderValue::as_bytes),
                Some(&**tag)
            );
        }
        status => {
            assert_eq!(status, 412);
            assert!(asked.contains_key(IF_MATCH), "{asked:?}");
            let whole = asked.get(IF_MATCH).map(HeaderValue::as_bytes);
            assert!(whole != Some(&**tag) && whole != Some(b"*"), "{asked:?}");
        }
    }
}

fn request() -> Request {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = http::Uri::from_static("/a");
    request
}
