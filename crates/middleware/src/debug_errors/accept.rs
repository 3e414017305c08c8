//! Whether a client prefers a page (RFC 9110, section 12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

/// More ranges than this in `Accept` are not looked at.
const MAX_RANGES: usize = 32;

/// Whether `text/html` weighs more than both kinds of JSON.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let html = weight(headers, "text", "html");
    let json = ["problem+json", "json"].map(|sub| weight(headers, "application", sub));
    json.iter().all(|json| html > *json)
}

/// The weight of the most specific range that takes the type in, in thousandths.
fn weight(headers: &HeaderMap, kind: &str, sub: &str) -> u16 {
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
    best.1
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
