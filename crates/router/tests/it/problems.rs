//! Everything that is refused at freeze, all at once, with the lines that made it.

use std::panic::Location;

use http::Method;
use plumego_contract::extract::Needs;
use plumego_contract::{AppContext, Error, FromParts, OnDisconnect, State};
use plumego_router::{Router, Slashes};

use crate::client::{problems, tell};

async fn ok() {}

/// The line of the caller, as problems show it.
#[track_caller]
fn here() -> String {
    Location::caller().to_string()
}

fn check(router: Router, expected: &[&str]) {
    let found = problems(router);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found}\n  lacks {expected}");
        assert!(found.contains("problems.rs:"), "no location: {found}");
    }
}

#[test]
fn a_duplicate_names_both_lines() {
    let first = here();
    let router = Router::new().get("/a/{x}", ok);
    let router = router.get("/a/{x}", ok);
    let found = problems(router);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("GET /a/{x}: the route is there twice ("));
    let line: u32 = first.split(':').nth(1).unwrap().parse().unwrap();
    for offset in [1, 2] {
        assert!(
            found[0].contains(&format!("problems.rs:{}:", line + offset)),
            "{found:?}"
        );
    }
}

#[test]
fn other_parameter_names_make_a_route_unreachable() {
    check(
        Router::new().get("/a/{x}/b", ok).get("/a/:y/b", ok),
        &["GET /a/{y}/b: unreachable, GET /a/{x}/b comes first and differs in parameter names"],
    );
    check(
        Router::new().any("/{*x}", ok).any("/*y", ok),
        &["ANY /{*y}: unreachable, ANY /{*x} comes first"],
    );
}

#[test]
fn groups_meet_where_their_routes_do() {
    let router = Router::new()
        .get("/api/users", ok)
        .group("/api", |r| r.get("/users", ok).post("/users", ok));
    check(router, &["GET /api/users: the route is there twice"]);
    let apart = Router::new()
        .get("/api", ok)
        .group("", |r| r.host("example.com").get("/api", ok));
    assert!(apart.freeze(AppContext::default()).is_ok());
}

#[test]
fn the_choice_of_slashes_can_make_two_routes_one() {
    let both = || Router::new().get("/a", ok).get("/a/", ok);
    assert!(both().freeze(AppContext::default()).is_ok());
    for slashes in [Slashes::Lenient, Slashes::Redirect] {
        check(
            both().slashes(slashes),
            &["GET /a/: unreachable, GET /a comes first and the choice of slashes"],
        );
    }
}

#[test]
fn connect_has_no_path() {
    check(
        Router::new().method(Method::CONNECT, "/tunnel", ok),
        &["CONNECT /tunnel: unreachable, the target of CONNECT is a host"],
    );
}

#[test]
fn broken_patterns_name_the_route_and_what_to_write() {
    let cases = [
        ("users", "a pattern must start with `/`"),
        ("/a//b", "two slashes in a row"),
        ("/{*rest}/x", "the wildcard `{*rest}` takes the whole rest"),
        ("/{}", "a parameter has no name"),
        ("/:", "a parameter has no name"),
        ("/*", "a parameter has no name"),
        ("/{*}", "a parameter has no name"),
        ("/{id}/{id}", "the parameter `id` is there twice"),
        ("/{a}/:b", "are mixed"),
        ("/{a", "unbalanced brace in `{a`"),
        ("/a}", "unbalanced brace in `a}`"),
        ("/{a}.json", "`{a}.json` has text beside a parameter"),
        ("/{1a}", "`1a` is no parameter name"),
        ("/{a-b}", "`a-b` is no parameter name"),
        ("/:a.b", "`a.b` is no parameter name"),
        ("/a?b", "`?` cannot be in a path"),
        ("/a#b", "`#` cannot be in a path"),
        ("/a b", "` ` cannot be in a path"),
        ("/a\nb", "`\\n` cannot be in a path"),
        ("/a/../b", "a segment `.` or `..` can never match"),
        ("/%2e", "a segment `.` or `..` can never match"),
        ("/%zz", "`%zz` has a broken percent escape"),
        (
            "/%ff",
            "`%ff` has a broken percent escape, or one that is not UTF-8",
        ),
    ];
    for (pattern, why) in cases {
        let found = problems(Router::new().get(pattern, ok));
        assert_eq!(found.len(), 1, "{pattern}");
        assert!(found[0].contains(why), "{pattern}: {}", found[0]);
        assert!(found[0].starts_with("GET `"), "{}", found[0]);
    }
    let long = "/a".repeat(65);
    check(Router::new().get(&long, ok), &["65 segments are too many"]);
    let half = "/a".repeat(33);
    check(
        Router::new().group(&half, |r| r.get(&half, ok)),
        &["66 segments are too many"],
    );
}

