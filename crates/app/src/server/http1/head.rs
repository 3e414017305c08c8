//! Takes a request out of the bytes that came, if it is one of the plain kind.

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, Method, Request, Uri, Version};
use httparse::Status;
use plumego_contract::Body;

/// As many fields as the engine allows.
const MAX_FIELDS: usize = 100;

/// Why there is no request.
pub(super) enum Missing {
    /// There may be when more has come.
    Part,
    /// This is for the engine: it knows what to do, or what to refuse.
    Other,
}

/// The request at the front of `bytes` with all of its body, and how many bytes it has. Its head
/// has at most `max` of them.
///
/// Whoever disagrees with the engine about where a request ends lets others smuggle requests. So
/// only what has one reading is taken: HTTP/1.1, a path, no `Transfer-Encoding`, at most one
/// `Content-Length`, which is a plain number, and a body that is here (RFC 9112, section 6.3).
pub(super) fn find(bytes: &[u8], max: usize) -> Result<(Request<Body>, usize), Missing> {
    if bytes.is_empty() {
        return Err(Missing::Part);
    }
    // One copy for all values, so that what a handler keeps is this much and not the buffer.
    let bytes = Bytes::copy_from_slice(bytes);
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut head = httparse::Request::new(&mut []);
    let length = match head.parse_with_uninit_headers(&bytes, &mut fields) {
        Ok(Status::Complete(length)) if length <= max => length,
        Ok(Status::Partial) => return Err(Missing::Part),
        _ => return Err(Missing::Other),
    };
    plain(&bytes, length, &head).ok_or(Missing::Other)
}

fn plain(
    bytes: &Bytes,
    length: usize,
    head: &httparse::Request<'_, '_>,
) -> Option<(Request<Body>, usize)> {
    let method = Method::from_bytes(head.method?.as_bytes()).ok()?;
    let path = head.path.filter(|path| path.starts_with('/'))?;
    if head.version != Some(1) || method == Method::CONNECT {
        return None;
    }
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_maybe_shared(bytes.slice_ref(path.as_bytes())).ok()?;
    *request.version_mut() = Version::HTTP_11;
    let body = read_fields(request.headers_mut(), bytes, head.headers)?;
    let end = length.checked_add(body).filter(|end| *end <= bytes.len())?;
    if body > 0 {
        *request.body_mut() = Body::from(bytes.slice(length..end));
    }
    Some((request, end))
}

/// The length of the body.
fn read_fields(
    headers: &mut HeaderMap,
    bytes: &Bytes,
    fields: &[httparse::Header<'_>],
) -> Option<usize> {
    let mut body = None;
    // With room for what the guards add.
    headers.reserve(fields.len() + 2);
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        match name {
            TRANSFER_ENCODING | EXPECT | UPGRADE => return None,
            CONNECTION if !field.value.eq_ignore_ascii_case(b"keep-alive") => return None,
            CONTENT_LENGTH if body.is_some() => return None,
            CONTENT_LENGTH => body = Some(number(field.value)?),
            _ => {}
        }
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value)).ok()?;
        headers.append(name, value);
    }
    Some(body.unwrap_or(0))
}

/// Digits, few enough that they cannot overflow: more would not be here anyway.
pub(super) fn number(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() || digits.len() > 5 {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
        Some(number * 10 + usize::from(digit))
    })
}
