//! Adding to `Vary` without saying anything twice.

use http::header::VARY;
use http::{HeaderMap, HeaderValue};

/// Adds these names, in lower case, where `Vary` does not have them yet.
pub(crate) fn add(headers: &mut HeaderMap, names: &'static str) {
    // Mostly there is none, and nothing to read.
    if headers.contains_key(VARY) && names.split(", ").all(|name| has(headers, name)) {
        return;
    }
    headers.append(VARY, HeaderValue::from_static(names));
}

fn has(headers: &HeaderMap, name: &str) -> bool {
    let lines = headers.get_all(VARY).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|there| there == "*" || there.eq_ignore_ascii_case(name))
}
