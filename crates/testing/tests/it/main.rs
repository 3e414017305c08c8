//! What the test kit promises its users.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plumego_app::App;
use plumego_component::{Component, StartContext};
use plumego_contract::extract::{ClientIp, Form, Query};
use plumego_contract::{Error, Event, Json, Sse};
use plumego_middleware::rate_limit::AbuseGuardConfig;
use plumego_observe::log::CaptureSink;
use plumego_testing::TestApp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn echo() -> plumego_app::AppBuilder {
    App::builder().routes(|r| {
        r.get("/ping", async || "pong")
            .post("/json", async |Json(value): Json<Value>| Json(value))
            .post("/form", async |Form(value): Form<Value>| Json(value))
            .get("/query", async |Query(value): Query<Value>| Json(value))
            .get("/ip", async |ClientIp(ip): ClientIp| ip.to_string())
    })
}

#[tokio::test]
async fn requests_go_through_the_whole_stack() {
    let app = TestApp::new(echo()).unwrap();
    let response = app.get("/ping").header("x-request-id", "mine").await;
    response
        .assert_status(200)
        .assert_header("x-request-id", "mine");
    assert_eq!(response.text(), "pong");
    app.post("/json")
        .json(&json!({"a": [1, 2]}))
        .await
        .assert_json(&json!({"a": [1, 2]}));
    app.post("/form")
        .form(&[("a", "1")])
        .await
        .assert_json(&json!({"a": "1"}));
    app.get("/query")
        .query(&[("q", "a b&c")])
        .await
        .assert_json(&json!({"q": "a b&c"}));
    app.get("/nowhere")
        .await
        .assert_status(404)
        .assert_code("not_found");
    app.delete("/ping")
        .await
        .assert_status(405)
        .assert_header("allow", "GET, HEAD, OPTIONS");
    assert!(
        app.head("/ping")
            .await
            .assert_status(200)
            .bytes()
            .is_empty()
    );
}

#[tokio::test]
async fn the_peer_can_be_chosen() {
    let app = TestApp::new(echo())
        .unwrap()
        .from_peer("192.0.2.7:1".parse().unwrap());
    assert_eq!(app.get("/ip").await.text(), "192.0.2.7");
}

#[tokio::test]
#[should_panic(expected = "status 404, expected 200")]
async fn a_wrong_status_fails_the_test() {
    TestApp::new(echo())
        .unwrap()
        .get("/nowhere")
        .await
        .assert_status(200);
}

#[test]
fn a_wrong_application_is_refused() {
    let app = App::builder().routes(|r| r.get("/a", async || "1").get("/a", async || "2"));
    assert!(TestApp::new(app).unwrap_err().to_string().contains("/a"));
}

#[tokio::test(start_paused = true)]
async fn streams_are_read_as_they_come() {
    let app = App::builder().routes(|r| {
        r.get("/events", async || {
            Sse::produce(async move |events| {
                events.send(Event::new().data("1")).await?;
                Ok(())
            })
        })
    });
    let response = TestApp::new(app).unwrap().get("/events").stream().await;
    let bytes = response.into_body().into_bytes(1000).await.unwrap();
    assert_eq!(bytes, "data: 1\n\n");
}

#[tokio::test]
async fn log_lines_go_where_the_program_says() {
    let sink = CaptureSink::default();
    let app = TestApp::start(echo().log_sink(sink.clone())).await.unwrap();
    app.get("/ping").await.assert_status(200);
    app.stop().await.unwrap();
    assert!(sink.text().contains("/ping"), "{}", sink.text());
}

struct Started(Arc<AtomicBool>);

impl Component for Started {
    fn name(&self) -> &'static str {
        "started"
    }

    async fn start(&self, _: StartContext) -> Result<(), Error> {
        self.0.store(true, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn a_started_application_answers_on_its_socket() {
    let started = Arc::new(AtomicBool::new(false));
    let app = TestApp::start(echo().component(Started(Arc::clone(&started))))
        .await
        .unwrap();
    assert!(started.load(Ordering::SeqCst));
    let mut socket = tokio::net::TcpStream::connect(app.addr()).await.unwrap();
    let request = b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("pong"),
        "{answer}"
    );
    assert!(app.url("/ping").starts_with("http://127.0.0.1:"));
    assert!(app.stop().await.unwrap().is_clean());
}

#[tokio::test]
async fn a_loop_of_requests_is_not_rate_limited_unless_the_program_asks_for_it() {
    let app = TestApp::new(echo()).unwrap();
    for _ in 0..500 {
        app.get("/ping").await.assert_status(200);
    }
    let app = TestApp::new(echo().guards(|guards| {
        let mut guard = AbuseGuardConfig::default();
        (guard.rate, guard.burst) = (1, 2);
        guards.abuse_guard = Some(guard);
    }));
    let app = app.unwrap();
    let mut refused = 0;
    for _ in 0..20 {
        refused += u32::from(app.get("/ping").await.status() == 429);
    }
    assert!(refused > 10, "{refused}");
}
