//! What becomes of trailing and doubled slashes.

use std::borrow::Cow;

use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

/// What becomes of trailing and doubled slashes. One choice for the whole router.
///
/// | | `/users/` when `/users` is there | `//users` |
/// | --- | --- | --- |
/// | `Strict` | 404 | 404 |
/// | `Redirect` | 308 to `/users` | 308 to `/users` |
/// | `Lenient` | as `/users` | as `/users` |
///
/// Below a mount slashes are the mounted service's business and are passed through untouched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Slashes {
    /// They are part of the path. The default.
    #[default]
    Strict,
    /// A path that leads nowhere is redirected (308, RFC 9110 section 15.4.9, the query kept) to
    /// the one without doubled slashes, or with the trailing slash toggled, when that leads
    /// somewhere. Never to another host.
    Redirect,
    /// They do not count: doubled ones are one, a trailing one is none. The value of a wildcard
    /// has none either.
    Lenient,
}

/// What a `Location` cannot hold as it is. The backslash is a slash to browsers.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The path as a lenient router sees it.
pub(crate) fn lenient(path: &str) -> Cow<'_, str> {
    let path = collapse(path);
    match path {
        Cow::Borrowed(text) if text.len() > 1 => {
            Cow::Borrowed(text.strip_suffix('/').unwrap_or(text))
        }
        Cow::Owned(mut text) => {
            if text.len() > 1 && text.ends_with('/') {
                text.pop();
            }
            Cow::Owned(text)
        }
        root @ Cow::Borrowed(_) => root,
    }
}

/// The paths a redirecting router tries instead, best first.
pub(crate) fn instead(path: &str) -> impl Iterator<Item = String> {
    let collapsed = collapse(path).into_owned();
    let toggled = match collapsed.strip_suffix('/') {
        Some("") => None,
        Some(without) => Some(without.to_owned()),
        None => Some(format!("{collapsed}/")),
    };
    let different = (collapsed != path).then_some(collapsed);
    different.into_iter().chain(toggled)
}

/// The `Location` of a redirect within this host, or `None` when it would not be one.
pub(crate) fn location(path: &str, query: Option<&str>) -> Option<HeaderValue> {
    if !path.starts_with('/') || path.starts_with("//") {
        return None;
    }
    let mut target: String = percent_encode(path.as_bytes(), UNSAFE).collect();
    if let Some(query) = query {
        target.push('?');
        target.extend(percent_encode(query.as_bytes(), UNSAFE));
    }
    HeaderValue::try_from(target).ok()
}

fn collapse(path: &str) -> Cow<'_, str> {
    if !path.contains("//") {
        return Cow::Borrowed(path);
    }
    let mut collapsed = String::with_capacity(path.len());
    for char in path.chars() {
        if char != '/' || !collapsed.ends_with('/') {
            collapsed.push(char);
        }
    }
    Cow::Owned(collapsed)
}
