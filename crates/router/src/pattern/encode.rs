//! Percent encoding of path segments, RFC 3986 section 2.1.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};

/// All but the unreserved characters of RFC 3986, section 2.3.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a static segment cannot hold as it is and still parse to itself.
const STATIC: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'%')
    .add(b'/')
    .add(b'?')
    .add(b'#')
    .add(b'{')
    .add(b'}');

/// Decodes one segment, strictly: every `%` must begin an escape, and the result must be UTF-8.
pub(crate) fn decode_segment(raw: &str) -> Option<Cow<'_, str>> {
    if memchr::memchr(b'%', raw.as_bytes()).is_none() {
        return Some(Cow::Borrowed(raw));
    }
    if !escapes_are_whole(raw.as_bytes()) {
        return None;
    }
    percent_decode_str(raw).decode_utf8().ok()
}

fn escapes_are_whole(raw: &[u8]) -> bool {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'%', rest) {
        let digits = rest.get(at + 1..at + 3);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return false;
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    true
}

/// Appends one segment, everything but unreserved characters encoded.
pub(crate) fn push_encoded(path: &mut String, segment: &str) {
    path.extend(utf8_percent_encode(segment, SEGMENT));
}

/// Writes static text so that it parses to the same text again.
pub(super) fn write_static(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let (first, rest) = match text.as_bytes().first() {
        Some(b':') => ("%3A", text.get(1..)),
        Some(b'*') => ("%2A", text.get(1..)),
        _ => ("", Some(text)),
    };
    f.write_str(first)?;
    write!(
        f,
        "{}",
        utf8_percent_encode_keeping_unicode(rest.unwrap_or_default())
    )
}

/// Encodes ASCII and control characters alone: text of other scripts stays readable in lists.
fn utf8_percent_encode_keeping_unicode(text: &str) -> impl fmt::Display + '_ {
    fmt::from_fn(move |f| {
        for char in text.chars() {
            let mut buffer = [0; 4];
            let char_text: &str = char.encode_utf8(&mut buffer);
            if char.is_ascii() || char.is_control() {
                write!(f, "{}", utf8_percent_encode(char_text, STATIC))?;
            } else {
                f.write_str(char_text)?;
            }
        }
        Ok(())
    })
}
