//! `name=value` pairs, as the variables of OpenTelemetry have them (W3C Baggage without
//! properties).

use std::fmt;

const PAIRS_MAX: usize = 64;

/// What is wrong with such a list. Never the values, which may be secrets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ListError {
    TooMany,
    /// The number of the pair, from 1.
    Malformed(usize),
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(f, "there are more than {PAIRS_MAX} pairs"),
            Self::Malformed(number) => write!(f, "pair {number} cannot be read"),
        }
    }
}

pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, ListError> {
    let mut pairs = Vec::new();
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    for (at, part) in parts.enumerate() {
        if at == PAIRS_MAX {
            return Err(ListError::TooMany);
        }
        let pair = part.split_once('=').and_then(|(name, value)| {
            let name = decode(name.trim()).filter(|name| !name.is_empty())?;
            Some((name, decode(value.trim())?))
        });
        pairs.push(pair.ok_or(ListError::Malformed(at + 1))?);
    }
    Ok(pairs)
}

/// Percent-decodes; `None` for a broken escape and for what is not UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[(&str, &str)], ListError>) {
        let expected = expected.map(|pairs| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            pairs.iter().map(owned).collect::<Vec<_>>()
        });
        assert_eq!(pairs(text), expected, "{text:?}");
    }

    #[test]
    fn lists_are_read_as_opentelemetry_writes_them() {
        check("", Ok(&[]));
        check(" , ", Ok(&[]));
        check("a=1, b = 2 ,", Ok(&[("a", "1"), ("b", "2")]));
        check(
            "api-key=a%3Db%2C%20c,x=y=z",
            Ok(&[("api-key", "a=b, c"), ("x", "y=z")]),
        );
        check("empty=", Ok(&[("empty", "")]));
        check("a=1,b", Err(ListError::Malformed(2)));
        check("=1", Err(ListError::Malformed(1)));
        check("a=%2", Err(ListError::Malformed(1)));
        check("a=%+1", Err(ListError::Malformed(1)));
        check("a=%ff", Err(ListError::Malformed(1)));
        check(&"a=1,".repeat(65), Err(ListError::TooMany));
    }
}
