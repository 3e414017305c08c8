//! Writes an answer that lies in memory.

use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRAILER, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use hyper::ext::ReasonPhrase;
use plumego_contract::Response;

use super::date;
use super::head::number;
use crate::server::request::Tracked;

/// The longest body that is copied behind its head. Longer ones go out from where they lie.
const MAX_BODY: usize = 16 * 1024;

/// Writes an answer, to a `HEAD` or another request, as the engine would, at the end of `out`.
/// False, and nothing written, when it is the engine's to send.
pub(super) fn write(out: &mut Vec<u8>, response: &Response<Tracked>, is_head: bool) -> bool {
    let before = out.len();
    let written = try_write(out, response, is_head).is_some();
    if !written {
        out.truncate(before);
    }
    written
}

fn try_write(out: &mut Vec<u8>, response: &Response<Tracked>, is_head: bool) -> Option<()> {
    let body = response.body().in_memory()?;
    if body.len() > MAX_BODY || response.version() != Version::HTTP_11 {
        return None;
    }
    if response.extensions().get::<ReasonPhrase>().is_some() {
        return None;
    }
    let (status, headers) = (response.status(), response.headers());
    out.reserve(128 + 64 * headers.len() + body.len());
    write_status(out, status)?;
    let found = write_fields(out, headers)?;
    if let Some(context) = response.body().context() {
        context.write_late_fields(out);
    }
    // Neither has a body, and its length would be that of another answer (RFC 9110, section 8.6).
    let is_bare = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    // An answer to `HEAD` without a body says itself how long that to `GET` would be, or nobody.
    let is_of_get = is_head && body.is_empty();
    if let Some(length) = found.length {
        let is_its_own = number(length.as_bytes()) == Some(body.len());
        if is_bare || !(is_its_own || is_of_get) {
            return None;
        }
    } else if !is_bare && !is_of_get {
        out.extend_from_slice(b"content-length: ");
        out.extend_from_slice(itoa::Buffer::new().format(body.len()).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    if !found.is_dated {
        out.extend_from_slice(b"date: ");
        out.extend_from_slice(&date::now());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    if !is_bare && !is_head {
        out.extend_from_slice(body);
    }
    Some(())
}

fn write_status(out: &mut Vec<u8>, status: StatusCode) -> Option<()> {
    if status == StatusCode::OK {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return Some(());
    }
    let reason = status.canonical_reason()?;
    if status.is_informational() {
        return None;
    }
    for part in ["HTTP/1.1 ", status.as_str(), " ", reason, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    Some(())
}

/// What there is among the fields of an answer.
#[derive(Default)]
struct Fields<'a> {
    is_dated: bool,
    length: Option<&'a HeaderValue>,
}

fn write_fields<'a>(out: &mut Vec<u8>, headers: &'a HeaderMap) -> Option<Fields<'a>> {
    let mut found = Fields::default();
    for (name, value) in headers {
        match *name {
            CONNECTION | TRANSFER_ENCODING | TRAILER => return None,
            CONTENT_LENGTH if found.length.is_some() => return None,
            CONTENT_LENGTH => found.length = Some(value),
            DATE => found.is_dated = true,
            _ => {}
        }
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    Some(found)
}
