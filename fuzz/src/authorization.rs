//! `Authorization`, before a layer of fixed tokens and for the extractor of `Bearer`.

use std::convert::Infallible;

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use plumego_contract::extract::{Bearer, Header};
use plumego_contract::{Body, Request, Response};
use plumego_middleware::TokenAuthLayer;
use plumego_stdx::Secret;
use tower::{Layer, service_fn};

use crate::drive;

/// Inputs to start from: a header a line.
pub const SEEDS: &[&[u8]] = &[
    b"Bearer first-of-two-tokens",
    b"bEARER   second/of/two+tokens== ",
    b"Bearer first-of-two-token",
    b"Bearer first-of-two-tokens,second/of/two+tokens==",
    b"Bearer second/of/two+tokens=",
    b"Bearer first-of-two-tokens\nBearer second/of/two+tokens==",
    b"Basic first-of-two-tokens",
    b"Bearer\tfirst-of-two-tokens",
];

const TOKENS: [&str; 2] = ["first-of-two-tokens", "second/of/two+tokens=="];
const SECRET: &[u8] = b"what only the token shows";

/// One header of `Bearer` and a token of the list lets in, and nothing else does.
pub fn run(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in drive::values(data) {
        headers.append(AUTHORIZATION, line);
    }
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let one = match (lines.next(), lines.next()) {
        (Some(line), None) => Some(line),
        _ => None,
    };
    let right = one.is_some_and(is_right);
    let response = answer(&headers);
    let body = response.body().as_bytes().unwrap_or_default();
    if right {
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(body, SECRET);
    } else {
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(response.headers().contains_key(WWW_AUTHENTICATE));
        let text = String::from_utf8_lossy(body);
        let told = TOKENS.iter().any(|token| text.contains(token));
        assert!(!told && body != SECRET, "{text}");
    }
    extract(&headers, one);
}

/// Whether it is `Bearer` in whatever case, one or more spaces, and a token.
fn is_right(line: &HeaderValue) -> bool {
    let Ok(line) = std::str::from_utf8(line.as_bytes()) else {
        return false;
    };
    let scheme = line.get(..7).unwrap_or_default();
    let rest = line.get(7..).unwrap_or_default().trim_start_matches(' ');
    scheme.eq_ignore_ascii_case("bearer ") && TOKENS.contains(&rest)
}

/// The extractor gives what stands after the scheme, and nothing where that is no token.
fn extract(headers: &HeaderMap, one: Option<&HeaderValue>) {
    let line = one.and_then(|line| line.to_str().ok()).map(str::trim);
    let (scheme, token) = line
        .and_then(|line| line.split_once(' '))
        .unwrap_or_default();
    let token = token.trim_start_matches(' ');
    let tail = token.find('=').unwrap_or(token.len());
    let fits = tail > 0
        && token.bytes().enumerate().all(|(at, byte)| match byte {
            b'=' => at >= tail,
            _ => at < tail && (byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte)),
        });
    match Header::<Bearer>::from_headers(headers) {
        Ok(Header(Bearer(found))) => {
            assert!(scheme.eq_ignore_ascii_case("bearer") && fits, "{line:?}");
            assert_eq!(found.expose(), token);
        }
        Err(error) => {
            assert_eq!(error.status(), StatusCode::UNAUTHORIZED);
            assert!(!scheme.eq_ignore_ascii_case("bearer") || !fits, "{line:?}");
        }
    }
}

fn answer(headers: &HeaderMap) -> Response {
    let tokens = TOKENS.map(|token| Secret::new(token.to_owned()));
    let Ok(layer) = TokenAuthLayer::new(tokens) else {
        unreachable!("the tokens are right")
    };
    let inner = service_fn(|_: Request| {
        std::future::ready(Ok::<_, Infallible>(Response::new(Body::from(SECRET))))
    });
    let mut request = Request::new(Body::empty());
    *request.headers_mut() = headers.clone();
    drive::call(layer.layer(inner), request)
}
