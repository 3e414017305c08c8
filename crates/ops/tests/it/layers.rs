//! A layer of the program that decides who operates.

use http::StatusCode;
use plumego_contract::{Error, IntoResponse, Request, Response};
use plumego_middleware::{Next, from_fn};
use plumego_ops::{Admin, Guard, Scope};

use crate::client::{OPERATE, app, bearer, get, post, secret, start};

/// Who says so in a header may look; who says `boss` may act.
async fn own(mut request: Request, next: Next) -> Response {
    let who = request.headers().get("x-who").cloned();
    match who.as_ref().map(http::HeaderValue::as_bytes) {
        Some(b"boss") => next.run(request).await,
        Some(b"clerk") => {
            request.extensions_mut().insert(Scope::Read);
            next.run(request).await
        }
        _ => Error::unauthenticated("Say who you are.").into_response(),
    }
}

#[tokio::test]
async fn a_layer_lets_in_and_may_say_how_far() {
    let app = start(app(false).component(Admin::new(Guard::new().layer(from_fn(own))))).await;
    let addr = app.addr();
    get(addr, "/ops", &[]).await.assert(401, "unauthenticated");
    assert_eq!(get(addr, "/ops", &["x-who: clerk"]).await.status(), 200);
    assert_eq!(get(addr, "/ops", &["x-who: boss"]).await.status(), 200);
    let clerk = post(addr, "/ops/reload", &["x-who: clerk"]).await;
    clerk.assert(403, "forbidden");
    let boss = post(addr, "/ops/reload", &["x-who: boss"]).await;
    assert_eq!(boss.status(), StatusCode::OK.as_u16());
    app.stop().await.unwrap();
}

#[tokio::test]
async fn with_a_token_as_well_a_request_needs_both() {
    let guard = Guard::new().layer(from_fn(own)).operate(&secret(OPERATE));
    let app = start(app(false).component(Admin::new(guard))).await;
    let (addr, token) = (app.addr(), bearer(OPERATE));
    get(addr, "/ops", &["x-who: boss"])
        .await
        .assert(401, "unauthenticated");
    get(addr, "/ops", &[&token])
        .await
        .assert(401, "unauthenticated");
    assert_eq!(
        get(addr, "/ops", &[&token, "x-who: boss"]).await.status(),
        200
    );
    // The narrower one of both counts.
    let clerk = post(addr, "/ops/reload", &[&token, "x-who: clerk"]).await;
    clerk.assert(403, "forbidden");
    app.stop().await.unwrap();
}

/// What a layer below the guard answers counts as a failure when credentials were shown.
#[tokio::test]
async fn who_guesses_at_a_layer_is_refused_too() {
    let app = start(app(false).component(Admin::new(Guard::new().layer(from_fn(own))))).await;
    let addr = app.addr();
    for _ in 0..plumego_ops::guard::MAX_FAILURES {
        let guess = bearer("guess-guess-guess-guess");
        get(addr, "/ops", &[&guess])
            .await
            .assert(401, "unauthenticated");
    }
    let refused = get(addr, "/ops", &["x-who: boss"]).await;
    refused.assert(429, "rate_limited");
    app.stop().await.unwrap();
}
