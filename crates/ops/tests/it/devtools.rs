//! What the endpoints for developers show and do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plumego_component::{Setup, from_fn};
use plumego_contract::{Error, Limit};
use plumego_middleware::RequestIdLayer;
use plumego_ops::devtools::Heap;
use plumego_ops::{Devtools, Guard};
use plumego_testing::{App, AppBuilder, Config, MetricsEndpoint};
use serde_json::{Value, json};

use crate::client::{app, ask, get, post, start};

fn developed() -> AppBuilder {
    app(true)
        .component(Devtools::new(Guard::new()))
        .routes(|r| {
            r.get("/users/{id}", async || "user")
                .name("users.show")
                .tag("users")
                .wrap(RequestIdLayer::new())
                .post("/users", async || "made")
                .description("Makes a user")
                .deprecated()
                .max_body_bytes(Limit::At(7))
                .get("/files/{*path}", async || "file")
                .delete("/users/{id}", async || "gone")
                .public()
        })
}

fn find<'a>(routes: &'a Value, method: &str, path: &str) -> &'a Value {
    let routes = routes["routes"].as_array().unwrap();
    let found = routes
        .iter()
        .find(|route| route["method"] == method && route["path"] == path);
    found.unwrap_or_else(|| panic!("{method} {path}"))
}

