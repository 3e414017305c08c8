//! Names of hosts: as routes are bound to them, and as requests come with them.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use super::HostRule;

/// The rule for a host as it was given to a router.
pub(crate) fn bind(text: &str) -> Result<HostRule, String> {
    let (name, wildcard) = match text.strip_prefix("*.") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let wrong = |why: &str| {
        Err(format!(
            "host `{}` {why}: write a name such as `api.example.com` or `*.example.com`",
            text.escape_debug()
        ))
    };
    let Some((host, port)) = split_port(name) else {
        return wrong("is no host name");
    };
    if !port.is_empty() {
        return wrong("has a port, and hosts are compared without");
    }
    if host.contains('*') {
        return wrong("has a `*` that is not the whole first label");
    }
    let host = normal_host(host).into_owned();
    if host.is_empty() {
        return wrong("is empty");
    }
    Ok(if wildcard {
        HostRule::Suffix(format!(".{host}"))
    } else {
        HostRule::Exact(host)
    })
}

/// The form in which hosts are compared: lower case, without the dot of the root zone.
pub(crate) fn normal_host(host: &str) -> Cow<'_, str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

/// Splits `uri-host [ ":" port ]` (RFC 9110, section 7.2), or `None` when it is not of that form.
/// The port comes with its colon.
pub(crate) fn split_port(value: &str) -> Option<(&str, &str)> {
    let end = if value.starts_with('[') {
        let close = value.find(']')?;
        value.get(1..close)?.parse::<Ipv6Addr>().ok()?;
        close + 1
    } else {
        // The colon is none of these; anything else that ends the name is refused as a port below.
        let mut has_escapes = false;
        let end = value.bytes().position(|byte| {
            has_escapes |= byte == b'%';
            !in_reg_name(byte)
        });
        let end = end.unwrap_or(value.len());
        let name = value.get(..end)?;
        if name.is_empty() || (has_escapes && !escapes_are_whole(name)) {
            return None;
        }
        end
    };
    let (host, port) = value.split_at_checked(end)?;
    let valid = match port.strip_prefix(':') {
        Some(digits) => digits.is_empty() || is_port(digits),
        None => port.is_empty(),
    };
    valid.then_some((host, port))
}

/// Digits alone, without the sign that a number may have.
fn is_port(digits: &str) -> bool {
    // The number refuses every other sign itself.
    digits.len() <= 5 && !digits.starts_with('+') && digits.parse::<u16>().is_ok()
}

/// Whether two hexadecimal digits follow each percent sign.
fn escapes_are_whole(name: &str) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    name.split('%')
        .skip(1)
        .map(str::as_bytes)
        .all(|rest| is_hex(rest.first()) && is_hex(rest.get(1)))
}

/// RFC 3986, section 3.2.2: unreserved, sub-delims, and the percent sign of an escape.
fn in_reg_name(byte: u8) -> bool {
    REG_NAME.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Looked up for every byte of every `Host`.
const REG_NAME: [bool; 256] = reg_name();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler")]
const fn reg_name() -> [bool; 256] {
    let signs = b"-._~%!$&'()*+,;=";
    let mut set = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        set[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < signs.len() {
        set[signs[at] as usize] = true;
        at += 1;
    }
    set
}
