//! One value that did not fit.

use std::fmt;

use serde::Serialize;

use super::Message;

/// The longest pointer, in bytes: keys of maps are the client's own text.
const MAX_POINTER_BYTES: usize = 512;

/// The longest detail, in bytes: it may repeat what the client sent.
const MAX_DETAIL_BYTES: usize = 1024;

/// One value that did not fit, named by an RFC 6901 JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldError {
    /// Where the value is, such as `/items/0/name`; empty for the whole body.
    pub pointer: String,
    /// A stable word for the rule, such as `required`.
    pub code: Message,
    /// What was expected.
    pub detail: Message,
}

impl FieldError {
    /// A value that did not fit. `path` is a JSON pointer (`/items/0/name`), or a dotted path with
    /// indices (`items[0].name`), which is turned into one. The pointer is cut at 512 bytes, the
    /// detail at 1024.
    pub fn at(path: impl AsRef<str>, code: impl Into<Message>, detail: impl Into<Message>) -> Self {
        let mut pointer = pointer(path.as_ref());
        pointer.truncate(bounded(&pointer, MAX_POINTER_BYTES).len());
        let mut detail = detail.into();
        if detail.len() > MAX_DETAIL_BYTES {
            detail = bounded(&detail, MAX_DETAIL_BYTES).to_owned().into();
        }
        Self {
            pointer,
            code: code.into(),
            detail,
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() {
            "/"
        } else {
            &self.pointer
        };
        write!(f, "{pointer}: {}", self.detail)
    }
}

/// Adds one reference token to a pointer, escaped as RFC 6901 asks.
pub(crate) fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for c in token.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// The longest beginning of the text that ends between characters and is no longer than this.
pub(super) fn bounded(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max))
        .unwrap_or_default()
}

fn pointer(path: &str) -> String {
    if path.is_empty() || path == "." || path.starts_with('/') {
        return if path == "." {
            String::new()
        } else {
            path.to_owned()
        };
    }
    let mut out = String::with_capacity(path.len() + 1);
    for token in path.split(['.', '[']) {
        let token = token.strip_suffix(']').unwrap_or(token);
        if !token.is_empty() {
            push_token(&mut out, token);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::pointer;

    #[test]
    fn paths_become_json_pointers() {
        for (path, expected) in [
            ("", ""),
            (".", ""),
            ("name", "/name"),
            ("items[0].name", "/items/0/name"),
            ("a.b", "/a/b"),
            ("/a~1b/0", "/a~1b/0"),
            ("a~b", "/a~0b"),
        ] {
            assert_eq!(pointer(path), expected, "{path}");
        }
    }
}
