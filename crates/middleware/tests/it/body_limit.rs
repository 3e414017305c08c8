use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use plumego_contract::{Body, FromRequest, IntoResponse, Request, RequestContext, Response};
use plumego_middleware::BodyLimitLayer;

use crate::harness::{Step, json, run, stream};

/// Reads the whole body, as an extractor does.
async fn reads(request: Request) -> Response {
    let context = RequestContext::get(request.extensions()).unwrap().clone();
    Bytes::from_request(request).await.respond(&context)
}

fn post(body: Body) -> Request {
    http::Request::post("/").body(body).unwrap()
}

/// acceptance 21.2 (18)
#[tokio::test]
async fn the_exact_limit_passes_and_one_byte_more_is_one_413() {
    for (steps, status) in [
        (vec![Step::Data(b"12345"), Step::Data(b"67890")], 200),
        (vec![Step::Data(b"12345"), Step::Data(b"678901")], 413),
        (vec![Step::Data(b"1234567890"), Step::Data(b"1")], 413),
    ] {
        let response = run(BodyLimitLayer::of(10), reads, post(stream(steps))).await;
        assert_eq!(response.status(), status);
    }
    for (body, status) in [("1234567890", 200), ("12345678901", 413)] {
        let response = run(BodyLimitLayer::of(10), reads, post(Body::from(body))).await;
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn the_413_names_the_limit() {
    let response = run(BodyLimitLayer::of(3), reads, post(Body::from("1234"))).await;
    let body = json(response).await;
    assert_eq!(body["code"], "body_too_large");
    assert_eq!(body["max_bytes"], 3);
}

#[tokio::test]
async fn an_announced_length_is_refused_before_the_handler_runs() {
    let calls = Arc::new(AtomicUsize::new(0));
    let handler = {
        let calls = Arc::clone(&calls);
        move |request: Request| {
            calls.fetch_add(1, Ordering::SeqCst);
            reads(request)
        }
    };
    for (announced, status) in [("10", 200), ("11", 413), ("18446744073709551615", 413)] {
        let mut request = post(stream(vec![Step::Data(b"1234567890")]));
        request
            .headers_mut()
            .insert("content-length", announced.parse().unwrap());
        let response = run(BodyLimitLayer::of(10), handler.clone(), request).await;
        assert_eq!(response.status(), status, "{announced}");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_default_is_ten_mebibytes() {
    let mut request = post(stream(vec![Step::Data(b"1")]));
    request
        .headers_mut()
        .insert("content-length", "10485761".parse().unwrap());
    assert_eq!(
        run(BodyLimitLayer::new(), reads, request).await.status(),
        413
    );
    let mut request = post(stream(vec![Step::Data(b"1")]));
    request
        .headers_mut()
        .insert("content-length", "10485760".parse().unwrap());
    assert_eq!(
        run(BodyLimitLayer::new(), reads, request).await.status(),
        200
    );
}
