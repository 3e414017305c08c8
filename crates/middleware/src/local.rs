//! Whether a request was made on this machine, by nobody else through it.
//!
//! For what a developer may see and a stranger may not. An address of the loopback network alone
//! says little: a proxy on the same machine connects from there for the whole world, and so does
//! the browser of the developer, on behalf of any page it shows. So [`check`] asks for all of this:
//!
//! - The peer of the connection is a loopback address. What trusted proxies say of the client is
//!   not looked at, and a Unix socket, where proxies connect, is not enough.
//! - No header is there that proxies add: `Forwarded`, `Via`, `X-Forwarded-*`, `X-Real-IP`, and
//!   their like.
//! - The host asked for, in `Host` and in the target, is `localhost` or a loopback address. The
//!   page of another site that had its name resolve to 127.0.0.1 (DNS rebinding) asks for its own.
//! - No page of another origin asks: `Sec-Fetch-Site` and `Origin`, where they are there, say so.
//!   Then the page could read the answer where CORS lets it.
//!
//! What it cannot see is a proxy that adds no header and asks for `localhost`, such as a tunnel
//! (`ssh -R`): do not open a development run to others that way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue};
use plumego_contract::{Error, RequestContext};
use plumego_stdx::Secret;

use crate::origin;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Headers by which proxies and content delivery networks tell of a client or of themselves.
const OF_PROXIES: &[&str] = &[
    "cdn-loop",
    "cf-connecting-ip",
    "cf-ray",
    "client-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded",
    "forwarded-for",
    "proxy-client-ip",
    "true-client-ip",
    "via",
    "wl-proxy-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-forward-for",
    "x-original-forwarded-for",
    "x-original-host",
    "x-originating-ip",
    "x-proxyuser-ip",
    "x-real-ip",
    "x-remote-addr",
    "x-remote-ip",
];
/// `X-Forwarded-For`, `X-Forwarded-Host`, and whatever else somebody calls so.
const X_FORWARDED: &str = "x-forwarded";

/// Why a request does not count as made on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotLocal {
    /// The peer is no loopback address, or not known.
    Peer,
    /// A header is there that proxies add.
    Forwarded,
    /// Another host was asked for than this machine.
    Host,
    /// A page of another origin asks.
    OtherSite,
}

impl NotLocal {
    /// A few words for the log and the developer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Peer => "the request does not come from a loopback address",
            Self::Forwarded => "the request has a header that proxies add",
            Self::Host => "the host asked for is not localhost or a loopback address",
            Self::OtherSite => "a page of another origin makes the request",
        }
    }
}

/// Whether a request was made on this machine: see the [module](self).
///
/// # Errors
/// The first reason against it.
pub fn check(context: &RequestContext, headers: &HeaderMap) -> Result<(), NotLocal> {
    let peer = context.connection().peer;
    if !peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback()) {
        return Err(NotLocal::Peer);
    }
    if headers.keys().any(is_of_proxies) {
        return Err(NotLocal::Forwarded);
    }
    let host = asked_host(context, headers).ok_or(NotLocal::Host)?;
    if is_of_here(headers, host) {
        Ok(())
    } else {
        Err(NotLocal::OtherSite)
    }
}

/// Who may read what an operator reads, such as the metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Readers {
    /// Who asks from this machine: see [`check`].
    #[default]
    Local,
    /// Those, and who shows this token (`Authorization: Bearer …`). Nobody shows an empty one.
    Token(Secret<String>),
    /// Everybody who reaches the server.
    Everybody,
}

impl Readers {
    /// Whether this request may.
    ///
    /// # Errors
    /// `401` when it may not; it does not say why.
    pub fn admit(&self, context: &RequestContext, headers: &HeaderMap) -> Result<(), Error> {
        let known = match self {
            Self::Local => false,
            Self::Token(token) => !token.expose().is_empty() && shows(headers, token),
            Self::Everybody => true,
        };
        if known || check(context, headers).is_ok() {
            return Ok(());
        }
        let challenge = HeaderValue::from_static("Bearer");
        Err(Error::unauthenticated("this is not for everybody")
            .with_header(WWW_AUTHENTICATE, challenge))
    }
}

fn shows(headers: &HeaderMap, token: &Secret<String>) -> bool {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (Some(shown), None) = (shown.next().map(HeaderValue::as_bytes), shown.next()) else {
        return false;
    };
    shown.split_at_checked(7).is_some_and(|(scheme, shown)| {
        scheme.eq_ignore_ascii_case(b"Bearer ") && token.matches(shown)
    })
}

fn is_of_proxies(name: &HeaderName) -> bool {
    name.as_str().starts_with(X_FORWARDED) || OF_PROXIES.contains(&name.as_str())
}

/// The host asked for, when every place that names one names this machine.
fn asked_host<'a>(context: &'a RequestContext, headers: &'a HeaderMap) -> Option<&'a str> {
    let target = context.uri().authority().map(http::uri::Authority::as_str);
    let mut host = target;
    if target.is_some_and(|target| !is_loopback(target)) {
        return None;
    }
    for value in headers.get_all(HOST) {
        let value = value.to_str().ok().filter(|value| is_loopback(value))?;
        host = Some(value);
    }
    host
}

/// Whether an authority is `localhost` or a loopback address, with or without a port.
fn is_loopback(authority: &str) -> bool {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else {
            return false;
        };
        let address = address.parse::<Ipv6Addr>().map(IpAddr::V6);
        let is_here = address.is_ok_and(|address| address.to_canonical().is_loopback());
        (is_here, port)
    } else {
        let at = authority.find(':').unwrap_or(authority.len());
        let (name, port) = authority.split_at(at);
        let address = name.parse::<Ipv4Addr>();
        let is_here = address.is_ok_and(|address| address.is_loopback());
        (is_here || name.eq_ignore_ascii_case("localhost"), port)
    };
    host && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

fn is_port(text: &str) -> bool {
    text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether what a browser says of the page that asks lets it.
fn is_of_here(headers: &HeaderMap, host: &str) -> bool {
    let all = |name: &HeaderName, good: &dyn Fn(&str) -> bool| {
        let mut values = headers.get_all(name).iter();
        values.all(|value| value.to_str().is_ok_and(good))
    };
    all(&SEC_FETCH_SITE, &|site| {
        matches!(site, "same-origin" | "none")
    }) && all(&ORIGIN, &|origin| origin::is_of_host(origin, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for authority in [
            "localhost",
            "LocalHost:8080",
            "127.0.0.1",
            "127.8.8.8:1",
            "[::1]",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert!(is_loopback(authority), "{authority}");
        }
        for authority in [
            "",
            "localhost.example.com",
            "localhost.",
            "evil-localhost",
            "127.0.0.1.nip.io",
            "128.0.0.1",
            "0.0.0.0",
            "2130706433",
            "0x7f.1",
            "127.1",
            "[::1",
            "[::1]x",
            "[::2]",
            "::1",
            "localhost:80x",
            "localhost:80:80",
            "user@localhost",
            "localhost@evil.example",
        ] {
            assert!(!is_loopback(authority), "{authority}");
        }
    }
}
