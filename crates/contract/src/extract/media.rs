//! Reading `Content-Type`, RFC 9110 section 8.3.

use std::borrow::Cow;

use http::{HeaderMap, header};

use crate::{Error, codes};

/// A media type, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MediaType<'a> {
    kind: &'a str,
    parameters: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> MediaType<'a> {
    /// Reads the media type of a request: `Ok(None)` when there is no `Content-Type`.
    ///
    /// More than one header, or one that is no media type, is `415`: guessing which of two a
    /// proxy in front has read is how filters are bypassed.
    pub(super) fn of(headers: &'a HeaderMap) -> Result<Option<Self>, Error> {
        let mut all = headers.get_all(header::CONTENT_TYPE).iter();
        let Some(first) = all.next() else {
            return Ok(None);
        };
        let parsed = match all.next() {
            None => first.to_str().ok().and_then(Self::parse),
            Some(_) => None,
        };
        parsed.map(Some).ok_or_else(|| {
            Error::new(codes::UNSUPPORTED_MEDIA_TYPE)
                .with_detail("Content-Type must be one well-formed media type.")
        })
    }

    /// Reads one. Unquoted values may hold any visible character but `"`, `,` and `;`: real
    /// clients send boundaries with `=` or `/` in them without the quotes that the RFC asks for.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (kind, mut rest) = match text.split_once(';') {
            Some((kind, rest)) => (kind.trim_matches(BLANK), rest),
            None => (text.trim_matches(BLANK), ""),
        };
        let (main, sub) = kind.split_once('/')?;
        if !is_token(main) || !is_token(sub) {
            return None;
        }
        let mut parameters = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', ';']);
            if rest.is_empty() {
                return Some(Self { kind, parameters });
            }
            let (name, after) = rest.split_once('=')?;
            if !is_token(name) {
                return None;
            }
            let (value, after) = parse_value(after)?;
            parameters.push((name, value));
            rest = after.trim_start_matches(BLANK);
            if !rest.is_empty() && !rest.starts_with(';') {
                return None;
            }
        }
    }

    /// Whether it is this type, whatever its parameters. Case does not matter.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    /// Whether it is `application/json` or anything `+json`.
    pub(super) fn is_json(&self) -> bool {
        self.is("application/json")
            || self
                .kind
                .len()
                .checked_sub("+json".len())
                .and_then(|start| self.kind.get(start..))
                .is_some_and(|end| end.eq_ignore_ascii_case("+json"))
    }

    /// Whether no charset is given but UTF-8.
    pub(super) fn is_utf8(&self) -> bool {
        self.values("charset")
            .all(|charset| charset.eq_ignore_ascii_case("utf-8"))
    }

    /// The values of a parameter, in the order they were given.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.parameters
            .iter()
            .filter(move |(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }
}

const BLANK: [char; 2] = [' ', '\t'];

/// RFC 9110, section 5.6.2.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The value at the start of the text, and what follows it.
fn parse_value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text
            .find(|c: char| !c.is_ascii_graphic() || matches!(c, '"' | ',' | ';'))
            .unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end)?;
        return (!value.is_empty()).then_some((Cow::Borrowed(value), rest));
    };
    parse_quoted(quoted)
}

/// What stands before the closing quote, unescaped, and what follows the quote.
pub(crate) fn parse_quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = text.find(['"', '\\'])?;
    if text.get(end..)?.starts_with('"') {
        return Some((Cow::Borrowed(text.get(..end)?), text.get(end + 1..)?));
    }
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((Cow::Owned(value), chars.as_str())),
            '\\' => value.push(chars.next()?),
            c => value.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MediaType;

    #[test]
    fn media_types_are_taken_apart() {
        let parsed = MediaType::parse("Text/HTML; Charset=\"utf\\-8\" ;q=1;").unwrap();
        assert!(parsed.is("text/html"));
        assert_eq!(parsed.values("charset").collect::<Vec<_>>(), ["utf-8"]);
        assert_eq!(parsed.values("Q").collect::<Vec<_>>(), ["1"]);
        assert!(
            MediaType::parse("application/problem+JSON")
                .unwrap()
                .is_json()
        );
        assert!(!MediaType::parse("application/jsonx").unwrap().is_json());
    }

    #[test]
    fn what_is_no_media_type_is_refused() {
        for text in [
            "",
            "/",
            "text",
            "text/",
            "/html",
            "te xt/html",
            "text/html; charset",
            "text/html; charset=",
            "text/html; charset=\"utf-8",
            "text/html; charset=\"a\" b",
            "text/html; =b",
            "text/html; a=b, text/plain",
            "text/ht\u{e9}l",
            "a/b; c=\"\\",
        ] {
            assert_eq!(MediaType::parse(text), None, "{text}");
        }
    }
}
