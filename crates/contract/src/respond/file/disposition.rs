//! `Content-Disposition`, from a name that a client may have chosen.

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The longest name, in bytes; most file systems take no more.
const MAX_NAME_BYTES: usize = 255;

/// Everything but the `attr-char` of RFC 8187, section 3.2.1.
const EXTENDED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// `attachment` with this name: once in ASCII for all, once in UTF-8 when that says more.
pub(super) fn attachment(name: &str) -> Option<HeaderValue> {
    let name: String = cut(name).chars().map(harmless).collect();
    let ascii: String = name.chars().map(plain).collect();
    let value = if ascii == name {
        format!("attachment; filename=\"{ascii}\"")
    } else {
        let extended = utf8_percent_encode(&name, EXTENDED);
        format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{extended}")
    };
    HeaderValue::try_from(value).ok()
}

fn cut(name: &str) -> &str {
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

/// Nothing that is a place in a file system, ends the value, or turns the text around on screen.
fn harmless(c: char) -> char {
    let separator = "/\\\":*?<>|".contains(c);
    let turns = matches!(
        c,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    if separator || turns || c.is_control() {
        '_'
    } else {
        c
    }
}

/// Some clients decode percent signs in the plain form.
fn plain(c: char) -> char {
    if c.is_ascii() && c != '%' { c } else { '_' }
}
