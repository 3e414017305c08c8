//! What the next hop is, and what goes along.

use http::response::Parts;
use http::{HeaderName, Method, StatusCode, header};

use crate::error::RedirectError;
use crate::request::{TRACEPARENT, TRACESTATE};
use crate::send::Call;
use crate::upload::Upload;
use crate::url::Scheme;

/// What goes along to another origin. Any other field may be a credential.
const HARMLESS: [HeaderName; 11] = [
    header::ACCEPT,
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    header::USER_AGENT,
    TRACEPARENT,
    TRACESTATE,
];

/// Those that name another place for the same request (RFC 9110, section 15.4).
pub(crate) fn is_one(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Turns the call into that of the next hop; its URL is still to be checked.
pub(crate) fn follow(
    call: &mut Call,
    head: &Parts,
    hops: u8,
    max: u8,
) -> Result<(), RedirectError> {
    if hops >= max {
        return Err(RedirectError::TooMany(max));
    }
    let mut locations = head.headers.get_all(header::LOCATION).iter();
    let (Some(location), None) = (locations.next(), locations.next()) else {
        return Err(RedirectError::Location);
    };
    let next = location
        .to_str()
        .ok()
        .and_then(|text| call.url.join(text).ok())
        .ok_or(RedirectError::Location)?;
    if call.url.scheme() == Scheme::Https && next.scheme() == Scheme::Http {
        return Err(RedirectError::Downgrade);
    }
    change_method(call, head.status);
    if !call.upload.is_replayable() {
        return Err(RedirectError::Body);
    }
    if !call.upload.is_empty() && call.url.host() != next.host() {
        return Err(RedirectError::BodyElsewhere);
    }
    if call.url.origin() != next.origin() {
        drop_credentials(call);
    }
    call.url = next;
    Ok(())
}

/// As browsers do: 303 is answered by `GET`, and so is 301 or 302 to a `POST`.
fn change_method(call: &mut Call, status: StatusCode) {
    let becomes_get = match status.as_u16() {
        303 => call.method != Method::HEAD,
        301 | 302 => call.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        call.method = Method::GET;
        call.upload = Upload::Bytes(bytes::Bytes::new());
        for name in [
            header::CONTENT_ENCODING,
            header::CONTENT_LANGUAGE,
            header::CONTENT_TYPE,
        ] {
            call.headers.remove(name);
        }
    }
}

fn drop_credentials(call: &mut Call) {
    let doubtful: Vec<HeaderName> = call
        .headers
        .iter()
        .filter(|(name, value)| value.is_sensitive() || !HARMLESS.contains(name))
        .map(|(name, _)| name.clone())
        .collect();
    for name in doubtful {
        call.headers.remove(name);
    }
}
