//! The whole guard stack, in front of a router and in a tower stack.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, StatusCode};
use plumego_contract::{AppContext, Body, Connection, Request, Response, RouteTimeout};
use plumego_middleware::body_deadline::BodyDeadlineLayer;
use plumego_middleware::concurrency_limit::{ConcurrencyLimitConfig, ConcurrencyLimitLayer};
use plumego_middleware::rate_limit::{AbuseGuardConfig, AbuseGuardLayer};
use plumego_middleware::{
    BodyLimitLayer, ObserveLayer, RecoverLayer, RequestIdLayer, SecurityHeadersLayer, TimeoutLayer,
};
use plumego_observe::record::{RequestRecord, RequestSink};
use plumego_router::{Frozen, Router};
use tower::{ServiceBuilder, ServiceExt};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::harness::{Handler, bytes, from, get, get_from, header};

/// Status, error code and route of every request.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl RequestSink for Log {
    fn record(&self, record: &RequestRecord<'_>) {
        let line = format!(
            "{} {} {}",
            record.status,
            record.error_code.unwrap_or("-"),
            record.route.unwrap_or("-")
        );
        self.0.lock().unwrap().push(line);
    }
}

fn abuse_guard(burst: u64) -> AbuseGuardLayer {
    let mut config = AbuseGuardConfig::default();
    (config.rate, config.burst) = (1, burst);
    AbuseGuardLayer::new(config).unwrap()
}

fn slots() -> ConcurrencyLimitLayer {
    let mut config = ConcurrencyLimitConfig::default();
    (config.max_concurrent, config.max_queued) = (1, 0);
    ConcurrencyLimitLayer::new(config).unwrap()
}

async fn hangs() -> &'static str {
    std::future::pending().await
}

async fn broken() -> &'static str {
    panic!("boom")
}

fn service(log: &Log, burst: u64) -> Frozen {
    let stack = ServiceBuilder::new()
        .layer(RequestIdLayer::new())
        .layer(ObserveLayer::new().sink(log.clone()))
        .layer(SecurityHeadersLayer::default())
        .layer(RecoverLayer::new())
        .layer(abuse_guard(burst))
        .layer(BodyLimitLayer::new())
        .layer(BodyDeadlineLayer::default())
        .layer(slots())
        .layer(TimeoutLayer::default());
    Router::new()
        .layers(&["guards"], stack.into_inner())
        .get("/", async || "ok")
        .get("/health", async || "up")
        .operational()
        .get("/hangs", hangs)
        .get("/quick", hangs)
        .timeout(Duration::from_secs(2))
        .get("/patient", hangs)
        .timeout(RouteTimeout::Never)
        .get("/broken", broken)
        .freeze(AppContext::default())
        .unwrap()
}

async fn send(service: &Frozen, path: &str) -> Response {
    let mut request = get_from("192.0.2.1", path);
    let host = http::HeaderValue::from_static("shop.example");
    request.headers_mut().insert(http::header::HOST, host);
    let connection = *request.extensions().get::<Connection>().unwrap();
    service.dispatch(connection, request).response.await
}

/// acceptance 21.1 (28), 21.2 (11): every refusal is one answer, with the headers of all layers
/// outside of it, and one record with the route.
#[tokio::test(start_paused = true)]
async fn every_refusal_is_logged_and_carries_the_headers() {
    let log = Log::default();
    let service = service(&log, 6);
    let waiting = {
        let service = service.clone();
        tokio::spawn(async move { send(&service, "/hangs").await })
    };
    tokio::task::yield_now().await;
    let busy = send(&service, "/").await;
    assert_eq!(waiting.await.unwrap().status(), StatusCode::GATEWAY_TIMEOUT);
    let mut answers = vec![busy];
    for path in ["/", "/broken", "/nowhere", "/quick", "/", "/", "/"] {
        answers.push(send(&service, path).await);
    }
    // The time of the two that hung brought the quota back; now it is used up.
    let statuses: Vec<u16> = answers
        .iter()
        .map(|answer| answer.status().as_u16())
        .collect();
    assert_eq!(statuses, [503, 200, 500, 404, 504, 200, 200, 200]);
    for _ in 0..3 {
        answers.push(send(&service, "/").await);
    }
    answers.push(send(&service, "/health").await);
    for answer in &answers {
        assert_eq!(header(answer, "x-content-type-options"), "nosniff");
        assert!(!header(answer, "x-request-id").is_empty());
    }
    let lines = log.0.lock().unwrap().clone();
    assert_eq!(
        lines,
        [
            "503 server_busy /",
            "504 timeout /hangs",
            "200 - /",
            "500 internal /broken",
            "404 not_found -",
            "504 timeout /quick",
            "200 - /",
            "200 - /",
            "200 - /",
            "200 - /",
            "429 rate_limited /",
            "429 rate_limited /",
            "200 - /health",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_route_without_a_timeout_is_not_cut() {
    let service = service(&Log::default(), 10);
    let patient = tokio::time::timeout(Duration::from_hours(1), send(&service, "/patient"));
    assert!(patient.await.is_err(), "it still waits");
}

#[tokio::test]
async fn foreign_layers_stand_between_ours_and_foreign_bodies_pass() {
    let name = http::HeaderName::from_static("x-foreign");
    let value = http::HeaderValue::from_static("1");
    let stack = ServiceBuilder::new()
        .layer(SecurityHeadersLayer::default())
        .layer(SetResponseHeaderLayer::overriding(
            name.clone(),
            value.clone(),
        ))
        .layer(abuse_guard(2))
        .layer(SetResponseHeaderLayer::appending(name, value))
        .layer(BodyDeadlineLayer::default())
        .layer(slots())
        .layer(TimeoutLayer::default());
    let service = stack.service(Handler(|request: Request| async move {
        let body = request.into_body().into_bytes(100).await.unwrap();
        Response::new(Body::from(body))
    }));
    let foreign = || {
        let body = http_body_util::Full::new(bytes::Bytes::from_static(b"echo"));
        http::Request::post("/").body(body).unwrap()
    };
    for status in [200, 200, 429] {
        let response = service.clone().oneshot(foreign()).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(header(&response, "x-foreign"), "1");
        assert_eq!(header(&response, "x-frame-options"), "DENY");
        if status == 200 {
            assert_eq!(bytes(response).await, "echo");
        }
    }
    let mut ours = from("192.0.2.1", get("/"));
    *ours.method_mut() = Method::HEAD;
    let response = service
        .oneshot(ours.map(http_body_util::BodyExt::boxed_unsync))
        .await;
    assert_eq!(response.unwrap().status(), 200);
}