// acceptance 21.1 (12)
#[tokio::test]
async fn routes_are_listed_as_text_and_as_json() {
    let app = start(developed()).await;
    let text = get(app.addr(), "/_debug/routes", &[]).await;
    assert!(
        text.header("content-type")
            .unwrap()
            .starts_with("text/plain")
    );
    let text = text.text();
    assert!(text.lines().next().unwrap().ends_with(" routes"), "{text}");
    assert!(text.contains("\nGET    /users/{id}\n"), "{text}");
    assert!(
        text.contains("\nGET    /files/{*path} [wildcard]\n"),
        "{text}"
    );
    let methods: Vec<&str> = text.lines().skip(1).map(|line| &line[..7]).collect();
    assert!(methods.is_sorted(), "{text}");

    for path in ["/_debug/routes.json", "/_routes"] {
        let routes = get(app.addr(), path, &[]).await.data();
        let show = find(&routes, "GET", "/users/{id}");
        assert_eq!(
            show["meta"],
            json!({"name": "users.show", "tags": ["users"]})
        );
        assert_eq!(show["parameters"], json!(["id"]));
        let layers = show["layers"].as_array().unwrap();
        assert_eq!(layers.last(), Some(&json!("RequestIdLayer")));
        assert!(layers.contains(&json!("RecoverLayer")), "{layers:?}");
        let location = show["location"].as_str().unwrap();
        assert!(location.contains("devtools.rs:"), "{location}");
        let make = find(&routes, "POST", "/users");
        let meta = json!({"description": "Makes a user", "deprecated": true});
        assert_eq!(
            (&make["meta"], &make["max_body_bytes"]),
            (&meta, &json!("7"))
        );
        assert_eq!(make.get("auth"), None);
        assert_eq!(find(&routes, "DELETE", "/users/{id}")["auth"], "public");
        assert_eq!(find(&routes, "POST", "/_debug/reload")["auth"], "OpsGuard");
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn layers_settings_health_and_tasks_are_shown() {
    let app = start(developed()).await;
    let layers = get(app.addr(), "/_debug/middleware", &[]).await.data();
    let layers = layers["middlewares"].as_array().unwrap();
    assert_eq!(layers[0], "RequestIdLayer");
    assert!(layers.contains(&json!("DebugErrorsLayer")), "{layers:?}");

    let health = get(app.addr(), "/_debug/health", &[]).await.data();
    assert_eq!(
        (&health["ready"], &health["status"]),
        (&json!(true), &json!("healthy"))
    );
    let names: Vec<_> = health["components"].as_array().unwrap().iter().collect();
    assert!(
        names.iter().any(|one| one["name"] == "devtools"),
        "{health}"
    );

    let tasks = get(app.addr(), "/_debug/tasks", &[]).await.data();
    let list = tasks["tasks"].as_array().unwrap();
    assert_eq!(tasks["live"], list.len());
    assert!(
        list.iter().all(|task| task["started"].is_string()),
        "{tasks}"
    );

    let runtime = get(app.addr(), "/_debug/runtime", &[]).await.data();
    let workers = runtime["tokio"]["workers"].as_array().unwrap();
    assert!(
        !workers.is_empty() && workers[0]["busy_ms"].is_u64(),
        "{runtime}"
    );
    assert!(runtime["tokio"]["alive_tasks"].as_u64().unwrap() > 0);
    assert_eq!(runtime["process"]["id"], std::process::id());
    if cfg!(target_os = "linux") {
        assert!(runtime["process"]["resident_bytes"].as_u64().unwrap() > 1_000_000);
        assert!(runtime["process"]["threads"].as_u64().unwrap() > 0);
    }
    let index = get(app.addr(), "/_debug", &[]).await.data();
    for path in index["endpoints"].as_array().unwrap() {
        let path = path.as_str().unwrap();
        let status = get(app.addr(), path, &[]).await.status();
        // Actions want POST; the log is that of the test.
        assert!([200, 405, 409].contains(&status), "{path}: {status}");
    }
    app.stop().await.unwrap();
}

// acceptance 21.1 (12)
#[tokio::test]
async fn the_settings_are_shown_with_their_origins_and_without_secrets() {
    let config = Config::loader()
        .directory(env!("CARGO_TARGET_TMPDIR"))
        .environment([
            ("APP_DEBUG", "true"),
            ("APP_QUEUE_DEPTH", "7"),
            ("AUTH_TOKEN", "hunter2hunter2hunter2"),
        ])
        .load()
        .unwrap();
    let app = App::builder()
        .config(&config)
        .component(Devtools::default());
    let app = start(app).await;
    for path in ["/_debug/config", "/_config"] {
        let answer = get(app.addr(), path, &[]).await;
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
        let shown = answer.data();
        assert_eq!(shown["debug"], true);
        let settings = shown["settings"].as_array().unwrap();
        let find = |key: &str| settings.iter().find(|one| one["key"] == key).unwrap();
        let depth = json!({
            "key": "server.queue_depth",
            "value": "7",
            "origin": "environment variable APP_QUEUE_DEPTH",
        });
        assert_eq!(find("server.queue_depth"), &depth);
        assert_eq!(find("server.debug")["value"], "true");
        assert_eq!(find("server.auth_token")["value"], "[secret]");
        assert_eq!(find("server.idle_timeout")["origin"], "default");
    }
    let info = get(app.addr(), "/_info", &[]).await.data();
    assert_eq!(info["build"]["version"], "dev");
    assert_eq!(info["config"]["debug"], true);
    // The settings are read again; they are as they were.
    let reloaded = post(app.addr(), "/_debug/reload", &[]).await.data();
    assert_eq!(reloaded["status"], "ok");
    assert_eq!(reloaded["sources"][0]["source"], "config");
    app.stop().await.unwrap();
}

// acceptance 21.1 (12)
#[tokio::test]
async fn the_window_counts_by_route_and_clearing_it_leaves_what_is_exported() {
    let app = start(developed().metrics_endpoint(MetricsEndpoint::default())).await;
    let addr = app.addr();
    for id in 0..20 {
        let path = format!("/users/{id}");
        assert_eq!(get(addr, &path, &[]).await.status(), 200);
    }
    assert_eq!(get(addr, "/nowhere", &[]).await.status(), 404);
    let shown = get(addr, "/_debug/metrics", &[]).await.data();
    assert_eq!(shown["enabled"], true);
    let http = &shown["http"];
    assert_eq!(http["window_seconds"], 300);
    let routes = http["routes"].as_array().unwrap();
    // acceptance 21.2 (12)
    let users = &routes[0];
    assert_eq!(
        (&users["path"], &users["count"]),
        (&json!("/users/{id}"), &json!(20))
    );
    assert_eq!(users["status"]["2xx"], 20);
    assert!(users["duration_ms"]["p95"].as_f64().unwrap() > 0.0);
    assert_eq!(users["bytes"]["mean"], 4.0);
    assert_eq!(http["total"]["error_count"], 1);
    assert!(
        routes.iter().any(|one| one["path"] == "(unmatched)"),
        "{http}"
    );
    assert_eq!(http["recent"][0]["status"], 404);

    let before = exported(&get(addr, "/metrics", &[]).await.text());
    assert!(before.is_some());
    let cleared = post(addr, "/_debug/metrics/clear", &[]).await.data();
    assert_eq!(cleared["status"], "ok");
    let after = get(addr, "/_debug/metrics", &[]).await.data();
    // What cleared it is counted.
    assert_eq!(after["http"]["total"]["count"], 1);
    assert_eq!(after["http"]["routes"][0]["path"], "/_debug/metrics/clear");
    let exported = exported(&get(addr, "/metrics", &[]).await.text());
    assert_eq!(exported, before, "what is exported only grows");
    app.stop().await.unwrap();
}

/// How often users were asked for, as it is exported.
fn exported(text: &str) -> Option<f64> {
    let line = text
        .lines()
        .find(|line| line.starts_with("http_requests_total") && line.contains("\"/users/{id}\""));
    let value: f64 = line?.rsplit(' ').next()?.parse().ok()?;
    assert!(value >= 20.0, "{value}");
    Some(value)
}

#[tokio::test]
async fn drawers_of_components_are_opened_when_somebody_looks() {
    let broken = Arc::new(AtomicBool::new(false));
    let is_broken = Arc::clone(&broken);
    let app = developed().component(from_fn("mailer", move |setup: &mut Setup<'_>| {
        let is_broken = Arc::clone(&is_broken);
        setup.debug(move || {
            assert!(!is_broken.load(Ordering::Relaxed), "hunter2");
            BTreeMap::from([("sent", 7)])
        });
        Ok::<_, Error>(())
    }));
    let app = app.component(from_fn("hoarder", |setup: &mut Setup<'_>| {
        setup.debug(|| "x".repeat(1024 * 1024));
        Ok::<_, Error>(())
    }));
    let app = start(app).await;
    let addr = app.addr();
    let names = get(addr, "/_debug/components", &[]).await.data();
    assert_eq!(names["components"], json!(["mailer", "hoarder"]));
    let mailer = get(addr, "/_debug/components/mailer", &[]).await.data();
    assert_eq!(mailer, json!({"sent": 7}));
    broken.store(true, Ordering::Relaxed);
    let told = get(addr, "/_debug/components/mailer", &[]).await;
    assert!(!told.text().contains("hunter2"), "{}", told.text());
    told.assert(500, "internal");
    let hoarder = get(addr, "/_debug/components/hoarder", &[]).await;
    hoarder.assert(500, "internal");
    let nobody = get(addr, "/_debug/components/nobody", &[]).await;
    nobody.assert(404, "component_missing");
    app.stop().await.unwrap();
}

