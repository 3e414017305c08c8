//! Names of hosts, and what is built with them.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::InputError;

const MAX_HOST_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;
const MAX_EMAIL_BYTES: usize = 254;
const MAX_LOCAL_BYTES: usize = 64;
const MAX_URL_BYTES: usize = 2048;

/// A name of a host in ASCII: labels of letters, digits and hyphens with dots between them, at most
/// 253 bytes. International names come in their ASCII form (`xn--…`). The last label is no
/// number, so that no address is taken for a name (RFC 1123, section 2.1).
///
/// # Errors
/// Anything else, a dot at the end included.
pub fn host_name(text: &str) -> Result<(), InputError> {
    const WRONG: InputError = InputError::new(
        "host_name",
        "Expected the name of a host, such as `example.com`.",
    );
    let last = text.rsplit('.').next().unwrap_or_default();
    if text.len() > MAX_HOST_BYTES || is_number(last) || !text.split('.').all(is_label) {
        return Err(WRONG);
    }
    Ok(())
}

/// Decimal, or hexadecimal as C has it: browsers read a host that ends so as an IPv4 address.
fn is_number(label: &str) -> bool {
    let hex = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"));
    let is_hex = hex.is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    is_hex || label.bytes().all(|b| b.is_ascii_digit())
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL_BYTES).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// An address that a person can have: a dot-atom before the `@`, a host with at least one dot
/// behind it (RFC 5321, section 4.1.2). Letters beyond ASCII are taken on both sides (RFC 6531);
/// quoted local parts and address literals are not, since nobody has one and many programs break.
///
/// # Errors
/// Anything else. An address that is taken may still not exist.
pub fn email(text: &str) -> Result<(), InputError> {
    const WRONG: InputError = InputError::new(
        "email",
        "Expected an e-mail address, such as `ada@example.com`.",
    );
    let (local, domain) = text.rsplit_once('@').ok_or(WRONG)?;
    let fits = text.len() <= MAX_EMAIL_BYTES && local.len() <= MAX_LOCAL_BYTES;
    let is_atom = |atom: &str| !atom.is_empty() && atom.chars().all(is_atext);
    if fits && local.split('.').all(is_atom) && is_mail_domain(domain) {
        Ok(())
    } else {
        Err(WRONG)
    }
}

/// RFC 5322, section 3.2.3, and the letters of RFC 6531.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_letter_beyond(c)
}

/// Letters and digits only: what is invisible, or turns the direction of text, is none.
fn is_letter_beyond(c: char) -> bool {
    !c.is_ascii() && c.is_alphanumeric()
}

fn is_mail_domain(domain: &str) -> bool {
    if domain.is_ascii() {
        return domain.contains('.') && host_name(domain).is_ok();
    }
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || is_letter_beyond(c))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.contains('.') && domain.len() <= MAX_HOST_BYTES && domain.split('.').all(is_label)
}

/// An absolute URL of the web: `http` or `https`, a host that is a name or an address, an optional
/// port, path, query and fragment, in the characters of RFC 3986. No user or password in it
/// (RFC 9110, section 4.2.4), no backslash, no blank.
///
/// # Errors
/// Anything else. It says nothing of where the URL leads: fetch it through a guarded client.
pub fn web_url(text: &str) -> Result<(), InputError> {
    const WRONG: InputError = InputError::new(
        "url",
        "Expected an absolute URL with http or https, such as `https://example.com/a`.",
    );
    let (scheme, rest) = text.split_once("://").ok_or(WRONG)?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end).ok_or(WRONG)?;
    if is_web && text.len() <= MAX_URL_BYTES && is_authority(authority) && is_tail(tail) {
        Ok(())
    } else {
        Err(WRONG)
    }
}

fn is_authority(authority: &str) -> bool {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']').unwrap_or_default();
        return address.parse::<Ipv6Addr>().is_ok() && is_port(port);
    }
    let colon = authority.find(':').unwrap_or(authority.len());
    let (host, port) = authority.split_at_checked(colon).unwrap_or_default();
    (host_name(host).is_ok() || host.parse::<Ipv4Addr>().is_ok()) && is_port(port)
}

/// Nothing, or a colon and a number that can be a port.
fn is_port(port: &str) -> bool {
    let Some(digits) = port.strip_prefix(':') else {
        return port.is_empty();
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_number && digits.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Path, query and fragment, every `%` with its two digits.
fn is_tail(tail: &str) -> bool {
    let mut bytes = tail.bytes();
    let mut has_fragment = false;
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => {
                let mut digit = || bytes.next().is_some_and(|b| b.is_ascii_hexdigit());
                digit() && digit()
            }
            b'#' => !std::mem::replace(&mut has_fragment, true),
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte),
        };
        if !fits {
            return false;
        }
    }
    true
}
