//! Requests against a table of routes.

use http::StatusCode;
use plumego_contract::{AppContext, Body, Connection, RequestContext};
use plumego_router::{Router, Slashes};

use crate::drive;

/// Inputs to start from: a method, a space, a target.
pub const SEEDS: &[&[u8]] = &[
    b"GET /a/b/c?x=1",
    b"POST /a/%2e%2E/d",
    b"HEAD //a//b/",
    b"OPTIONS /files/a%2Fb/%C3%A9",
    b"PURGE /users/%FF",
];

/// Sends the request to routers of each policy. There is an answer, it is one that a router gives,
/// and a redirect stays on the site.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Some((method, target)) = text.split_once(' ') else {
        return;
    };
    for slashes in [Slashes::Strict, Slashes::Redirect, Slashes::Lenient] {
        let request = http::Request::builder()
            .method(method)
            .uri(target)
            .header("host", "x");
        let Ok(request) = request.body(Body::empty()) else {
            return;
        };
        let frozen = routes().slashes(slashes).freeze(AppContext::default());
        let Ok(frozen) = frozen else {
            unreachable!("the table is right")
        };
        let dispatch = frozen.dispatch(Connection::default(), request);
        check(&dispatch.context);
        let response = drive::once(dispatch.response);
        let location = response.headers().get("location");
        if response.status() == StatusCode::PERMANENT_REDIRECT {
            let to = location.and_then(|to| to.to_str().ok()).unwrap_or_default();
            assert!(
                to.starts_with('/') && !to.starts_with("//"),
                "{to:?} of {target:?}"
            );
        } else {
            let code = response.status().as_u16();
            assert!(
                [200, 204, 400, 404, 405].contains(&code),
                "{code} of {target:?}"
            );
        }
    }
}

fn routes() -> Router {
    Router::new()
        .get("/a/b/c", async || "static")
        .get("/a/{x}/d", async || "parameter")
        .post("/a/{x}/{y}", async || "two")
        .any("/files/{*path}", async || "rest")
        .get("/users/{id}", async || "user")
        .get("/users/me", async || "me")
        .get("/{*all}", async || "all")
}

/// What matched has a value for each of its parameters.
fn check(context: &RequestContext) {
    let Some(route) = context.route() else { return };
    for name in &route.parameters {
        let value = context.param(name);
        if !context.params().is_empty() {
            assert!(
                value.is_some_and(|value| !value.is_empty()),
                "{name} of {route}"
            );
        }
    }
}
