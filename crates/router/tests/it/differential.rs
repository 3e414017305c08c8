//! The same routes and requests through this router, axum and matchit.
//!
//! Where the answers differ on purpose, the difference has a name in [`INTENDED`]. A difference
//! without a name fails, and so does a name that no request shows any more.

use std::collections::BTreeSet;

use axum::extract::RawPathParams;
use http::{Method, StatusCode};
use plumego_contract::{AppContext, Body};
use plumego_router::Router;
use tower::ServiceExt;

use crate::client::{ask, read, request, tell};

/// Method (or `ANY`) and pattern.
type Table = &'static [(&'static str, &'static str)];

const API: Table = &[
    ("GET", "/"),
    ("GET", "/ping"),
    ("GET", "/users"),
    ("POST", "/users"),
    ("GET", "/users/me"),
    ("GET", "/users/{id}"),
    ("PUT", "/users/{id}"),
    ("DELETE", "/users/{id}"),
    ("GET", "/users/{id}/posts"),
    ("GET", "/users/{id}/posts/{post}"),
    ("GET", "/users/{id}/posts/latest"),
    ("GET", "/repos/{owner}/{repo}/issues/{number}/comments"),
    ("POST", "/repos/{owner}/{repo}/issues"),
    ("GET", "/files/{*path}"),
    ("GET", "/slash/"),
    ("ANY", "/any/{thing}"),
    ("GET", "/caf%C3%A9"),
];

const API_PATHS: &[&str] = &[
    "/",
    "/ping",
    "/ping/",
    "//ping",
    "/Ping",
    "/pin",
    "/pingg",
    "/users",
    "/users/",
    "/users/me",
    "/users/me/",
    "/users/7",
    "/users/7/",
    "/users/m%65",
    "/users/a%2Fb",
    "/users/a%20b",
    "/users/%C3%A9",
    "/users/a+b",
    "/users/%zz",
    "/users/%ff",
    "/users/me/posts",
    "/users/7/posts",
    "/users/7/posts/9",
    "/users/7/posts/latest",
    "/users/7/posts/",
    "/users//posts",
    "/users/7/likes",
    "/repos/o/r/issues/1/comments",
    "/repos/o/r/issues",
    "/repos/o/r",
    "/repos/o/r/issues/1",
    "/files",
    "/files/",
    "/files/a",
    "/files/a/b/c.txt",
    "/files/a%2Fb/c",
    "/files/a%20b",
    "/files/%zz",
    "/files//a",
    "/files/a/",
    "/slash",
    "/slash/",
    "/any/x",
    "/any/",
    "/caf%C3%A9",
    "/caf%c3%a9",
    "/none",
    "/none/x",
];

const MIXED: Table = &[
    ("GET", "/a/b/c"),
    ("GET", "/a/{x}/d"),
    ("POST", "/m/me"),
    ("GET", "/m/{id}"),
    ("ANY", "/w/{*rest}"),
    ("GET", "/w/own"),
    ("HEAD", "/head"),
    ("GET", "/head"),
    ("OPTIONS", "/options"),
    ("GET", "/options"),
];

const MIXED_PATHS: &[&str] = &[
    "/a/b/c",
    "/a/b/d",
    "/a/x/d",
    "/a/b",
    "/m/me",
    "/m/7",
    "/w",
    "/w/own",
    "/w/other/x",
    "/head",
    "/options",
    "/w/",
];

const METHODS: &[&str] = &["GET", "HEAD", "POST", "DELETE", "OPTIONS"];

/// What a router said: the status, the pattern with its parameters, and `Allow`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    status: StatusCode,
    route: String,
    allow: BTreeSet<String>,
}

struct Case<'a> {
    method: &'a str,
    path: &'a str,
    ours: &'a Said,
    theirs: &'a Said,
}

/// A difference that is meant, and how to know it.
type Intended = (&'static str, fn(&Case<'_>) -> bool);

const INTENDED: &[Intended] = &[
    (
        "OPTIONS is answered with 204 and Allow where axum says 405",
        |case| {
            case.method == "OPTIONS"
                && case.ours.status == StatusCode::NO_CONTENT
                && case.theirs.status == StatusCode::METHOD_NOT_ALLOWED
                && case.ours.allow.is_superset(&case.theirs.allow)
        },
    ),
    ("Allow names OPTIONS, which is always answered", |case| {
        let mut allow = case.theirs.allow.clone();
        case.ours.status == StatusCode::METHOD_NOT_ALLOWED
            && case.theirs.status == case.ours.status
            && allow.insert("OPTIONS".to_owned())
            && allow == case.ours.allow
    }),
    (
        "a leaf without the method is passed over, so Allow is the union of all leaves",
        |case| {
            case.path.starts_with("/m/me")
                || case.path.starts_with("/users/m")
                || case.path.starts_with("/w/own")
        },
    ),
    ("static text is compared decoded", |case| {
        matches!(case.path, "/users/m%65" | "/caf%c3%a9" | "/caf%C3%A9")
    }),
    ("an encoded slash stays encoded in a wildcard", |case| {
        case.path == "/files/a%2Fb/c" && case.theirs.route.contains("a/b/c")
    }),
    ("an empty segment is no value of a parameter", |case| {
        case.path.contains("//") && case.ours.status == StatusCode::NOT_FOUND
    }),
    (
        "a broken percent escape is 400 where axum keeps it as text",
        |case| case.path.contains("%zz") && case.ours.status == StatusCode::BAD_REQUEST,
    ),
];

