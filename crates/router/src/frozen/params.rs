//! From raw parts of the path to decoded parameters.

use std::borrow::Cow;

use plumego_contract::Params;

use super::Entry;
use crate::pattern::{Segment, decode_segment};
use crate::table::Captures;

/// The decoded parameters, or `None` when an escape is broken or a value is not UTF-8.
pub(super) fn decode(entry: &Entry, path: &str, captures: &Captures) -> Option<Params> {
    // Decoding makes nothing longer.
    let bytes = captures.iter().map(ExactSizeIterator::len).sum();
    let mut params = Params::with_capacity(bytes);
    let mut captures = captures.iter();
    for segment in entry.pattern.segments() {
        if segment.name().is_none() {
            continue;
        }
        // The prefix of a mount alone leaves nothing for its wildcard.
        let raw = captures
            .next()
            .and_then(|range| path.get(range.clone()))
            .unwrap_or_default();
        match segment {
            Segment::Wildcard(_) if entry.mount.is_some() => {
                // How the rest is to be read is the mounted service's business.
                params.push(&decode_rest(raw).unwrap_or(Cow::Borrowed(raw)));
            }
            Segment::Wildcard(_) => params.push(&decode_rest(raw)?),
            _ => params.push(&decode_segment(raw)?),
        }
    }
    Some(params)
}

/// Decodes the value of a wildcard, segment by segment. An encoded slash stays encoded, as `%2F`:
/// decoding it would make two segments of one.
fn decode_rest(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.contains('%') {
        return Some(Cow::Borrowed(raw));
    }
    let mut decoded = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find("%2F").or_else(|| rest.find("%2f")) {
        // Both spellings may be there: the nearer one counts.
        let at = rest.find("%2f").map_or(at, |other| at.min(other));
        decoded.push_str(&decode_segment(rest.get(..at)?)?);
        decoded.push_str("%2F");
        rest = rest.get(at + 3..)?;
    }
    decoded.push_str(&decode_segment(rest)?);
    Some(Cow::Owned(decoded))
}

/// Where the part of the path begins that a service mounted `depth` segments deep sees. Slashes in
/// front of each of these segments may be doubled where slashes do not count.
pub(super) fn tail(path: &str, depth: usize) -> usize {
    let mut rest = path;
    for _ in 0..depth {
        rest = rest.trim_start_matches('/');
        rest = rest
            .find('/')
            .and_then(|at| rest.get(at..))
            .unwrap_or_default();
    }
    path.len() - rest.len()
}
