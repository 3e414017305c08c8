//! Reverse URLs.

use std::collections::BTreeMap;
use std::error::Error as _;

use plumego_router::{Frozen, NO_PARAMS, Router, Slashes};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::client::{ask, freeze, tell};

fn frozen() -> Frozen {
    let router = Router::new()
        .get("/", tell)
        .name("home")
        .group("/{org}", |r| {
            r.get("/users/{id}", tell)
                .name("user")
                .get("/users/me", tell)
                .name("me")
        })
        .any("/files/{*path}", tell)
        .name("files")
        .get(
            "/caf\u{e9} {{x}}"
                .replace("{{x}}", "%7Bx%7D")
                .replace(' ', "%20")
                .as_str(),
            tell,
        )
        .name("cafe")
        .group("", |r| {
            r.host("*.example.com").get("/h/{x}", tell).name("bound")
        });
    freeze(router)
}

#[test]
fn values_are_encoded_by_segment() {
    let frozen = frozen();
    let url = |name: &str, params: &[(&str, &str)]| frozen.url(name, params.to_vec()).unwrap();
    assert_eq!(frozen.url("home", NO_PARAMS).unwrap(), "/");
    assert_eq!(
        url("user", &[("id", "7"), ("org", "a/b c")]),
        "/a%2Fb%20c/users/7"
    );
    assert_eq!(
        url("user", &[("id", "\u{e9}?#%"), ("org", "a-._~")]),
        "/a-._~/users/%C3%A9%3F%23%25"
    );
    assert_eq!(
        url("files", &[("path", "a b/c+d/..e")]),
        "/files/a%20b/c%2Bd/..e"
    );
    assert_eq!(url("cafe", &[]), "/caf%C3%A9%20%7Bx%7D");
    assert_eq!(url("bound", &[("x", "1")]), "/h/1");
}

#[test]
fn pairs_come_from_anywhere() {
    let frozen = frozen();
    let map = BTreeMap::from([("org".to_owned(), 1), ("id".to_owned(), 2)]);
    assert_eq!(frozen.url("user", &map).unwrap(), "/1/users/2");
    assert_eq!(
        frozen.url("user", [("org", 'o'), ("id", 'i')]).unwrap(),
        "/o/users/i"
    );
}

/// A name, parameters, and what the error says of them.
type Refusal = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

#[test]
fn what_cannot_be_a_path_is_refused_by_name() {
    let frozen = frozen();
    let cases: &[Refusal] = &[
        ("none", &[], "no route has the name `none`"),
        ("user", &[("org", "a")], "the parameter `id` is missing"),
        (
            "user",
            &[("org", "a"), ("id", "1"), ("x", "2")],
            "there is no parameter `x`",
        ),
        (
            "user",
            &[("org", "a"), ("id", "1"), ("id", "2")],
            "the parameter `id` is given twice",
        ),
        (
            "user",
            &[("org", ""), ("id", "1")],
            "the parameter `org` has an empty segment",
        ),
        (
            "user",
            &[("org", ".."), ("id", "1")],
            "the parameter `org` has the segment `..`",
        ),
        (
            "files",
            &[("path", "")],
            "the parameter `path` has an empty segment",
        ),
        (
            "files",
            &[("path", "/etc")],
            "the parameter `path` has an empty segment",
        ),
        (
            "files",
            &[("path", "a/./b")],
            "the parameter `path` has the segment `.`",
        ),
        (
            "files",
            &[("path", "../../etc")],
            "the parameter `path` has the segment `..`",
        ),
        // Another route would answer.
        (
            "user",
            &[("org", "a"), ("id", "me")],
            "`/a/users/me` leads to GET /{org}/users/me",
        ),
    ];
    for &(name, params, expected) in cases {
        let error = frozen.url(name, params.to_vec()).unwrap_err();
        let source = error.source().unwrap().to_string();
        assert!(source.contains(expected), "{source}\n  lacks {expected}");
        assert!(error.location().file().ends_with("urls.rs"));
    }
}

/// Text that is any, but often made of what is special in a path.
fn value() -> impl Strategy<Value = String> {
    let special = "[a-c/.%2F+ ?#&=:*{}\\\\~\u{e9}\u{1F600}]{0,8}";
    proptest::prop_oneof![special, any::<String>()]
}

proptest! {
    #[test]
    fn a_url_leads_back_to_its_route(org in value(), id in value(), lenient in any::<bool>()) {
        let slashes = if lenient { Slashes::Lenient } else { Slashes::Strict };
        let router = Router::new()
            .slashes(slashes)
            .get("/{org}/{id}", tell).name("pair")
            .get("/{org}/me", tell)
            .get("/files/{*path}", tell).name("files");
        let frozen = freeze(router);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        if let Ok(path) = frozen.url("pair", [("org", &org), ("id", &id)]) {
            let answer = runtime.block_on(ask(&frozen, "GET", &path));
            prop_assert_eq!(answer.body, format!("GET: GET /{{org}}/{{id}}|{org}|{id}"));
        } else {
            let dots = |text: &str| matches!(text, "" | "." | "..");
            prop_assert!(dots(&org) || dots(&id) || id == "me" || org == "files");
        }
        if let Ok(path) = frozen.url("files", [("path", &org)]) {
            let answer = runtime.block_on(ask(&frozen, "GET", &path));
            prop_assert_eq!(answer.body, format!("GET: GET /files/{{*path}}|{org}"));
        }
    }
}