struct Allocator;

impl Heap for Allocator {
    fn stats(&self) -> Vec<(&'static str, u64)> {
        vec![("allocated_bytes", 7)]
    }
}

#[tokio::test]
async fn the_heap_is_told_by_the_allocator_of_the_program() {
    let app = start(app(true).component(Devtools::default().heap(Allocator))).await;
    let heap = get(app.addr(), "/_debug/pprof/heap", &[]).await.data();
    assert_eq!(heap, json!({"allocated_bytes": 7}));
    app.stop().await.unwrap();
    let app = start(developed()).await;
    let heap = get(app.addr(), "/_debug/pprof/heap", &[]).await;
    heap.assert(501, "not_implemented");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_source_that_refuses_is_told_with_its_reasons() {
    let app = developed().reload(Refuses);
    let app = start(app).await;
    let told = post(app.addr(), "/_debug/reload", &[]).await;
    let told = told.assert(400, "reload_refused").json();
    let source = &told["sources"][0];
    assert_eq!(
        (&source["source"], &source["taken"]),
        (&json!("banner"), &json!(false))
    );
    assert_eq!(source["problems"], json!(["no such file"]));
    app.stop().await.unwrap();
}

struct Refuses;

impl plumego_testing::Reload for Refuses {
    fn name(&self) -> &'static str {
        "banner"
    }

    async fn reload(&self) -> Result<plumego_testing::Changes, plumego_testing::Refused> {
        Err(plumego_testing::Refused::new("no such file"))
    }
}

#[tokio::test]
async fn a_level_that_is_none_and_a_body_that_is_too_much_are_refused() {
    let app = start(developed()).await;
    let put = async |body: &str| {
        let answer = ask(app.addr(), "PUT /_debug/log", &[], body).await;
        answer.status()
    };
    // The log of a test is not that of the application.
    assert_eq!(put("{\"filter\": \"debug\"}").await, 409);
    assert_eq!(put("{\"level\": \"debug\"}").await, 422);
    assert_eq!(put("{").await, 400);
    app.stop().await.unwrap();
}
