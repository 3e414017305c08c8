//! One element of `Forwarded`, RFC 7239.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use super::is_https;
use crate::extract::Host;
use crate::extract::media::{is_token, parse_quoted};

/// What one proxy said of the one that asked it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// The address; `None` when it is unknown or hidden.
    pub(super) ip: Option<IpAddr>,
    /// Whether it spoke `https`.
    pub(super) https: Option<bool>,
    /// The host it asked for.
    pub(super) host: Option<String>,
}

impl Element {
    /// Reads one element; `None` when it breaks the grammar or names a parameter twice. Values need
    /// not be quoted where the RFC asks for it: some proxies write `for=[2001:db8::1]`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut element = Self::default();
        let (mut seen_for, mut seen_proto, mut seen_host) = (false, false, false);
        let mut rest = text;
        loop {
            rest = rest.trim_matches([' ', '\t']);
            if let Some(after) = rest.strip_prefix(';') {
                rest = after;
                continue;
            }
            if rest.is_empty() {
                return Some(element);
            }
            let (name, after) = rest.split_once('=')?;
            let (value, after) = value(after)?;
            let after = after.trim_start_matches([' ', '\t']);
            if !is_token(name) || !(after.is_empty() || after.starts_with(';')) {
                return None;
            }
            rest = after;
            let again = match name.to_ascii_lowercase().as_str() {
                "for" => {
                    element.ip = node(&value);
                    std::mem::replace(&mut seen_for, true)
                }
                "proto" => {
                    element.https = is_https(&value);
                    std::mem::replace(&mut seen_proto, true)
                }
                "host" => {
                    element.host = Host::parse(&value).map(Host::into_string);
                    std::mem::replace(&mut seen_host, true)
                }
                _ => false,
            };
            if again {
                return None;
            }
        }
    }
}

/// The value at the start of the text, and what follows it.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return parse_quoted(quoted);
    }
    let end = text.find(';').unwrap_or(text.len());
    let (value, after) = text.split_at_checked(end)?;
    Some((value.trim_end_matches([' ', '\t']).into(), after))
}

/// The address of a node: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:80`, and a
/// bare IPv6 address as `X-Forwarded-For` has it. `None` for everything else, such as `unknown`,
/// `_hidden`, or an address with a zone.
pub(super) fn node(text: &str) -> Option<IpAddr> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(ip.to_canonical());
    }
    if let Some(v6) = text.strip_prefix('[') {
        let (v6, port) = v6.split_once(']')?;
        let ip: Ipv6Addr = v6.parse().ok()?;
        return is_port(port).then(|| IpAddr::V6(ip).to_canonical());
    }
    let colon = text.find(':')?;
    let (v4, port) = text.split_at_checked(colon)?;
    let ip = v4.parse().ok()?;
    is_port(port).then_some(IpAddr::V4(ip))
}

/// Nothing, or a colon with a port: up to five digits, or an obfuscated one.
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else {
        return text.is_empty();
    };
    match port.strip_prefix('_') {
        Some(name) => {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        }
        None => (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit()),
    }
}
