//! `Accept-Encoding`, which chooses how a response is compressed.

use std::convert::Infallible;
use std::io::Read;

use http::HeaderValue;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use plumego_contract::{Body, Request, Response};
use plumego_middleware::CompressionLayer;
use plumego_middleware::compression::Coding;
use tower::{Layer, service_fn};

use crate::drive;

/// Inputs to start from: a header a line.
pub const SEEDS: &[&[u8]] = &[
    b"gzip, deflate, br, zstd",
    b"gzip;q=1.0, br;q=0.5\nzstd;q=0",
    b"identity;q=0, *;q=0.001, x-gzip ; Q = 0",
    b"*;q=0, gzip;q=0.000",
    b"br;q=1.001, gzip;q=, zstd;level=9, *;q=0.5;x=y",
];

/// Long enough to be compressed.
const WORDS: &str = "the same words over and over; ";
const TIMES: usize = 40;
/// More members are not looked at.
const MAX_MEMBERS: usize = 32;

/// The response is in no coding that the client refused, says what it depends on, and decodes.
pub fn run(data: &[u8]) {
    let lines = drive::values(data);
    let members: Vec<Member> = lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .take(MAX_MEMBERS)
        .map(Member::read)
        .filter(|member| !member.name.is_empty())
        .collect();
    for offered in [&Coding::ALL[..], &[Coding::Gzip, Coding::Brotli]] {
        check(&answer(&lines, offered), &members, offered);
    }
}

/// One member of the header, read with none of the layer's code.
struct Member {
    name: String,
    /// `None` when it is not as RFC 9110 has it.
    weight: Option<f64>,
}

impl Member {
    fn read(text: &str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = match (parts.next(), parts.next()) {
            (None, _) => Some(1.0),
            (Some(weight), None) => number(weight),
            _ => None,
        };
        let name = match name.as_str() {
            "x-gzip" => "gzip".to_owned(),
            _ => name,
        };
        Self { name, weight }
    }
}

/// `q=0.123`.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix("q=").or(text.strip_prefix("Q="))?;
    let shape: String = digits
        .chars()
        .map(|c| if c.is_ascii_digit() { '9' } else { c })
        .collect();
    let shaped = ["9", "9.", "9.9", "9.99", "9.999"].contains(&shape.as_str());
    let number = digits.parse().ok().filter(|_| shaped)?;
    (0.0..=1.0).contains(&number).then_some(number)
}

fn answer(lines: &[HeaderValue], offered: &[Coding]) -> Response {
    let layer = CompressionLayer::new().codings(offered.iter().copied());
    let text = HeaderValue::from_static("text/plain");
    let inner = service_fn(move |_: Request| {
        let mut response = Response::new(Body::from(WORDS.repeat(TIMES)));
        response.headers_mut().insert(CONTENT_TYPE, text.clone());
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let mut request = Request::new(Body::empty());
    for line in lines {
        request.headers_mut().append(ACCEPT_ENCODING, line.clone());
    }
    drive::call(layer.layer(inner), request)
}

fn check(response: &Response, members: &[Member], offered: &[Coding]) {
    assert!(drive::varies_by(response, "accept-encoding"));
    let mut codings = response.headers().get_all(CONTENT_ENCODING).iter();
    let coding = codings.next().map(|coding| coding.to_str().unwrap_or("?"));
    assert_eq!(codings.next(), None, "two codings");
    let body = response.body().as_bytes().unwrap_or_default();
    assert!(
        decoded(coding, body) == WORDS.repeat(TIMES).as_bytes(),
        "{coding:?} does not decode"
    );
    if let Some(coding) = coding {
        let has = |name: &str| members.iter().any(|member| member.name == name);
        let name = if has(coding) { coding } else { "*" };
        let refused = members
            .iter()
            .any(|member| member.name == name && member.weight.is_some_and(|q| q <= 0.0));
        assert!(has(name) && !refused, "{coding} was not accepted");
        assert!(offered.iter().any(|offer| offer.as_str() == coding));
    }
    if members.iter().all(|member| member.weight.is_some()) {
        assert_eq!(coding, best(members, offered), "another one is better");
    }
}

/// What a header without a mistake asks for.
fn best(members: &[Member], offered: &[Coding]) -> Option<&'static str> {
    let weight = |name: &str| {
        let same = members.iter().filter(|member| member.name == name);
        same.filter_map(|member| member.weight).reduce(f64::min)
    };
    let mut best = (None, 0.0);
    for coding in offered {
        let q = weight(coding.as_str()).or(weight("*")).unwrap_or(0.0);
        if q > best.1 {
            best = (Some(coding.as_str()), q);
        }
    }
    let plain = weight("identity").unwrap_or(0.0);
    best.0.filter(|_| best.1 >= plain)
}

fn decoded(coding: Option<&str>, body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let done = match coding {
        None => return body.to_vec(),
        Some("gzip") => flate2::read::GzDecoder::new(body).read_to_end(&mut plain),
        Some("br") => brotli::Decompressor::new(body, 4096).read_to_end(&mut plain),
        Some("zstd") => zstd::Decoder::new(body).and_then(|mut it| it.read_to_end(&mut plain)),
        Some(other) => unreachable!("{other} was not offered"),
    };
    assert!(done.is_ok(), "{coding:?}: {done:?}");
    plain
}
