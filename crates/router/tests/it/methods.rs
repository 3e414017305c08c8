//! HEAD, OPTIONS, 405, ANY and custom methods.

use http::{Method, StatusCode};
use plumego_router::Router;

use crate::client::{ask, freeze, tell};

fn users() -> Router {
    Router::new()
        .get("/users", tell)
        .post("/users", tell)
        .delete("/users/{id}", tell)
}

// acceptance 21.2 (4)
#[tokio::test]
async fn head_on_a_get_route_has_the_same_headers_and_no_body() {
    let frozen = freeze(users());
    let get = ask(&frozen, "GET", "/users").await;
    let head = ask(&frozen, "HEAD", "/users").await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.body, "");
    assert_eq!(head.header("content-type"), get.header("content-type"));
    // The handler tells the method, which is HEAD to it.
    let length = "HEAD: GET /users".len().to_string();
    assert_eq!(head.header("content-length"), Some(length.as_str()));
}

// acceptance 21.2 (4), 21.1 (11)
#[tokio::test]
async fn options_and_405_list_the_methods() {
    let frozen = freeze(users());
    let options = ask(&frozen, "OPTIONS", "/users").await;
    assert_eq!(options.status, StatusCode::NO_CONTENT);
    assert_eq!(options.header("allow"), Some("GET, HEAD, OPTIONS, POST"));
    let wrong = ask(&frozen, "PUT", "/users").await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(wrong.header("allow"), Some("GET, HEAD, OPTIONS, POST"));
    assert_eq!(wrong.code(), "method_not_allowed");
    assert_eq!(
        wrong.header("content-type"),
        Some("application/problem+json")
    );
}

#[tokio::test]
async fn allow_is_the_union_over_all_leaves_of_the_path() {
    let purge = Method::from_bytes(b"PURGE").unwrap();
    let frozen = freeze(
        Router::new()
            .post("/users/me", tell)
            .get("/users/{id}", tell)
            .method(purge, "/{*rest}", tell),
    );
    let wrong = ask(&frozen, "DELETE", "/users/me").await;
    assert_eq!(
        wrong.header("allow"),
        Some("GET, HEAD, OPTIONS, POST, PURGE")
    );
    let purged = ask(&frozen, "PURGE", "/users/me").await;
    assert_eq!(purged.body, "PURGE: PURGE /{*rest}|users/me");
}
