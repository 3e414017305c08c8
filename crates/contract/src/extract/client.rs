//! Who asks, and for which host.

use std::fmt;
use std::net::IpAddr;

use http::header::HOST;
use http::request::Parts;

use super::{FromParts, context};
use crate::{Error, codes};

/// The address of the client.
///
/// It is the peer's, or the one that a trusted proxy forwarded
/// ([`TrustedProxies`](crate::TrustedProxies)); with no proxy trusted, which is the default, no
/// header changes it. An IPv4 address in IPv6 comes as the IPv4 address. `Option<ClientIp>` is
/// `None` when the server did not tell the peer, as in a test or on a socket that has no addresses;
/// without the `Option` that is `500 internal`.
///
/// ```
/// use plumego_contract::extract::ClientIp;
///
/// async fn whoami(ClientIp(ip): ClientIp) -> String {
///     ip.to_string()
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientIp(pub IpAddr);

impl FromParts for ClientIp {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        context(parts)?
            .client_ip()
            .map(Self)
            .ok_or_else(|| Error::internal("the server did not tell the peer's address").absent())
    }
}

/// The scheme that the client speaks: that of the connection, or the one that a trusted proxy
/// forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// The scheme as it stands in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromParts for Scheme {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        Ok(if context(parts)?.client().https {
            Self::Https
        } else {
            Self::Http
        })
    }
}

/// The host that the client asked for, with its port, in lower case.
///
/// It is the one that a trusted proxy forwarded, else the authority of the target (HTTP/2, absolute
/// form), else the `Host` header. It is well formed, and it is still the client's word: hold it
/// against a list before a link is made of it.
///
/// `Option<Host>` is `None` when there is none at all.
///
/// # Errors
/// `400 missing_host` when there is none, more than one, or no valid one.
///
/// ```
/// use plumego_contract::extract::Host;
///
/// let host = Host::parse("Example.com:8080").unwrap();
/// assert_eq!((host.name(), host.port()), ("example.com", Some(8080)));
/// let host = Host::parse("[2001:DB8::1]").unwrap();
/// assert_eq!((host.name(), host.port()), ("[2001:db8::1]", None));
/// assert!(Host::parse("user@example.com").is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    authority: String,
    /// Where the name ends.
    end: usize,
    port: Option<u16>,
}

impl Host {
    /// The longest host that is read, port included: the longest name of DNS, and some.
    pub const MAX_BYTES: usize = 262;

    /// Reads `name`, `name:port`, `[v6]` or `[v6]:port` (RFC 3986, section 3.2). `None` for
    /// everything else, such as user information, an empty name, or a port above 65535.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > Self::MAX_BYTES {
            return None;
        }
        // An IPv6 address holds colons of its own.
        let name_end = text.find(']').map_or(0, |bracket| bracket + 1);
        let colon = text.get(name_end..)?.find(':');
        let end = colon.map_or(text.len(), |colon| name_end + colon);
        let port = match text.get(end..)?.strip_prefix(':') {
            Some(digits) => Some(parse_port(digits)?),
            None => None,
        };
        is_name(text.get(..end)?).then(|| Self {
            authority: text.to_ascii_lowercase(),
            end,
            port,
        })
    }

    /// The name without the port; an IPv6 address stands in brackets.
    pub fn name(&self) -> &str {
        self.authority.get(..self.end).unwrap_or_default()
    }

    /// The port, when it was given.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Name and port, as they stand in a URL.
    pub fn as_str(&self) -> &str {
        &self.authority
    }

    /// Name and port, as they stand in a URL.
    pub fn into_string(self) -> String {
        self.authority
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    // `parse` alone would let a plus sign through.
    let digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits_only.then(|| digits.parse().ok()).flatten()
}

/// A name of letters, digits, `-`, `.` and `_`, or an IPv6 address in brackets. RFC 3986 would let
/// through more, none of which a browser asks for.
fn is_name(name: &str) -> bool {
    match name.strip_prefix('[').and_then(|v6| v6.strip_suffix(']')) {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.authority)
    }
}

impl FromParts for Host {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        if let Some(host) = context(parts)?.client().host.as_deref() {
            return Self::parse(host).ok_or_else(invalid_host);
        }
        if let Some(authority) = parts.uri.authority() {
            return Self::parse(authority.as_str()).ok_or_else(invalid_host);
        }
        let mut all = parts.headers.get_all(HOST).iter();
        match (all.next(), all.next()) {
            (Some(host), None) => host
                .to_str()
                .ok()
                .and_then(Self::parse)
                .ok_or_else(invalid_host),
            (None, _) => Err(invalid_host().absent()),
            (Some(_), Some(_)) => Err(invalid_host()),
        }
    }
}

fn invalid_host() -> Error {
    Error::new(codes::MISSING_HOST).with_detail("The request must name one valid host.")
}
