//! Paths that are asked of a static site.

use std::sync::LazyLock;

use http::Uri;
use http::header::{ACCEPT, LOCATION};
use http::uri::PathAndQuery;
use plumego_contract::{Body, Request};
use plumego_frontend::{Frontend, Site};

use crate::drive;

/// Inputs to start from.
pub const SEEDS: &[&[u8]] = &[
    b"/",
    b"/index.html",
    b"/a%20b/../%2e%2e/%252e%252e",
    b"/docs",
    b"/docs/?x=//evil",
    b"//evil.example/%2f..%5c",
    b"/.well-known/x%00.html",
    b"/%c0%ae%c0%ae/CON.txt::$DATA",
    b"/d\xc3\xa9j\xc3\xa0/%C3%A9",
];

/// Names of files and what is in each.
const FILES: [(&str, &str); 6] = [
    ("index.html", "home"),
    ("docs/index.html", "docs"),
    ("docs/guide.txt", "guide"),
    ("a b", "space"),
    (".well-known/x", "known"),
    ("%2e%2e", "dots"),
];

static SITE: LazyLock<Option<Site>> =
    LazyLock::new(|| Frontend::files(FILES).spa().exclude("/api").build().ok());

/// A path leads to the file that it names, to a redirect within the host, to the index or nowhere.
pub fn run(data: &[u8]) {
    let Some(site) = &*SITE else {
        unreachable!("the files are in order")
    };
    let Ok(target) = PathAndQuery::try_from(data) else {
        return;
    };
    for accept in ["*/*", "text/html"] {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from(target.clone());
        let value = http::HeaderValue::from_static(accept);
        request.headers_mut().insert(ACCEPT, value);
        let named = named(request.uri().path());
        let response = drive::call(site.clone(), request);
        match response.status().as_u16() {
            200 => {
                let body = response.body().as_bytes().unwrap_or_default();
                let is_view = accept == "text/html" && body == b"home";
                assert!(is_view || named == Some(body), "{target}");
            }
            308 => {
                let to = response
                    .headers()
                    .get(LOCATION)
                    .map(http::HeaderValue::as_bytes);
                assert!(to.is_some_and(|to| to.starts_with(b"./")), "{target}");
            }
            status => assert!(status == 404 && named.is_none(), "{target}: {status}"),
        }
    }
}

/// What is in the file of that name, once decoded.
fn named(path: &str) -> Option<&'static [u8]> {
    let mut name = Vec::new();
    let mut bytes = path.strip_prefix('/')?.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            name.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
        let byte = u8::try_from(high * 16 + low).ok()?;
        if byte == b'/' {
            return None;
        }
        name.push(byte);
    }
    if name.is_empty() || name.ends_with(b"/") {
        name.extend_from_slice(b"index.html");
    }
    let file = FILES.iter().find(|(there, _)| there.as_bytes() == name);
    file.map(|(_, content)| content.as_bytes())
}
