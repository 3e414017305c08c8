//! Which host a request is for (RFC 9112, section 3.2; RFC 9113, section 8.3.1).

use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Version};
use plumego_contract::{ConnectionContext, Request};

use crate::table::split_port;

/// Whether a request names the same host as others of its connection, and nothing else does.
pub(super) fn is_usual(home: &ConnectionContext, request: &Request) -> bool {
    let (first, more) = lines(request.headers(), &HOST);
    let has_authority = request.uri().authority().is_some();
    !more && !has_authority && first.is_some_and(|host| home.remembers_host(host))
}

/// The host of a request, without port; `None` when an old or internal client names none. `Err`
/// says what is wrong.
pub(super) fn of<'a>(
    home: &ConnectionContext,
    request: &'a Request,
) -> Result<Option<&'a str>, &'static str> {
    let (first, more) = lines(request.headers(), &HOST);
    if more {
        return Err("There is more than one Host header.");
    }
    let header = first.map(valid).transpose()?;
    if let Some(host) = first {
        home.remember_host(host);
    }
    if header.is_none() && request.version() == Version::HTTP_11 {
        return Err("An HTTP/1.1 request needs a Host header.");
    }
    let Some(authority) = request.uri().authority() else {
        return Ok(header);
    };
    if authority.as_str().contains('@') {
        return Err("The request target names a user.");
    }
    let (target, _) = split_port(authority.as_str()).ok_or("The host is not valid.")?;
    // In HTTP/1.1 the target wins (RFC 9112, section 3.2.2); from HTTP/2 on the two must agree.
    let differ = header.is_some_and(|header| !header.eq_ignore_ascii_case(target));
    if differ && request.version() >= Version::HTTP_2 {
        return Err("The Host header and the request target name different hosts.");
    }
    Ok(Some(target))
}

/// The first line of a header, and whether there are others.
pub(super) fn lines<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> (Option<&'a HeaderValue>, bool) {
    // Most requests have no header twice.
    if headers.len() == headers.keys_len() {
        return (headers.get(name), false);
    }
    let mut lines = headers.get_all(name).iter();
    (lines.next(), lines.next().is_some())
}

fn valid(value: &HeaderValue) -> Result<&str, &'static str> {
    value
        .to_str()
        .ok()
        .and_then(split_port)
        .map(|(host, _)| host)
        .ok_or("The Host header is not a valid host.")
}
