//! Who asks too often, too much at once, or waits too long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use plumego_app::{Guards, MetricsEndpoint, ServerConfig};
use plumego_contract::{Body, Event, Sse, Stream};
use plumego_middleware::cors::CorsConfig;
use plumego_observe::metrics::Metrics;
use plumego_stdx::Limit;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::interval;

use crate::client::{Answer, Client, app_with, start, stop, within};

/// So slow that nothing is earned again while a test runs.
fn few(burst: u64) -> impl FnOnce(&mut ServerConfig) {
    move |config| (config.abuse_guard_rate, config.abuse_guard_burst) = (1, burst)
}

fn code(answer: &Answer) -> String {
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    problem["code"].as_str().unwrap().to_owned()
}

/// Asks until it is refused.
async fn exhaust(client: &mut Client, headers: &str) -> Answer {
    for _ in 0..1000 {
        let answer = client.ask("GET", "/", headers).await;
        if answer.status() != 200 {
            return answer;
        }
    }
    panic!("never refused")
}

// acceptance 21.1 (34), 21.2 (11)
#[tokio::test]
async fn refusal_is_a_problem_that_says_when_to_come_again_and_pages_can_read_it() {
    let app = app_with(few(3))
        .guards(|guards| guards.cors = Some(CorsConfig::any_origin()))
        .routes(|r| r.get("/", async || "here"));
    let app = app.build().unwrap();
    let metrics = app.metrics().clone();
    let running = app.start().await.unwrap();
    let mut client = Client::connect(running.addrs()[0]).await;
    let origin = "origin: https://page.example\r\n";

    let first = client.ask("GET", "/", origin).await;
    assert_eq!(
        first.header("ratelimit-policy"),
        Some("\"abuse-guard\";q=3;w=3")
    );
    assert!(
        first
            .header("ratelimit")
            .unwrap()
            .starts_with("\"abuse-guard\";r=2;")
    );
    assert_eq!(first.header("retry-after"), None);

    let refused = exhaust(&mut client, origin).await;
    assert_eq!(
        (refused.status(), code(&refused).as_str()),
        (429, "rate_limited")
    );
    let kind = refused.header("content-type").unwrap();
    assert!(kind.starts_with("application/problem+json"), "{kind}");
    assert!(
        refused
            .header("retry-after")
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >= 1
    );
    assert!(
        refused
            .header("ratelimit")
            .unwrap()
            .starts_with("\"abuse-guard\";r=0;")
    );
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(refused.header("x-request-id").unwrap().len(), 32);

    let preflight = format!("{origin}access-control-request-method: GET\r\n");
    for _ in 0..20 {
        let answer = client.ask("OPTIONS", "/", &preflight).await;
        assert_eq!(answer.status(), 204, "preflights are answered before");
    }
    drop(client);
    stop(running).await;
    let text = metrics.encode();
    for name in ["allowed", "rejected", "overflowed", "evicted"] {
        assert!(
            text.contains(&format!("http_abuse_guard_{name}_total ")),
            "{text}"
        );
    }
    assert!(
        !text.contains("http_abuse_guard_rejected_total 0"),
        "{text}"
    );
    assert!(text.contains("http_abuse_guard_clients 1\n"), "{text}");
    assert!(
        text.contains("status=\"429\""),
        "refusals are counted: {text}"
    );
}

// acceptance 21.2 (19)
#[tokio::test]
async fn forged_forwarding_headers_get_no_new_quota() {
    let app = app_with(few(5)).routes(|r| r.get("/", async || "here"));
    let (running, addr) = start(app).await;
    let mut client = Client::connect(addr).await;
    let mut passed = 0;
    for host in 0..60 {
        let forged = format!(
            "x-forwarded-for: 198.51.100.{host}\r\nx-forwarded-for: 192.0.2.{host}, 10.0.0.1\r\n\
             forwarded: for=203.0.113.{host}\r\nx-real-ip: 203.0.113.{host}\r\n"
        );
        passed += usize::from(client.ask("GET", "/", &forged).await.status() == 200);
    }
    // A slow machine may earn a few more while it asks.
    assert!((5..=15).contains(&passed), "{passed}");
    drop(client);
    stop(running).await;
}

#[tokio::test]
async fn trusted_proxy_tells_clients_apart_and_an_ipv6_client_is_its_64() {
    let app = app_with(|config| {
        few(2)(config);
        config.trusted_proxies = "127.0.0.1/32".parse().unwrap();
    });
    let (running, addr) = start(app.routes(|r| r.get("/", async || "here"))).await;
    let mut client = Client::connect(addr).await;
    for network in 1..20 {
        let from = format!("x-forwarded-for: 2001:db8:0:{network:x}::1\r\n");
        let answer = client.ask("GET", "/", &from).await;
        assert_eq!(answer.status(), 200, "another network is another client");
    }
    let mut passed = 0;
    for host in 1..60 {
        let from = format!("x-forwarded-for: 2001:db8:0:ffff::{host:x}\r\n");
        passed += usize::from(client.ask("GET", "/", &from).await.status() == 200);
    }
    assert!(
        (2..=12).contains(&passed),
        "one household is one client: {passed}"
    );
    drop(client);
    stop(running).await;
}

