//! The routes that somebody may have meant.

use std::sync::Arc;

use http::Method;
use plumego_contract::{Methods, RouteInfo};

const MAX_NAMED: usize = 5;
const MAX_ROUTES: usize = 2000;
const MAX_PATH_BYTES: usize = 256;

/// The nearest routes to a path, the nearest first.
pub(super) fn nearest(method: &Method, path: &str, routes: &[Arc<RouteInfo>]) -> Vec<String> {
    if path.len() > MAX_PATH_BYTES {
        return Vec::new();
    }
    let far = path.len() / 2 + 3;
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut found: Vec<(usize, String)> = routes
        .iter()
        .take(MAX_ROUTES)
        .map(|route| {
            let pattern: Vec<&str> = route.pattern.split('/').skip(1).collect();
            let other_method = matches!(&route.methods, Methods::One(one) if one != method);
            let cost = distance(&segments, &pattern) + usize::from(other_method);
            (cost, route.to_string())
        })
        .filter(|(cost, _)| *cost <= far)
        .collect();
    found.sort();
    found.truncate(MAX_NAMED);
    found.into_iter().map(|(_, name)| name).collect()
}

/// What it takes to turn the path into one that the pattern takes: edits inside of segments, and
/// whole segments added or left out.
fn distance(path: &[&str], pattern: &[&str]) -> usize {
    let whole = |segment: &&str| segment.len() + 1;
    let mut row: Vec<usize> = vec![0];
    for segment in path {
        row.push(row.last().copied().unwrap_or(0) + whole(segment));
    }
    for part in pattern {
        let is_rest = part.starts_with("{*");
        let is_parameter = part.starts_with('{');
        let missing = if is_parameter { 2 } else { whole(part) };
        let mut next: Vec<usize> = vec![row.first().copied().unwrap_or(0) + missing];
        for (segment, pair) in path.iter().zip(row.windows(2)) {
            let [before, above] = pair else { continue };
            let change = match (is_parameter, segment.is_empty()) {
                (true, false) => 0,
                (true, true) => 1,
                (false, _) => edits(segment, part),
            };
            let left = next.last().copied().unwrap_or(0);
            let more = if is_rest { 0 } else { whole(segment) };
            next.push((before + change).min(above + missing).min(left + more));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// How many bytes must be changed, added or taken away (Levenshtein).
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=a.len()).collect();
    for y in b.bytes() {
        let mut next = vec![row.first().copied().unwrap_or(0) + 1];
        for (x, pair) in a.bytes().zip(row.windows(2)) {
            let [before, above] = pair else { continue };
            let left = next.last().copied().unwrap_or(0);
            let change = before + usize::from(!x.eq_ignore_ascii_case(&y));
            next.push(change.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_edits_and_whole_segments() {
        for (path, pattern, expected) in [
            ("/users/7", "/users/{id}", 0),
            ("/user/7", "/users/{id}", 1),
            ("/Users/7", "/users/{id}", 0),
            ("/usres", "/users", 2),
            ("/users", "/users/{id}", 2),
            ("/users/7/posts", "/users/{id}", 2),
            ("/files/a/b/c", "/files/{*path}", 0),
            ("/", "/", 0),
            ("/x", "/", 1),
        ] {
            let path: Vec<&str> = path.split('/').skip(1).collect();
            let pattern: Vec<&str> = pattern.split('/').skip(1).collect();
            assert_eq!(distance(&path, &pattern), expected, "{path:?} {pattern:?}");
        }
    }
}
