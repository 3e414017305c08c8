//! Entity tags, of a resource and in the conditions of a request.

use std::convert::Infallible;

use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use plumego_contract::{Body, Error, Request, Response};
use plumego_middleware::ConditionalLayer;
use plumego_middleware::conditional::{CurrentState, Validators, Verdict, evaluate};
use tower::{Layer, service_fn};

use crate::drive;

/// Inputs to start from: the tag of the resource, `If-None-Match`, `If-Match`.
pub const SEEDS: &[&[u8]] = &[
    b"\"a\"\n\"b\", W/\"a\"\n",
    b"W/\"a\"\n\nW/\"a\" , \"a\"",
    b"\"a,b\"\n*\n\"x\",\"a,b\"",
    b"\"\"\n\"\",, \"c\"\n\"\"",
    b"\"\xff\"\n,\"\xff\" ,\t,\"a\"\n*",
    b"a\nW/a, \"a\n\"a\" \"b\"",
];

/// The verdict is the one of comparing texts; the layer answers by it.
pub fn run(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut line = || lines.next().filter(|line| !line.is_empty());
    let (tag, none_match, matches) = (line(), line(), line());
    let resource = headers([(ETAG, tag)]);
    let asked = headers([(IF_NONE_MATCH, none_match), (IF_MATCH, matches)]);
    let (Some(resource), Some(asked)) = (resource, asked) else {
        return;
    };
    let validators = Validators::of(&resource);
    let tag = tag.map(<[u8]>::trim_ascii).filter(|tag| is_tag(tag));
    for method in [Method::GET, Method::PUT] {
        let verdict = evaluate(&method, &asked, Some(&validators));
        if let Some(expected) = expected(&method, tag, none_match, matches) {
            assert_eq!(verdict, expected, "{method}");
        }
        let response = answer(&method, &asked, &resource, &validators);
        let status = match verdict {
            Verdict::Proceed => StatusCode::OK,
            Verdict::NotModified => StatusCode::NOT_MODIFIED,
            Verdict::Failed => StatusCode::PRECONDITION_FAILED,
        };
        assert_eq!(response.status(), status, "{method}");
        if status == StatusCode::NOT_MODIFIED {
            assert_eq!(response.body().as_bytes(), Some(&b""[..]));
            assert_eq!(response.headers().get(ETAG), resource.get(ETAG));
        }
    }
}

/// `None` when a line cannot be a header.
fn headers<const N: usize>(lines: [(HeaderName, Option<&[u8]>); N]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, line) in lines {
        if let Some(line) = line {
            headers.insert(name, HeaderValue::from_bytes(line).ok()?);
        }
    }
    Some(headers)
}

fn answer(
    method: &Method,
    asked: &HeaderMap,
    resource: &HeaderMap,
    validators: &Validators,
) -> Response {
    let layer = ConditionalLayer::new().current_state(Present(validators.clone()));
    let resource = resource.clone();
    let inner = service_fn(move |_: Request| {
        let mut response = Response::new(Body::from("text"));
        *response.headers_mut() = resource.clone();
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method.clone();
    *request.headers_mut() = asked.clone();
    drive::call(layer.layer(inner), request)
}

struct Present(Validators);

impl CurrentState for Present {
    async fn current(&self, _: &Parts) -> Result<Option<Validators>, Error> {
        Ok(Some(self.0.clone()))
    }
}

/// RFC 9110, section 13.2.2, on texts; `None` when a list is not well-formed.
fn expected(
    method: &Method,
    tag: Option<&[u8]>,
    none_match: Option<&[u8]>,
    matches: Option<&[u8]>,
) -> Option<Verdict> {
    if let Some(line) = matches {
        let same = |there: &[u8]| tag == Some(there) && !there.starts_with(b"W/");
        if !holds(line, same)? {
            return Some(Verdict::Failed);
        }
    }
    if let Some(line) = none_match {
        let same = |there: &[u8]| tag.is_some_and(|tag| opaque(tag) == opaque(there));
        return Some(match (holds(line, same)?, method == Method::GET) {
            (false, _) => Verdict::Proceed,
            (true, true) => Verdict::NotModified,
            (true, false) => Verdict::Failed,
        });
    }
    Some(Verdict::Proceed)
}

fn holds(line: &[u8], same: impl Fn(&[u8]) -> bool) -> Option<bool> {
    let line = line.trim_ascii();
    if line == b"*" {
        return Some(true);
    }
    Some(members(line)?.into_iter().any(same))
}

/// The members of a list; a comma inside of quotes separates nothing. Empty ones do not count
/// (RFC 9110, section 5.6.1.2).
fn members(line: &[u8]) -> Option<Vec<&[u8]>> {
    let mut quoted = false;
    let members = line.split(|byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    });
    let members: Vec<&[u8]> = members
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
        .collect();
    members
        .iter()
        .all(|member| is_tag(member))
        .then_some(members)
}

fn is_tag(text: &[u8]) -> bool {
    let inner = opaque(text)
        .strip_prefix(b"\"")
        .and_then(|text| text.strip_suffix(b"\""));
    inner.is_some_and(|inner| {
        let fits = |byte: &u8| *byte > b' ' && *byte != b'"' && *byte != 0x7f;
        inner.iter().all(fits)
    })
}

fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}