// acceptance 21.2 (23)
#[tokio::test]
async fn probes_are_answered_while_every_limit_is_exhausted() {
    let app = app_with(|config| {
        few(1)(config);
        config.max_concurrency = Limit::At(1);
        config.queue_depth = 0;
    });
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (says, waits) = (began.clone(), go.clone());
    let held = async move || {
        says.notify_one();
        waits.notified().await;
        "done"
    };
    let app = app
        .metrics_endpoint(MetricsEndpoint::at("/metrics").public())
        .routes(|r| r.get("/", async || "here").get("/held", held));
    let (running, addr) = start(app).await;
    let mut holder = Client::connect(addr).await;
    holder.send("GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
    within(began.notified()).await;
    let mut client = Client::connect(addr).await;
    assert_ne!(exhaust(&mut client, "").await.status(), 200);
    for path in ["/health/live", "/health/ready", "/health/build", "/metrics"] {
        for _ in 0..20 {
            let answer = client.get(path).await;
            assert_eq!(answer.status(), 200, "{path}");
            assert_eq!(answer.header("ratelimit"), None, "it is not counted");
        }
    }
    go.notify_one();
    assert_eq!(holder.answer().await.body, "done");
    drop((holder, client));
    stop(running).await;
}

/// An application with one slot, and what holds it.
fn narrow(
    change: impl FnOnce(&mut ServerConfig),
) -> (
    plumego_app::AppBuilder,
    Arc<Notify>,
    Arc<AtomicUsize>,
    Metrics,
) {
    let (go, calls) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (waits, counts) = (go.clone(), calls.clone());
    let held = async move || {
        counts.fetch_add(1, Ordering::SeqCst);
        waits.notified().await;
        "done"
    };
    let metrics = Metrics::default();
    let app = app_with(|config| {
        config.max_concurrency = Limit::At(1);
        change(config);
    });
    let app = app.metrics(metrics.clone()).routes(|r| r.get("/", held));
    (app, go, calls, metrics)
}

async fn until(metrics: &Metrics, line: &str) {
    let mut tick = interval(Duration::from_millis(1));
    within(async {
        while !metrics.encode().contains(line) {
            tick.tick().await;
        }
    })
    .await;
}

async fn ask(addr: std::net::SocketAddr) -> Client {
    let mut client = Client::connect(addr).await;
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    client
}

// acceptance 21.1 (33)
#[tokio::test]
async fn full_queue_is_busy_and_whoever_leaves_it_makes_room() {
    let (app, go, calls, metrics) = narrow(|config| {
        config.queue_depth = 1;
        config.queue_timeout = Duration::from_secs(15);
    });
    let (running, addr) = start(app).await;
    let mut first = ask(addr).await;
    until(&metrics, "http_concurrency_running 1\n").await;
    let leaving = ask(addr).await;
    until(&metrics, "http_concurrency_queued 1\n").await;
    let busy = ask(addr).await.answer().await;
    assert_eq!((busy.status(), code(&busy).as_str()), (503, "server_busy"));
    assert!(busy.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);

    drop(leaving);
    until(&metrics, "http_concurrency_queued 0\n").await;
    let mut next = ask(addr).await;
    until(&metrics, "http_concurrency_queued 1\n").await;
    go.notify_one();
    assert_eq!(first.answer().await.body, "done");
    go.notify_one();
    assert_eq!(next.answer().await.body, "done");
    assert_eq!(calls.load(Ordering::SeqCst), 2, "who left never ran");
    assert!(
        metrics
            .encode()
            .contains("http_concurrency_rejected_busy_total 1\n")
    );
    drop((first, next));
    stop(running).await;
}

// acceptance 21.1 (33)
#[tokio::test]
async fn wait_for_a_turn_is_bounded() {
    let (app, go, _, metrics) = narrow(|config| config.queue_timeout = Duration::from_millis(30));
    let (running, addr) = start(app).await;
    let mut first = ask(addr).await;
    until(&metrics, "http_concurrency_running 1\n").await;
    let late = ask(addr).await.answer().await;
    assert_eq!(
        (late.status(), code(&late).as_str()),
        (503, "server_queue_timeout")
    );
    assert!(late.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert!(
        metrics
            .encode()
            .contains("http_concurrency_rejected_timeout_total 1\n")
    );
    go.notify_one();
    assert_eq!(first.answer().await.body, "done");
    drop(first);
    stop(running).await;
}

// acceptance 21.2 (17)
#[tokio::test]
async fn timeout_is_504_and_cuts_neither_events_nor_downloads() {
    let events = async || {
        Sse::produce(async |out| {
            let mut tick = interval(Duration::from_millis(40));
            for n in 0..6 {
                tick.tick().await;
                out.send(Event::new().data(n.to_string())).await?;
            }
            Ok(())
        })
    };
    let download = async || {
        Stream::produce("text/plain", async |out| {
            let mut tick = interval(Duration::from_millis(40));
            for _ in 0..6 {
                tick.tick().await;
                out.send("x".repeat(100_000)).await?;
            }
            Ok(())
        })
    };
    let app = app_with(|config| config.request_timeout = Duration::from_millis(100)).routes(|r| {
        r.get("/hangs", async || std::future::pending::<&str>().await)
            .get("/events", events)
            .get("/download", download)
            .get("/panics", async || -> &'static str { panic!("secret") })
    });
    let (running, addr) = start(app).await;
    let mut client = Client::connect(addr).await;
    let hangs = client.get("/hangs").await;
    assert_eq!((hangs.status(), code(&hangs).as_str()), (504, "timeout"));
    assert_eq!(client.get("/panics").await.status(), 500);
    drop(client);
    for (path, end) in [("/events", "data: 5\n\n"), ("/download", "xxx")] {
        let mut client = Client::connect(addr).await;
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        client.send(head).await;
        let all = client.rest().await;
        assert!(
            all.contains(end) && all.ends_with("0\r\n\r\n"),
            "a whole {path}"
        );
        assert!(path != "/download" || all.matches('x').count() > 600_000);
    }
    stop(running).await;
}

// acceptance 21.1 (9)
#[tokio::test]
async fn what_is_switched_off_is_gone() {
    type Change = fn(&mut Guards);
    let rows: [(&str, Change); 6] = [
        ("DebugErrorsLayer", |g| g.debug_errors = false),
        ("SecurityHeadersLayer", |g| g.security_headers = None),
        ("AbuseGuardLayer", |g| g.abuse_guard = None),
        ("BodyDeadlineLayer", |g| g.body_deadline = None),
        ("ConcurrencyLimitLayer", |g| g.concurrency_limit = None),
        ("TimeoutLayer", |g| g.timeout = None),
    ];
    let debugged = |config: &mut ServerConfig| config.debug = true;
    for (name, change) in rows {
        let layers = |app: plumego_app::AppBuilder| {
            let app = app.routes(|r| r.get("/", async || "here")).build().unwrap();
            app.routes()[0].layers.clone()
        };
        let all = layers(app_with(debugged));
        let rest = layers(app_with(debugged).guards(change));
        assert!(all.contains(&name), "{all:?}");
        let expected: Vec<_> = all.into_iter().filter(|one| *one != name).collect();
        assert_eq!(rest, expected, "{name}");
    }
    let off = |config: &mut ServerConfig| {
        config.abuse_guard_enabled = false;
        config.security_headers_enabled = false;
        config.max_concurrency = Limit::Unlimited;
        config.request_timeout = Duration::ZERO;
    };
    let app = app_with(off).routes(|r| {
        r.get("/", async || "here")
            .post("/", async |body: Body| body.into_bytes(1000).await)
    });
    let app = app.build().unwrap();
    assert_eq!(app.router().app().request_deadline, None);
    let metrics = app.metrics().clone();
    let running = app.start().await.unwrap();
    let mut client = Client::connect(running.addrs()[0]).await;
    for _ in 0..300 {
        let answer = client.get("/").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.header("ratelimit"), None);
        assert_eq!(answer.header("x-content-type-options"), None);
    }
    let text = metrics.encode();
    assert!(
        !text.contains("abuse_guard") && !text.contains("concurrency"),
        "{text}"
    );
    drop(client);
    stop(running).await;
}

#[test]
fn program_has_the_last_word_and_what_it_leaves_alone_is_that_of_the_configuration() {
    let app = app_with(|config| {
        config.abuse_guard_burst = 7;
        config.request_timeout = Duration::from_secs(3);
        config.queue_depth = 9;
    });
    let app = app.guards(|guards| {
        assert_eq!(guards.abuse_guard.as_ref().unwrap().burst, 7);
        assert_eq!(guards.concurrency_limit.as_ref().unwrap().max_queued, 9);
        assert_eq!(guards.timeout, Some(Duration::from_secs(3)));
        guards.timeout = Some(Duration::from_secs(4));
    });
    let app = app.build().unwrap();
    assert_eq!(
        app.router().app().request_deadline,
        Some(Duration::from_secs(4))
    );
}

#[test]
fn what_cannot_be_is_told_all_at_once() {
    let app = app_with(|config| {
        (config.abuse_guard_rate, config.abuse_guard_burst) = (1, 1_000_000_000);
    });
    let app = app.guards(|guards| {
        guards.cors = Some(CorsConfig::any_origin().credentials());
        if let Some(limit) = &mut guards.concurrency_limit {
            limit.max_concurrent = 0;
        }
    });
    let problems = app.build().unwrap_err();
    let text = problems.to_string();
    for part in ["abuse guard", "CORS", "max_concurrent"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
