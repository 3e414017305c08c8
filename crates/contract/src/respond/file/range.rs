//! One range of bytes (RFC 9110, section 14).

use http::{HeaderMap, HeaderValue, header};

use crate::{Error, codes};

/// What of the file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    Whole,
    /// From the first to the last byte, both included.
    Part {
        start: u64,
        end: u64,
    },
    /// The range begins after the end.
    Beyond,
}

/// What the request asks for.
pub(super) fn requested(headers: &HeaderMap, length: u64, etag: &str) -> Span {
    let mut ranges = headers.get_all(header::RANGE).into_iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else {
        return Span::Whole;
    };
    let unchanged = headers
        .get(header::IF_RANGE)
        .is_none_or(|tag| tag.as_bytes() == etag.as_bytes());
    let range = range.to_str().ok().filter(|_| unchanged);
    range
        .and_then(|range| span(range, length))
        .unwrap_or(Span::Whole)
}

/// `416` with the length of the file.
#[track_caller]
pub(super) fn not_satisfiable(length: u64) -> Error {
    let error = Error::new(codes::RANGE_NOT_SATISFIABLE)
        .with_detail(format!("The file is {length} bytes long."));
    match HeaderValue::try_from(format!("bytes */{length}")) {
        Ok(value) => error.with_header(header::CONTENT_RANGE, value),
        Err(_) => error,
    }
}

/// `None` for what a server may ignore: another unit, several ranges, or no range at all.
fn span(range: &str, length: u64) -> Option<Span> {
    let (unit, range) = range.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || last.contains(',') {
        return None;
    }
    let (start, end) = match (first, last) {
        ("", suffix) => {
            let suffix = number(suffix)?;
            if suffix == 0 {
                return Some(Span::Beyond);
            }
            (length.saturating_sub(suffix), length.checked_sub(1))
        }
        (first, "") => (number(first)?, length.checked_sub(1)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, length.checked_sub(1).map(|end| end.min(last)))
        }
    };
    Some(match end {
        Some(end) if start <= end => Span::Part { start, end },
        _ => Span::Beyond,
    })
}

fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // A number beyond all files is beyond this one.
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Span, span};

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        let part = |start, end| Some(Span::Part { start, end });
        for (range, length, expected) in [
            ("bytes=0-0", 10, part(0, 0)),
            ("bytes=2-5", 10, part(2, 5)),
            ("bytes=2-", 10, part(2, 9)),
            ("bytes=-3", 10, part(7, 9)),
            ("bytes=-99", 10, part(0, 9)),
            ("bytes=9-99999999999999999999999", 10, part(9, 9)),
            ("BYTES=0-0", 10, part(0, 0)),
            ("bytes=10-", 10, Some(Span::Beyond)),
            ("bytes=-0", 10, Some(Span::Beyond)),
            ("bytes=0-", 0, Some(Span::Beyond)),
            ("bytes=99999999999999999999999-", 10, Some(Span::Beyond)),
            ("bytes=5-2", 10, None),
            ("bytes=0-1,4-5", 10, None),
            ("bytes=a-b", 10, None),
            ("bytes=+1-2", 10, None),
            ("bytes=-", 10, None),
            ("bytes=1", 10, None),
            ("items=0-1", 10, None),
            ("", 10, None),
        ] {
            assert_eq!(span(range, length), expected, "{range} of {length}");
        }
    }
}
