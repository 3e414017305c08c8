//! What a client accepts, by media type (RFC 9110, section 12.5.1).
//!
//! Pure decisions, for answers that are made in more than one form.
//!
//! ```
//! use http::{HeaderMap, HeaderValue, header};
//! use plumego_contract::accept::{names, prefers_html};
//!
//! let mut headers = HeaderMap::new();
//! headers.insert(header::ACCEPT, HeaderValue::from_static("text/html, */*;q=0.8"));
//! assert!(prefers_html(&headers));
//! assert!(names(&headers, "text", "html"));
//! assert!(!names(&headers, "application", "json"));
//! ```
//!
//! # Limits and defaults
//! Of `Accept` the first 32 ranges count, whatever lines they stand in.

use http::HeaderMap;
use http::header::ACCEPT;

/// More ranges than this in `Accept` are not looked at.
const MAX_RANGES: usize = 32;

/// Whether `text/html` weighs more than both kinds of JSON.
pub fn prefers_html(headers: &HeaderMap) -> bool {
    let html = weight(headers, "text", "html");
    let json = ["problem+json", "json"].map(|sub| weight(headers, "application", sub));
    json.iter().all(|json| html > *json)
}

/// Whether this type itself is accepted, by its name: `*/*` and `text/*` do not count.
pub fn names(headers: &HeaderMap, kind: &str, sub: &str) -> bool {
    matches!(best(headers, kind, sub), (3, weight) if weight > 0)
}

/// The weight of the most specific range that takes the type in, in thousandths; 0 when none does.
pub fn weight(headers: &HeaderMap, kind: &str, sub: &str) -> u16 {
    best(headers, kind, sub).1
}

/// How specific the range is, and its weight.
fn best(headers: &HeaderMap, kind: &str, sub: &str) -> (u8, u16) {
    let lines = headers.get_all(ACCEPT).iter();
    let ranges = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .take(MAX_RANGES);
    let mut best = (0, 0);
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let specific = match name.split_once('/') {
            Some((a, b)) if a.eq_ignore_ascii_case(kind) && b.eq_ignore_ascii_case(sub) => 3,
            Some((a, "*")) if a.eq_ignore_ascii_case(kind) => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        let q = parts.find_map(|part| part.strip_prefix("q="));
        best = best.max((specific, q.map_or(1000, thousandths)));
    }
    best
}

fn thousandths(q: &str) -> u16 {
    let q: f32 = q.parse().unwrap_or(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=1000"
    )]
    {
        (q.clamp(0.0, 1.0) * 1000.0) as u16
    }
}
