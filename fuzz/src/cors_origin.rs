//! The `Origin` of a request against a list of origins that came from a setting.

use std::convert::Infallible;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN,
};
use http::{HeaderValue, Method};
use plumego_contract::{Body, Request, Response};
use plumego_middleware::CorsLayer;
use plumego_middleware::cors::CorsConfig;
use tower::{Layer, service_fn};

use crate::drive;

/// Inputs to start from: an origin to allow, then each `Origin` of the request.
pub const SEEDS: &[&[u8]] = &[
    b"https://shop.example.net\nhttps://app.example.com",
    b"https://*.example.net:8443\nhttps://a.b.example.net:8443",
    b"HTTP://[::1]:80\nhttp://[::1]",
    b"x\nhttps://evil.com/.example.org",
    b"x\nhttps://evil.com:443#.example.org\nnull",
    b"x\nhttps://a.example.org",
    b"x\nhttp://localhost:3000",
    b"x\nhttps://app.example.com.evil.com",
    b"x\nhttps://evilexample.org",
];

/// Allowed beside the one of the input.
const ALLOWED: &[&str] = &[
    "https://app.example.com",
    "https://*.example.org",
    "http://localhost:3000",
];

/// No origin is allowed but those of the list, and each of those is.
pub fn run(data: &[u8]) {
    let (first, rest) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => data.split_at(end),
        None => (data, &[][..]),
    };
    let setting = String::from_utf8_lossy(first).into_owned();
    let origins = drive::values(rest.get(1..).unwrap_or_default());
    let mut allowed: Vec<&str> = ALLOWED.to_vec();
    allowed.push(&setting);
    let layer = build(&allowed).or_else(|| {
        allowed.pop();
        build(&allowed)
    });
    let Some(layer) = layer else {
        unreachable!("the list is right")
    };
    for method in [Method::GET, Method::OPTIONS] {
        check(&answer(&layer, &method, &origins), &origins, &allowed);
        let public = answer(&CorsLayer::any_origin(), &method, &origins);
        let headers = public.headers();
        let origin = headers.get(ACCESS_CONTROL_ALLOW_ORIGIN);
        assert!(origin.is_none_or(|origin| origin == "*"), "{origin:?}");
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }
}

fn build(origins: &[&str]) -> Option<CorsLayer> {
    let config = CorsConfig::origins(origins.iter().copied());
    config.credentials().build().ok()
}

fn answer(layer: &CorsLayer, method: &Method, origins: &[HeaderValue]) -> Response {
    let inner = service_fn(|_: Request| {
        std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty())))
    });
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method.clone();
    let headers = request.headers_mut();
    headers.insert(
        ACCESS_CONTROL_REQUEST_METHOD,
        HeaderValue::from_static("PUT"),
    );
    for origin in origins {
        headers.append(ORIGIN, origin.clone());
    }
    drive::call(layer.layer(inner), request)
}

fn check(response: &Response, sent: &[HeaderValue], allowed: &[&str]) {
    assert!(drive::varies_by(response, "origin"));
    let headers = response.headers();
    let names = headers.keys().map(http::HeaderName::as_str);
    let mut answers = headers.get_all(ACCESS_CONTROL_ALLOW_ORIGIN).iter();
    let answer = answers.next();
    assert_eq!(answers.next(), None, "two origins");
    let one = match sent {
        [one] => Some(one),
        _ => None,
    };
    let origin = one
        .and_then(|one| one.to_str().ok())
        .and_then(|text| Some((text, Origin::read(text)?)));
    let listed = origin.filter(|(_, origin)| allowed.iter().any(|entry| origin.is_in(entry)));
    if let Some(answer) = answer {
        assert!(listed.is_some(), "{answer:?} is not of {allowed:?}");
        assert_eq!(Some(answer), one, "not the origin that asked");
        let credentials = headers.get(ACCESS_CONTROL_ALLOW_CREDENTIALS);
        assert!(credentials.is_some_and(|it| it == "true"));
    } else {
        let told: Vec<&str> = names
            .filter(|name| name.starts_with("access-control-"))
            .collect();
        assert!(told.is_empty(), "{told:?} without an origin");
        // A browser leaves a default port out.
        let left_out = listed.filter(|(text, origin)| origin.written() == *text);
        assert!(left_out.is_none(), "{sent:?} is of {allowed:?}");
    }
}

/// An origin in the form of RFC 6454, read with none of the layer's code.
#[derive(Clone, Copy)]
struct Origin<'a> {
    scheme: &'a str,
    host: &'a str,
    /// 0 where the scheme has no default one that is known here.
    port: u16,
}

impl<'a> Origin<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let is_colon_of_port = |at: &usize| !authority.get(*at..).unwrap_or("]").contains(']');
        let colon = authority.rfind(':').filter(is_colon_of_port);
        let (host, port) = match colon.and_then(|at| authority.split_at_checked(at)) {
            Some((host, port)) => (host, Some(port.get(1..)?)),
            None => (authority, None),
        };
        let port = match port {
            Some(digits) if !digits.bytes().all(|b| b.is_ascii_digit()) => return None,
            Some(digits) => digits.parse().ok()?,
            None => default_port(scheme),
        };
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
        let is_name = host
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(plain));
        let address = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let is_host = match address {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => is_name,
        };
        (!scheme.is_empty() && is_host).then_some(Self { scheme, host, port })
    }

    fn is_in(&self, entry: &str) -> bool {
        let entry = entry.to_ascii_lowercase();
        let plain = entry.replacen("://*.", "://", 1);
        let Some(listed) = Origin::read(&plain) else {
            return false;
        };
        let host = if plain == entry {
            self.host == listed.host
        } else {
            let below = self.host.strip_suffix(listed.host);
            below.is_some_and(|below| below.len() > 1 && below.ends_with('.'))
        };
        host && self.scheme == listed.scheme && self.port == listed.port
    }

    fn written(&self) -> String {
        let Self { scheme, host, port } = self;
        if *port == default_port(scheme) {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{port}")
        }
    }
}

fn default_port(scheme: &str) -> u16 {
    match scheme {
        "https" => 443,
        "http" => 80,
        _ => 0,
    }
}
