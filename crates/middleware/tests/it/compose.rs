//! Ours and anybody's layers in one stack.

use plumego_contract::{Body, Request, Response};
use plumego_middleware::{BodyLimitLayer, ObserveLayer, RecoverLayer, RequestIdLayer};
use tower::{ServiceBuilder, ServiceExt};
use tower_http::cors::CorsLayer;
use tower_http::trace::TraceLayer;

use crate::harness::{Handler, bytes, get};

#[tokio::test]
async fn tower_http_stands_between_ours() {
    let stack = ServiceBuilder::new()
        .layer(RequestIdLayer::new())
        .layer(TraceLayer::new_for_http())
        .layer(ObserveLayer::new())
        .layer(CorsLayer::permissive())
        .layer(RecoverLayer::new())
        .layer(BodyLimitLayer::new());
    let handler = |_: Request| async { Response::new(Body::from("ok")) };
    let response = stack
        .service(Handler(handler))
        .oneshot(get("/"))
        .await
        .unwrap();
    assert!(response.headers().contains_key("x-request-id"));
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let body = response.map(Body::new);
    assert_eq!(bytes(body).await, "ok");
}

#[tokio::test]
async fn ours_take_a_foreign_body() {
    let stack = ServiceBuilder::new()
        .layer(RequestIdLayer::new())
        .layer(BodyLimitLayer::of(4));
    let service = stack.service(Handler(|request: Request| async {
        let body = http_body_util::BodyExt::collect(request.into_body()).await;
        Response::new(Body::from(
            body.map_or("refused".into(), http_body_util::Collected::to_bytes),
        ))
    }));
    let foreign = |text: &'static str| {
        http::Request::post("/")
            .body(http_body_util::Full::new(bytes::Bytes::from(text)))
            .unwrap()
    };
    let response = service.clone().oneshot(foreign("1234")).await.unwrap();
    assert_eq!(bytes(response).await, "1234");
    let response = service.oneshot(foreign("12345")).await.unwrap();
    assert_eq!(bytes(response).await, "refused");
}
