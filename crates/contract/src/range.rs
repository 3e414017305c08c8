//! Ranges of bytes that a request asks for (RFC 9110, section 14).
//!
//! Pure decisions, for whoever can send parts of a body. Not for other units.
//!
//! ```
//! use http::{HeaderMap, HeaderValue, header};
//! use plumego_contract::conditional::Validators;
//! use plumego_contract::range::{Requested, requested};
//!
//! let mut headers = HeaderMap::new();
//! headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-9, 5-19, -10"));
//! let asked = requested(&headers, 1000, &Validators::default());
//! assert_eq!(asked, Requested::Parts(vec![0..20, 990..1000]));
//! ```
//!
//! # Limits and defaults
//! At most [`MAX_RANGES`] ranges, of which those that overlap or touch are made one; with more the
//! header is ignored, and the whole is sent.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header};
use plumego_stdx::clock::Timestamp;

use crate::conditional::{EntityTag, Validators};
use crate::{Error, codes};

/// The most ranges of one request.
pub const MAX_RANGES: usize = 16;

/// What of a body a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requested {
    /// All of it: there is no `Range`, or one that a server ignores.
    Whole,
    /// These parts, in their order in the body, apart from each other and none of them empty; one
    /// at least.
    Parts(Vec<Range<u64>>),
    /// No range begins before the end: `416`.
    Beyond,
}

/// What the headers of a GET ask for, of a body of that length.
///
/// Other units than bytes, two `Range` lines and malformed ones are ignored. So is `Range` when
/// `If-Range` does not hold: a tag is compared strongly; a date must be that of the last change,
/// and that change a second ago or more.
pub fn requested(headers: &HeaderMap, length: u64, current: &Validators) -> Requested {
    let mut ranges = headers.get_all(header::RANGE).into_iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else {
        return Requested::Whole;
    };
    if !is_unchanged(headers, current) {
        return Requested::Whole;
    }
    let range = range.to_str().ok();
    range
        .and_then(|range| parse(range, length))
        .unwrap_or(Requested::Whole)
}

/// `416 range_not_satisfiable` with the length of the body.
#[track_caller]
pub fn not_satisfiable(length: u64) -> Error {
    let error = Error::new(codes::RANGE_NOT_SATISFIABLE)
        .with_detail(format!("The file is {length} bytes long."));
    match HeaderValue::try_from(format!("bytes */{length}")) {
        Ok(value) => error.with_header(header::CONTENT_RANGE, value),
        Err(_) => error,
    }
}

/// Whether `If-Range` lets `Range` count.
fn is_unchanged(headers: &HeaderMap, current: &Validators) -> bool {
    let mut values = headers.get_all(header::IF_RANGE).iter();
    let Some(value) = values.next() else {
        return true;
    };
    if values.next().is_some() {
        return false;
    }
    if let Some(tag) = EntityTag::parse(value.as_bytes()) {
        let current = current.tag.as_ref();
        return current.is_some_and(|current| current.matches_strongly(&tag));
    }
    let date = value.to_str().ok().and_then(|text| {
        let date = httpdate::parse_http_date(text).ok()?;
        Some((date, current.modified?))
    });
    date.is_some_and(|(date, modified)| {
        seconds(date) == seconds(modified)
            && modified + Duration::from_secs(1) <= Timestamp::now().to_system_time()
    })
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.as_ref().map_or(0, Duration::as_secs)
}

/// `None` for what a server may ignore: another unit, too many ranges, or what is no range.
fn parse(text: &str, length: u64) -> Option<Requested> {
    let (unit, set) = text.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut parts = Vec::new();
    let mut count = 0;
    for member in set
        .split(',')
        .map(|member| member.trim_matches([' ', '\t']))
    {
        // Members with nothing in them do not count (RFC 9110, section 5.6.1.2), nor do they grow
        // without end.
        count += 1;
        if count > 2 * MAX_RANGES || parts.len() > MAX_RANGES {
            return None;
        }
        if !member.is_empty() {
            parts.push(span(member, length)?);
        }
    }
    if parts.is_empty() || parts.len() > MAX_RANGES {
        return None;
    }
    let mut parts: Vec<Range<u64>> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.sort_by_key(|part| part.start);
    Some(if parts.is_empty() {
        Requested::Beyond
    } else {
        Requested::Parts(joined(parts))
    })
}

/// One range; one that begins after the end is empty.
fn span(member: &str, length: u64) -> Option<Range<u64>> {
    let (first, last) = member.split_once('-')?;
    let span = match (first, last) {
        ("", suffix) => length.saturating_sub(number(suffix)?)..length,
        (first, "") => number(first)?..length,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(length)
        }
    };
    Some(span)
}

/// Parts that overlap or touch are one. They come in order.
fn joined(parts: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(parts.len());
    for part in parts {
        match joined.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => joined.push(part),
        }
    }
    joined
}

fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // A number beyond all files is beyond this one.
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}
