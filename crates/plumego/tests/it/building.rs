//! From a builder to a bound address.

use std::time::Instant;

use plumego::prelude::*;
use plumego::stdx::Secret;
use plumego_testing::TestApp;

use crate::house::house;
use crate::wire::Client;

async fn ping() -> &'static str {
    "pong"
}

// acceptance 21.1 (2): nothing is left to be put together by the first request.
#[tokio::test]
async fn application_answers_as_a_service_and_then_still_starts() {
    use tower_service::Service;
    let mut app = App::builder()
        .guards(|guards| *guards = Guards::none())
        .addr("127.0.0.1:0")
        .routes(|r| r.get("/ping", ping))
        .build()
        .unwrap();
    let request = plumego::http::Request::get("/ping").header("host", "x");
    let request = request.body(Body::empty()).unwrap();
    assert_eq!(app.call(request).await.unwrap().status(), 200);
    let running = app.start().await.unwrap();
    let addr = running.addrs()[0];
    assert_eq!(Client::connect(addr).await.get("/ping").await.body, "pong");
    running.handle().shutdown();
    assert!(running.wait().await.unwrap().is_clean());
}

// acceptance 21.1 (19)
#[test]
fn every_mistake_in_the_routes_is_told_at_once_with_its_line() {
    let app = App::builder().routes(|r| {
        r.get("/users/{id}", ping)
            .get("/users/{name}", ping)
            .group("/users", |users| users.get("/{id}", ping))
            .get("/{a}/{a}", ping)
            .get("/{*rest}/end", ping)
            .get("/{}", ping)
            .get("/state", async |State(_): State<u64>| ())
            .get("/one/{id}", async |Path(_): Path<(u64, u64)>| ())
    });
    let problems = app.build().unwrap_err();
    let text = problems.to_string();
    assert!(problems.iter().count() >= 7, "{text}");
    for part in [
        "/users/{name}",
        "/{a}/{a}",
        "/{*rest}/end",
        "/{}",
        "u64",
        "/one/{id}",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let lines = text.matches("tests/it/building.rs:").count();
    assert!(lines >= 7, "{text}");
}

// acceptance 21.2 (33)
#[tokio::test]
async fn metrics_are_for_this_machine_or_a_token() {
    let token = Secret::new("t0ken".to_owned());
    for (endpoint, from_elsewhere) in [
        (MetricsEndpoint::default(), 401),
        (MetricsEndpoint::default().token(token.clone()), 200),
        (MetricsEndpoint::default().token(Secret::default()), 401),
        (MetricsEndpoint::default().public(), 200),
    ] {
        let house = house(|app| app.metrics_endpoint(endpoint.clone())).await;
        let public = endpoint == endpoint.clone().public();
        for (headers, status) in [
            ("host: localhost", 200),
            ("host: 127.0.0.1:80", 200),
            ("host: metrics.example.com", if public { 200 } else { 401 }),
            (
                "host: localhost\r\nx-forwarded-for: 203.0.113.9",
                if public { 200 } else { 401 },
            ),
            (
                "host: x\r\nauthorization: Bearer t0ke",
                if public { 200 } else { 401 },
            ),
            (
                "host: x\r\nauthorization: Bearer ",
                if public { 200 } else { 401 },
            ),
            ("host: x\r\nauthorization: bearer t0ken", from_elsewhere),
        ] {
            let request = format!("GET /metrics HTTP/1.1\r\n{headers}\r\n\r\n");
            let answer = house.send(request).await;
            assert_eq!(answer.status(), status, "{headers:?} {endpoint:?}");
            assert_eq!(answer.body.contains("# EOF"), status == 200);
        }
        house.stop().await;
    }
}

// acceptance 21.1 (13), 21.2 (33)
#[tokio::test]
async fn metrics_are_open_metrics_count_requests_and_are_nowhere_by_default() {
    let closed = house(|app| app).await;
    assert_eq!(closed.get("/metrics").await.status(), 404);
    closed.stop().await;
    let endpoint = MetricsEndpoint::at("/metrics").public();
    let house = house(|app| {
        app.metrics_endpoint(endpoint)
            .build_info(BuildInfo::new("1.2.3", Some("abc"), None))
            .routes(|r| r.get("/ping", ping))
    })
    .await;
    for _ in 0..3 {
        house.get("/ping").await;
    }
    let metrics = house.get("/metrics").await;
    let kind = metrics.header("content-type").unwrap();
    assert!(
        kind.starts_with("application/openmetrics-text; version=1.0.0"),
        "{kind}"
    );
    for line in [
        "http_requests_total{method=\"GET\",route=\"/ping\",status=\"200\"} 3\n",
        "http_request_duration_seconds_count{method=\"GET\",route=\"/ping\"} 3\n",
        "build_info",
        "1.2.3",
    ] {
        assert!(
            metrics.body.contains(line),
            "{line} is not in {}",
            metrics.body
        );
    }
    assert!(metrics.body.ends_with("# EOF\n"));
    house.stop().await;
}

// acceptance 21.2 (7)
#[tokio::test]
async fn address_in_use_is_an_error_within_100_ms_that_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let app = App::builder().addr(&*addr).build().unwrap();
    let began = Instant::now();
    let error = app.start().await.unwrap_err();
    let took = began.elapsed();
    assert!(took.as_millis() < 100, "{took:?}");
    let text = error.to_string();
    assert!(text.contains(&addr) && text.contains("in use"), "{text}");
}

// acceptance 21.2 (9)
#[tokio::test]
async fn port_zero_is_observable_before_the_first_request() {
    let (tell, told) = std::sync::mpsc::channel();
    let app = App::builder()
        .guards(|guards| *guards = Guards::none())
        .routes(|r| r.get("/ping", ping))
        .on_listening(move |addrs| tell.send(addrs.to_vec()).unwrap());
    let app = TestApp::start(app).await.unwrap();
    assert_ne!(app.addr().port(), 0);
    assert_eq!(told.recv().unwrap(), [app.addr()]);
    assert_eq!(
        Client::connect(app.addr()).await.get("/ping").await.body,
        "pong"
    );
    assert!(app.stop().await.unwrap().is_clean());
}
