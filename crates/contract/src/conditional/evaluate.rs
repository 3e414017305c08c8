use std::time::{Duration, SystemTime};

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use http::{HeaderMap, HeaderName, Method};

use super::Validators;
use super::tag::TagList;

/// What the conditions of a request come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// They hold, or there are none.
    Proceed,
    /// The client has it already: 304. For GET and HEAD alone.
    NotModified,
    /// They do not hold: 412.
    Failed,
}

/// Holds the conditions of a request against the present state, in the order of RFC 9110, section
/// 13.2.2. `None`: there is no such resource.
///
/// A date that cannot be read, or one of several, is no condition; nor is a date where the state
/// has none.
pub fn evaluate(method: &Method, headers: &HeaderMap, current: Option<&Validators>) -> Verdict {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let tag = current.and_then(|current| current.tag.as_ref());
    let modified = current.and_then(|current| current.modified);
    let since = |name| Some(seconds(modified?) > seconds(date(headers, name)?));

    if let Some(list) = TagList::of(headers, &IF_MATCH) {
        let holds = match list {
            TagList::Any => current.is_some(),
            TagList::Tags(tags) => {
                tag.is_some_and(|tag| tags.iter().any(|there| there.matches_strongly(tag)))
            }
        };
        if !holds {
            return Verdict::Failed;
        }
    } else if since(&IF_UNMODIFIED_SINCE) == Some(true) {
        return Verdict::Failed;
    }
    if let Some(list) = TagList::of(headers, &IF_NONE_MATCH) {
        let same = match list {
            TagList::Any => current.is_some(),
            TagList::Tags(tags) => {
                tag.is_some_and(|tag| tags.iter().any(|there| there.matches_weakly(tag)))
            }
        };
        return match (same, is_read) {
            (false, _) => Verdict::Proceed,
            (true, true) => Verdict::NotModified,
            (true, false) => Verdict::Failed,
        };
    }
    if is_read && since(&IF_MODIFIED_SINCE) == Some(false) {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Whether a request has conditions at all.
pub fn has_conditions(headers: &HeaderMap) -> bool {
    [
        IF_MATCH,
        IF_NONE_MATCH,
        IF_MODIFIED_SINCE,
        IF_UNMODIFIED_SINCE,
    ]
    .iter()
    .any(|name| headers.contains_key(name))
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    let mut values = headers.get_all(name).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

/// HTTP dates have whole seconds.
fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.as_ref().map_or(0, Duration::as_secs)
}