#[test]
fn a_name_repeated_across_a_group_prefix_is_found() {
    check(
        Router::new().group("/{id}", |r| r.get("/posts/{id}", ok)),
        &["the parameter `id` is there twice"],
    );
    check(
        Router::new().group("/{id", |r| r.get("/posts/{*x}/y", ok)),
        &[
            "group `/{id`: unbalanced",
            "GET `/posts/{*x}/y`: the wildcard",
        ],
    );
    check(
        Router::new().group("/api/", |r| r.get("/", ok)),
        &["a prefix must not end with a slash"],
    );
}

#[test]
fn names_are_unique_in_the_whole_application() {
    let router = Router::new()
        .get("/a", ok)
        .name("x")
        .group("/g", |r| r.get("/b", ok).name("x"));
    check(router, &["the name `x` is given to GET /a and to GET /g/b"]);
}

#[test]
fn a_modifier_without_a_route_is_no_panic() {
    let router = Router::new()
        .name("x")
        .get("/", ok)
        .group("/g", |r| r.deprecated().get("/", ok))
        .on_disconnect(OnDisconnect::Cancel)
        .fallback(ok)
        .tag("t");
    check(
        router,
        &[
            "`name` speaks of",
            "`on_disconnect` speaks of",
            "`tag` speaks of",
            "`deprecated` speaks",
        ],
    );
}

#[derive(Clone)]
struct Orders;

struct TwoParts;

impl FromParts for TwoParts {
    async fn from_parts(_: &mut http::request::Parts) -> Result<Self, Error> {
        Ok(Self)
    }

    fn needs(needs: &mut Needs) {
        needs.path(|names| match names.len() {
            2 => Ok(()),
            n => Err(format!("two parameters are needed, the pattern has {n}")),
        });
    }
}

async fn orders(_: State<Orders>) {}

async fn pair(_: TwoParts) {}

#[test]
fn states_and_parameters_are_held_against_the_handler() {
    let router = Router::new()
        .get("/orders", orders)
        .get("/pair/{a}", pair)
        .group("/{a}", |r| r.get("/{b}", pair))
        .fallback(orders);
    check(
        router,
        &[
            "GET /orders: state `it::problems::Orders` was never given to the app",
            "GET /pair/{a}: two parameters are needed, the pattern has 1",
            "fallback: state `it::problems::Orders`",
        ],
    );
    let given = Router::new()
        .get("/orders", orders)
        .group("/x", |r| r.state(Orders));
    assert!(given.freeze(AppContext::default()).is_ok());
    let mut app = AppContext::default();
    app.state.insert(Orders);
    assert!(Router::new().get("/orders", orders).freeze(app).is_ok());
    check(
        Router::new().state(Orders).state(Orders),
        &["state `it::problems::Orders` is given twice"],
    );
}

#[test]
fn hosts_are_names() {
    for (host, why) in [
        ("", "is no host name"),
        ("a b", "is no host name"),
        ("example.com:80", "has a port"),
        ("a.*.com", "has a `*`"),
        ("*", "has a `*`"),
        ("*.", "is no host name"),
        ("http://example.com", "is no host name"),
    ] {
        let found = problems(Router::new().host(host).get("/", ok));
        assert!(found[0].contains(why), "{host}: {found:?}");
    }
}

#[test]
fn all_problems_come_at_once() {
    let router = Router::new()
        .slashes(Slashes::Strict)
        .get("/{a", ok)
        .get("/x", orders)
        .get("/x", ok)
        .name("n")
        .method(Method::CONNECT, "/c", ok)
        .group("/g", |r| {
            r.slashes(Slashes::Lenient)
                .get("/", tell)
                .name("n")
                .get("/p/{z}", pair)
        })
        .fallback(ok)
        .fallback(ok);
    let found = problems(router);
    let expected = [
        "a second fallback",
        "unbalanced brace",
        "`slashes` is a choice of the root",
        "state `it::problems::Orders`",
        "unreachable, the target of CONNECT",
        "two parameters are needed",
        "the route is there twice",
        "the name `n` is given to GET /x and to GET /g",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for expected in expected {
        let lines: Vec<_> = found
            .iter()
            .filter(|text| text.contains(expected))
            .collect();
        assert_eq!(lines.len(), 1, "{expected}: {found:#?}");
        assert!(lines[0].contains("problems.rs:"), "{}", lines[0]);
    }
}
