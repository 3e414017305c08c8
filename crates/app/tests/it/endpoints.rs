//! Probes: life, readiness, health, build, metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Method, Response};
use plumego_app::{BuildInfo, HealthEndpoints, MetricsEndpoint};
use plumego_component::{Check, HealthConfig, HealthRegistry, Phase, Readiness};
use plumego_contract::{AppContext, Body, Connection, Health, Request};
use plumego_observe::metrics::Metrics;
use plumego_router::{Frozen, Router};
use serde_json::{Value, json};

struct Probe {
    health: HealthRegistry,
    readiness: Readiness,
    routes: Frozen,
}

fn probe() -> Probe {
    let health = HealthRegistry::new(HealthConfig::default());
    let readiness = Readiness::new(health.clone());
    let build = BuildInfo::new("1.2.3", Some("abc"), None);
    let routes = HealthEndpoints::default().routes(&readiness, build);
    Probe {
        health,
        readiness,
        routes: routes.freeze(AppContext::default()).unwrap(),
    }
}

async fn send(routes: &Frozen, method: Method, path: &str) -> Response<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .body(Body::empty())
        .unwrap();
    routes
        .dispatch(Connection::default(), request)
        .response
        .await
}

impl Probe {
    async fn get(&self, path: &str) -> (u16, Value) {
        let response = send(&self.routes, Method::GET, path).await;
        let status = response.status().as_u16();
        let bytes = response.into_body().into_bytes(65_536).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    fn register(&self, name: &'static str, check: Check) {
        self.health.register(name, check).unwrap();
    }
}

// acceptance 21.2 (23)
#[tokio::test]
async fn while_draining_readiness_stays_503_and_life_200() {
    let probe = probe();
    let check = async |ready: u16, reason: Option<&str>| {
        for _ in 0..3 {
            let (status, body) = probe.get("/health/ready").await;
            assert_eq!(status, ready, "{body}");
            assert_eq!(body["ready"], json!(ready == 200));
            assert_eq!(body.get("reason").and_then(Value::as_str), reason);
            assert_eq!(probe.get("/health/live").await.0, 200);
        }
    };
    check(503, Some("starting")).await;
    probe.readiness.advance(Phase::Ready);
    check(200, None).await;
    probe.readiness.set_not_ready("the index is rebuilt");
    check(503, Some("the index is rebuilt")).await;
    probe.readiness.set_ready();
    check(200, None).await;
    probe.readiness.advance(Phase::Draining);
    check(503, Some("draining connections")).await;
    assert_eq!(probe.get("/health/live").await.1["phase"], "draining");
}

// acceptance 21.1 (42), 21.2 (24)
#[tokio::test]
async fn every_component_is_in_and_no_error_text_is() {
    let probe = probe();
    probe.readiness.advance(Phase::Ready);
    let secret = "postgres://app:hunter2@db.internal/app";
    probe.register("db", Check::new(move || Err::<(), _>(secret)));
    probe.register("cache", Check::new(|| Health::degraded("half cold")));
    probe.register(
        "panics",
        Check::new(move || -> Health { panic!("{secret}") }).optional(),
    );
    probe.health.run_checks().await;

    let (status, body) = probe.get("/health/ready").await;
    assert_eq!(status, 503);
    assert!(!body.to_string().contains("hunter2"), "{body}");
    assert_eq!(body["status"], "unhealthy");
    assert_eq!(body["reason"], "db is unhealthy");
    let components = body["components"].as_object().unwrap();
    assert_eq!(components.len(), 3);
    assert_eq!(components["db"]["message"], "the check failed; see the log");
    assert_eq!(components["cache"]["status"], "degraded");
    assert_eq!(components["panics"]["critical"], false);
    assert!(components["db"]["checked_at"].is_string());
    assert!(components["db"]["duration_ms"].is_u64());
    assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));

    assert_eq!(probe.get("/health/components/db").await.0, 503);
    let (status, body) = probe.get("/health/components/cache").await;
    assert_eq!((status, &body["message"]), (200, &json!("half cold")));
    let (status, body) = probe.get("/health/components/nobody").await;
    assert_eq!((status, &body["code"]), (404, &json!("component_missing")));
}

#[tokio::test]
async fn degraded_is_200() {
    let probe = probe();
    probe.readiness.advance(Phase::Ready);
    probe.register("cache", Check::new(|| Health::degraded("half cold")));
    probe.health.run_checks().await;
    let (status, body) = probe.get("/health/ready").await;
    assert_eq!((status, &body["status"]), (200, &json!("degraded")));
}

// acceptance 21.2 (23)
#[tokio::test]
async fn a_probe_runs_no_check() {
    let probe = probe();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    probe.register(
        "db",
        Check::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            std::future::pending::<()>()
        }),
    );
    for path in ["/health/ready", "/health/live", "/health/components/db"] {
        probe.get(path).await;
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn build_tells_what_is_running() {
    let expected = json!({"version": "1.2.3", "commit": "abc", "buildTime": "unknown"});
    assert_eq!(probe().get("/health/build").await, (200, expected));
    let default = serde_json::to_value(BuildInfo::default()).unwrap();
    let expected = json!({"version": "dev", "commit": "none", "buildTime": "unknown"});
    assert_eq!(default, expected);
}

#[tokio::test]
async fn answers_are_json_not_kept_and_head_has_no_body() {
    let probe = probe();
    for path in ["/health/live", "/health/ready", "/health/build"] {
        let get = send(&probe.routes, Method::GET, path).await;
        let head = send(&probe.routes, Method::HEAD, path).await;
        assert_eq!(head.status(), get.status(), "{path}");
        for response in [&get, &head] {
            assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
            assert_eq!(
                response.headers()["content-type"],
                "application/json",
                "{path}"
            );
        }
        assert!(head.into_body().into_bytes(1).await.unwrap().is_empty());
        assert_eq!(send(&probe.routes, Method::POST, path).await.status(), 405);
    }
    assert!(probe.routes.routes().iter().all(|route| route.operational));
}

#[tokio::test]
async fn metrics_are_open_metrics_text() {
    let metrics = Metrics::default();
    metrics.counter("things", "Things.").unwrap().inc();
    let routes = MetricsEndpoint::default().public().routes(&metrics);
    let routes = routes.freeze(AppContext::default()).unwrap();
    assert!(routes.routes()[0].operational);
    let response = send(&routes, Method::GET, "/metrics").await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let text = response.into_body().into_bytes(65_536).await.unwrap();
    let text = std::str::from_utf8(&text).unwrap();
    assert!(
        text.contains("things_total 1") && text.ends_with("# EOF\n"),
        "{text}"
    );
}

#[test]
fn they_can_be_moved_and_switched_off() {
    let readiness = Readiness::new(HealthRegistry::default());
    let build = BuildInfo::default();
    let moved = HealthEndpoints::at("/internal/health").routes(&readiness, build);
    let moved = moved.merge(MetricsEndpoint::at("/internal/metrics").routes(&Metrics::default()));
    let frozen = moved.freeze(AppContext::default()).unwrap();
    let internal = |route: &str| route.starts_with("/internal/");
    assert!(frozen.routes().iter().all(|route| internal(&route.pattern)));
    assert_eq!(frozen.routes().len(), 5);

    let none = HealthEndpoints::disabled().routes(&readiness, build);
    let none = none.merge(MetricsEndpoint::disabled().routes(&Metrics::default()));
    assert_eq!(none.route_count(), 0);
    let _: Router = none;
}
