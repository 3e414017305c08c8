//! What browsers are told, on every answer.

use plumego_contract::Body;
use plumego_middleware::cors::CorsConfig;
use plumego_security::headers::HeaderPolicy;
use plumego_stdx::Limit;

use crate::client::{Answer, Client, app, app_with, start, stop};

fn check(answer: &Answer, status: u16) {
    assert_eq!(answer.status(), status, "{}", answer.head);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{status} {name}");
    }
    assert!(answer.header("content-security-policy").is_some());
    assert_eq!(
        answer.header("strict-transport-security"),
        None,
        "no TLS here"
    );
}

// acceptance 21.1 (30), 21.2 (13)
#[tokio::test]
async fn every_answer_carries_them() {
    let app = app_with(|config| {
        config.max_body_bytes = Limit::At(10);
        (config.abuse_guard_rate, config.abuse_guard_burst) = (1, 8);
    });
    let app = app.routes(|r| {
        r.get("/", async || "here")
            .post("/", async |body: Body| body.into_bytes(u64::MAX).await)
            .get("/panics", async || -> &'static str { panic!("secret") })
    });
    let (running, addr) = start(app).await;
    let mut client = Client::connect(addr).await;
    check(&client.get("/").await, 200);
    check(&client.get("/nowhere").await, 404);
    check(&client.ask("DELETE", "/", "").await, 405);
    check(&client.ask("OPTIONS", "/", "").await, 204);
    check(&client.get("/panics").await, 500);
    check(&client.get("/health/live").await, 200);
    let mut greedy = Client::connect(addr).await;
    check(
        &greedy.ask("POST", "/", "content-length: 11\r\n").await,
        413,
    );
    let mut last = client.get("/").await;
    for _ in 0..100 {
        if last.status() == 429 {
            break;
        }
        last = client.get("/").await;
    }
    check(&last, 429);
    drop((client, greedy));
    stop(running).await;
}

#[tokio::test]
async fn strict_transport_is_asked_for_on_https_of_a_trusted_proxy_alone() {
    let https = "x-forwarded-for: 192.0.2.7\r\nx-forwarded-proto: https\r\n";
    for (trusted, expected) in [("127.0.0.1/32", true), ("10.0.0.0/8", false)] {
        let app = app_with(|config| config.trusted_proxies = trusted.parse().unwrap());
        let (running, addr) = start(app.routes(|r| r.get("/", async || "here"))).await;
        let mut client = Client::connect(addr).await;
        for path in ["/", "/nowhere"] {
            client
                .send(format!(
                    "GET {path} HTTP/1.1\r\nhost: shop.example\r\n{https}\r\n"
                ))
                .await;
            let answer = client.answer().await;
            let sent = answer.header("strict-transport-security").is_some();
            assert_eq!(sent, expected, "{trusted} {path}");
        }
        drop(client);
        stop(running).await;
    }
}

#[tokio::test]
async fn policy_of_the_program_is_sent_and_a_handler_may_say_otherwise() {
    let app = app()
        .guards(|guards| guards.security_headers = Some(HeaderPolicy::strict()))
        .routes(|r| {
            r.get("/", async || "here").get("/framed", async || {
                ([("x-frame-options", "SAMEORIGIN")], "here")
            })
        });
    let (running, addr) = start(app).await;
    let mut client = Client::connect(addr).await;
    let answer = client.get("/").await;
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let framed = client.get("/framed").await;
    assert_eq!(framed.header("x-frame-options"), Some("SAMEORIGIN"));
    drop(client);
    stop(running).await;
}

#[tokio::test]
async fn pages_of_an_allowed_origin_can_read_our_errors_and_others_cannot() {
    let app = app()
        .guards(|guards| guards.cors = Some(CorsConfig::origins(["https://app.example.com"])))
        .routes(|r| r.get("/panics", async || -> &'static str { panic!("secret") }));
    let (running, addr) = start(app).await;
    let mut client = Client::connect(addr).await;
    for (origin, allowed) in [
        ("https://app.example.com", Some("https://app.example.com")),
        ("https://app.example.com.evil.example", None),
        ("null", None),
    ] {
        for (path, status) in [("/panics", 500), ("/nowhere", 404)] {
            let answer = client
                .ask("GET", path, &format!("origin: {origin}\r\n"))
                .await;
            assert_eq!(answer.status(), status);
            assert_eq!(
                answer.header("access-control-allow-origin"),
                allowed,
                "{origin}"
            );
            assert!(
                answer
                    .header("vary")
                    .unwrap()
                    .to_lowercase()
                    .contains("origin")
            );
        }
    }
    drop(client);
    stop(running).await;
}

/// The layers outside of recovery call code of the program too: what panics there reaches the net
/// of the server.
#[tokio::test]
async fn panic_in_a_layer_outside_of_recovery_harms_nobody_else() {
    let app = app()
        .guards(|guards| {
            guards.cors = Some(CorsConfig::origins_if(|origin| {
                assert!(!origin.contains("bomb"), "secret");
                true
            }));
        })
        .routes(|r| r.get("/", async || "here"));
    let (running, addr) = start(app).await;
    let mut other = Client::connect(addr).await;
    assert_eq!(other.get("/").await.body, "here");
    let mut client = Client::connect(addr).await;
    let answer = client
        .ask("GET", "/", "origin: https://bomb.example\r\n")
        .await;
    assert_eq!(answer.status(), 500);
    assert!(answer.body.contains("\"internal\"") && !answer.body.contains("secret"));
    assert_eq!(client.get("/").await.body, "here", "the connection lives");
    assert_eq!(other.get("/").await.body, "here");
    drop((client, other));
    stop(running).await;
}