fn ours(table: Table) -> impl AsyncFn(&str, &str) -> Said {
    let router = table
        .iter()
        .fold(Router::new(), |router, (method, pattern)| match *method {
            "ANY" => router.any(pattern, tell),
            method => router.method(
                Method::from_bytes(method.as_bytes()).unwrap(),
                pattern,
                tell,
            ),
        });
    let frozen = router.freeze(AppContext::default()).unwrap();
    async move |method: &str, path: &str| {
        let answer = ask(&frozen, method, path).await;
        let told = answer
            .body
            .split_once(": ")
            .map(|(_, told)| told.to_owned());
        said(&answer, told)
    }
}

fn theirs(table: Table) -> impl AsyncFn(&str, &str) -> Said {
    let router = table
        .iter()
        .fold(axum::Router::new(), |router, (method, pattern)| {
            let handler = async move |params: RawPathParams| {
                let mut text = format!("{method} {pattern}");
                for (_, value) in &params {
                    text.push('|');
                    text.push_str(value);
                }
                text
            };
            let end = match *method {
                "ANY" => axum::routing::any(handler),
                method => {
                    let method = Method::from_bytes(method.as_bytes()).unwrap();
                    axum::routing::on(method.try_into().unwrap(), handler)
                }
            };
            router.route(pattern, end)
        });
    async move |method: &str, path: &str| {
        let request = request(method, path).map(axum::body::Body::new);
        let response = router.clone().oneshot(request).await.unwrap();
        let answer = read(response.map(Body::new)).await;
        let told = answer.body.clone();
        said(&answer, Some(told))
    }
}

fn said(answer: &crate::client::Answer, told: Option<String>) -> Said {
    let allow = answer.header("allow").unwrap_or_default();
    let split = allow.split(',').map(|method| method.trim().to_owned());
    Said {
        status: answer.status,
        route: told
            .filter(|_| answer.status == StatusCode::OK)
            .unwrap_or_default(),
        allow: split.filter(|method| !method.is_empty()).collect(),
    }
}

#[tokio::test]
async fn axum_says_the_same_but_for_what_is_intended() {
    let mut asked = 0;
    let mut used = BTreeSet::new();
    for (table, paths) in [(API, API_PATHS), (MIXED, MIXED_PATHS)] {
        let (ours, theirs) = (ours(table), theirs(table));
        for path in paths {
            for method in METHODS {
                let (ours, theirs) = (ours(method, path).await, theirs(method, path).await);
                asked += 1;
                if ours == theirs {
                    continue;
                }
                let case = Case {
                    method,
                    path,
                    ours: &ours,
                    theirs: &theirs,
                };
                let name = INTENDED.iter().find(|(_, applies)| applies(&case));
                let (name, _) =
                    name.unwrap_or_else(|| panic!("{method} {path}: {ours:?} {theirs:?}"));
                used.insert(*name);
            }
        }
    }
    assert!(asked >= 200, "{asked}");
    for (name, _) in INTENDED {
        assert!(used.contains(name), "no request shows: {name}");
    }
}

/// Patterns that the others refuse beside each other, and this router takes.
const TOGETHER: &[[&str; 2]] = &[["/x/{a}", "/x/{*rest}"], ["/{a}", "/{*rest}"]];

#[test]
fn registration_is_wider_than_that_of_matchit() {
    for [first, second] in TOGETHER {
        let mut matchit = matchit::Router::new();
        matchit.insert(*first, ()).unwrap();
        let refused = matchit.insert(*second, ()).is_err();
        let ours = Router::new().get(first, tell).get(second, tell);
        assert!(
            ours.freeze(AppContext::default()).is_ok(),
            "{first} {second}"
        );
        assert!(refused, "no difference any more: {first} {second}");
    }
}

#[tokio::test]
async fn matchit_finds_the_same_routes_and_raw_values() {
    let get = |table: Table| table.iter().filter(|(method, _)| *method == "GET");
    let mut asked = 0;
    for (table, paths) in [(API, API_PATHS), (MIXED, MIXED_PATHS)] {
        let mut matchit = matchit::Router::new();
        let mut router = Router::new();
        for (_, pattern) in get(table) {
            matchit.insert(*pattern, *pattern).unwrap();
            router = router.get(pattern, tell);
        }
        let frozen = router.freeze(AppContext::default()).unwrap();
        // Escapes are what this router adds: matchit compares and hands out raw text.
        for path in paths.iter().filter(|path| !path.contains('%')) {
            let theirs = matchit.at(path).ok().map(|found| {
                let values = found.params.iter().map(|(_, value)| format!("|{value}"));
                format!("GET: GET {}{}", found.value, values.collect::<String>())
            });
            let answer = ask(&frozen, "GET", path).await;
            let ours = (answer.status == StatusCode::OK).then_some(answer.body);
            assert_eq!(ours, theirs, "{path}");
            asked += 1;
        }
    }
    assert!(asked > 40, "{asked}");
}
