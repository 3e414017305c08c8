//! Patterns of routes, as a program writes them.

use plumego_contract::AppContext;
use plumego_router::Router;

/// Inputs to start from.
pub const SEEDS: &[&[u8]] = &[
    b"/users/{id}/posts/{post}",
    b"/files/{*path}",
    b"/:a/b/*rest",
    b"/caf%C3%A9/{x}//..",
];

/// Registers the pattern. One that is taken is canonical, and is taken again as itself.
pub fn run(data: &[u8]) {
    let Ok(pattern) = std::str::from_utf8(data) else {
        return;
    };
    let Some(canonical) = listed(pattern) else {
        return;
    };
    assert_eq!(listed(&canonical).as_ref(), Some(&canonical), "{pattern:?}");
}

fn listed(pattern: &str) -> Option<String> {
    let router = Router::new().get(pattern, async || "found");
    let frozen = router.freeze(AppContext::default()).ok()?;
    frozen.routes().first().map(|route| route.pattern.clone())
}
