//! Large tables: every route is found, and nothing that is near one.

use http::Method;
use plumego_contract::AppContext;
use plumego_router::{Frozen, Router};

fn freeze(patterns: &[String]) -> Frozen {
    let routes = patterns.iter().fold(Router::new(), |router, pattern| {
        router.get(pattern, async || "ok")
    });
    routes.freeze(AppContext::default()).unwrap()
}

fn check(patterns: &[String]) {
    let frozen = freeze(patterns);
    let found = |path: &str| frozen.find(&Method::GET, path).map(|route| route.index);
    for (index, pattern) in patterns.iter().enumerate() {
        let path = pattern.replace(['{', '}'], "");
        assert_eq!(found(&path), Some(index), "{path}");
        for near in [
            format!("{path}/"),
            format!("{path}/x"),
            format!("{path}~/{path}"),
        ] {
            assert_eq!(found(&near), None, "{near}");
        }
    }
}

#[test]
fn ten_thousand_routes_in_a_tree_are_found() {
    let pattern = |at: usize| match at % 3 {
        0 => format!("/service-{}/things-{at}/{{id}}/end", at % 100),
        1 => format!("/service-{}/a-thing-with-a-long-name-{at}", at % 100),
        _ => format!("/area-{}/{at}/{{id}}/of", at % 50),
    };
    check(&(0..10_000).map(pattern).collect::<Vec<_>>());
}

#[test]
fn ten_thousand_children_of_one_node_are_found() {
    let names = |at: usize| match at % 4 {
        0 => format!("/{at}"),
        1 => format!("/thing-{at}"),
        2 => format!("/the-same-sixteen-bytes-{at}"),
        _ => format!("/{at}-thing"),
    };
    check(&(0..10_000).map(names).collect::<Vec<_>>());
}
