//! Static before parameter before wildcard, with backtracking.

use http::StatusCode;
use plumego_router::Router;

use crate::client::{ask, freeze, tell};

async fn check(router: Router, cases: &[(&str, &str)]) {
    let frozen = freeze(router);
    for (target, expected) in cases {
        let (method, target) = target.split_once(' ').unwrap();
        let answer = ask(&frozen, method, target).await;
        let told = if answer.status == StatusCode::OK {
            answer.body.split_once(": ").unwrap().1.to_owned()
        } else {
            answer.status.as_u16().to_string()
        };
        assert_eq!(told, *expected, "{method} {target}");
    }
}

// acceptance 21.2 (1)
#[tokio::test]
async fn me_wins_over_id_in_any_request_order() {
    let router = Router::new()
        .get("/users/{id}", tell)
        .get("/users/me", tell);
    let cases = [
        ("GET /users/7", "GET /users/{id}|7"),
        ("GET /users/me", "GET /users/me"),
        ("GET /users/me2", "GET /users/{id}|me2"),
        ("GET /users/me", "GET /users/me"),
        ("GET /users/m%65", "GET /users/me"),
    ];
    check(router, &cases).await;
}

// acceptance 21.2 (3)
#[tokio::test]
async fn a_dead_end_leads_back_to_the_parameter() {
    let router = Router::new()
        .get("/a/b/c", tell)
        .get("/a/{x}/d", tell)
        .get("/files/static/x", tell)
        .get("/files/{*path}", tell);
    let cases = [
        ("GET /a/b/c", "GET /a/b/c"),
        ("GET /a/b/d", "GET /a/{x}/d|b"),
        ("GET /files/static/x", "GET /files/static/x"),
        ("GET /files/static/y", "GET /files/{*path}|static/y"),
        ("GET /files/static", "GET /files/{*path}|static"),
        ("GET /files", "404"),
        ("GET /files/", "404"),
    ];
    check(router, &cases).await;
}

#[tokio::test]
async fn a_leaf_without_the_method_is_passed_over() {
    let router = Router::new()
        .post("/users/me", tell)
        .get("/users/{id}", tell)
        .any("/{*rest}", tell);
    let cases = [
        ("GET /users/me", "GET /users/{id}|me"),
        ("POST /users/me", "POST /users/me"),
        ("POST /users/7", "ANY /{*rest}|users/7"),
    ];
    check(router, &cases).await;
}

#[tokio::test]
async fn different_parameter_names_and_a_wildcard_may_share_a_place() {
    let router = Router::new()
        .get("/x/{a}/one", tell)
        .get("/x/{b}/two", tell)
        .get("/x/{c}", tell)
        .post("/x/{d}", tell)
        .get("/x/*rest", tell);
    let cases = [
        ("GET /x/1/one", "GET /x/{a}/one|1"),
        ("GET /x/1/two", "GET /x/{b}/two|1"),
        ("GET /x/1", "GET /x/{c}|1"),
        ("POST /x/1", "POST /x/{d}|1"),
        ("GET /x/1/three", "GET /x/{*rest}|1/three"),
    ];
    check(router, &cases).await;
}
