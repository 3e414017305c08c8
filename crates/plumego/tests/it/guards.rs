//! The guards under attack, over real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use plumego::middleware::body_deadline::BodyDeadlineConfig;
use plumego::middleware::concurrency_limit::ConcurrencyLimitConfig;
use plumego::middleware::rate_limit::AbuseGuardConfig;
use plumego::middleware::{
    AbuseGuardLayer, BodyDeadlineLayer, ConcurrencyLimitLayer, SecurityHeadersLayer, TimeoutLayer,
};
use plumego::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::interval;

use crate::client::{open, rest, send, start, status, within};

fn guard(burst: u64) -> AbuseGuardLayer {
    let mut config = AbuseGuardConfig::default();
    (config.rate, config.burst) = (1, burst);
    AbuseGuardLayer::new(config).unwrap()
}

/// acceptance 21.2 (11, 19)
#[tokio::test]
async fn new_ports_and_forged_headers_do_not_get_around_the_guard() {
    let app = App::builder()
        .layer(SecurityHeadersLayer::default())
        .layer(guard(5))
        .routes(|r| r.get("/", async || "ok"));
    let (_running, addr) = start(app).await;
    let mut passed = 0;
    let mut refused = String::new();
    for host in 0..40 {
        let forged = format!(
            "X-Forwarded-For: 198.51.100.{host}\r\nX-Forwarded-For: 192.0.2.{host}\r\n\
             Forwarded: for=203.0.113.{host}\r\nX-Real-IP: 203.0.113.{host}\r\n"
        );
        let answer = send(addr, "GET /", &forged).await;
        match status(&answer) {
            200 => passed += 1,
            _ => refused = answer,
        }
    }
    // A slow machine may earn one more while it asks.
    assert!((5..=10).contains(&passed), "{passed}");
    assert_eq!(status(&refused), 429);
    for line in [
        "retry-after: 1",
        "ratelimit: \"abuse-guard\";r=0;t=1",
        "ratelimit-policy: \"abuse-guard\";q=5;w=5",
        "content-type: application/problem+json",
        "x-content-type-options: nosniff",
        "\"code\":\"rate_limited\"",
    ] {
        assert!(refused.contains(line), "{line} is not in {refused}");
    }
    assert!(!refused.contains("strict-transport-security"), "{refused}");
    assert_eq!(
        status(&send(addr, "GET /health/live", "").await),
        200,
        "probes pass"
    );
}

/// acceptance 21.2 (11): whoever leaves the queue leaves it free for the next.
#[tokio::test]
async fn a_client_that_leaves_gives_its_place_in_the_queue_back() {
    let mut config = ConcurrencyLimitConfig::default();
    (config.max_concurrent, config.max_queued) = (1, 1);
    config.max_wait = Duration::from_secs(15);
    let limit = ConcurrencyLimitLayer::new(config).unwrap();
    let (go, calls) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let handler = {
        let (go, calls) = (Arc::clone(&go), Arc::clone(&calls));
        async move || {
            let (go, calls) = (Arc::clone(&go), Arc::clone(&calls));
            calls.fetch_add(1, Ordering::SeqCst);
            go.notified().await;
            "done"
        }
    };
    let app = App::builder()
        .layer(limit.clone())
        .routes(|r| r.get("/", handler));
    let (_running, addr) = start(app).await;
    let until = async |there: &dyn Fn() -> bool| {
        let mut tick = interval(Duration::from_millis(1));
        while !there() {
            within(tick.tick()).await;
        }
    };

    let running = open(addr, "GET /", "").await;
    within(until(&|| limit.stats().running == 1)).await;
    let leaving = open(addr, "GET /", "").await;
    within(until(&|| limit.stats().queued == 1)).await;
    let busy = send(addr, "GET /", "").await;
    assert_eq!(status(&busy), 503);
    assert!(
        busy.contains("retry-after: 1") && busy.contains("server_busy"),
        "{busy}"
    );

    drop(leaving);
    within(until(&|| limit.stats().queued == 0)).await;
    let next = open(addr, "GET /", "").await;
    within(until(&|| limit.stats().queued == 1)).await;
    go.notify_one();
    assert_eq!(status(&rest(running).await), 200);
    go.notify_one();
    assert_eq!(status(&rest(next).await), 200);
    assert_eq!(
        calls.load(Ordering::SeqCst),
        2,
        "the one that left never ran"
    );
}

/// acceptance 21.2 (17)
#[tokio::test]
async fn a_timeout_cuts_no_stream_and_a_panic_under_it_no_process() {
    let ticks = async || {
        Stream::produce("text/plain", async |out| {
            let mut tick = interval(Duration::from_millis(50));
            for _ in 0..5 {
                tick.tick().await;
                out.send("tick\n").await?;
            }
            Ok(())
        })
    };
    let app = App::builder()
        .layer(TimeoutLayer::new(Duration::from_millis(100)))
        .routes(|r| {
            r.get("/ticks", ticks)
                .get("/hangs", async || std::future::pending::<&str>().await)
                .get("/large", async || vec![b'x'; 5 << 20])
                .get("/broken", async || -> &'static str {
                    panic!("secret text")
                })
        });
    let (_running, addr) = start(app).await;
    let ticks = send(addr, "GET /ticks", "").await;
    assert_eq!((status(&ticks), ticks.matches("tick\n").count()), (200, 5));
    let large = send(addr, "GET /large", "").await;
    assert!(large.len() > 5 << 20, "{}", large.len());
    for _ in 0..3 {
        let broken = send(addr, "GET /broken", "").await;
        assert_eq!(status(&broken), 500);
        assert!(!broken.contains("secret"), "{broken}");
    }
    let hangs = send(addr, "GET /hangs", "").await;
    assert_eq!(status(&hangs), 504);
    assert!(hangs.contains("\"code\":\"timeout\""), "{hangs}");
}

#[tokio::test]
async fn a_body_that_drips_is_408_and_one_that_flows_is_not() {
    let mut config = BodyDeadlineConfig::default();
    config.grace = Duration::from_secs(1);
    let app = App::builder()
        .layer(BodyDeadlineLayer::new(config).unwrap())
        .routes(|r| r.post("/", async |body: String| body.len().to_string()));
    let (_running, addr) = start(app).await;

    let mut dripping = open(addr, "POST /", "Content-Length: 1000\r\n").await;
    let mut tick = interval(Duration::from_millis(50));
    let mut answer = vec![0; 4096];
    let read = loop {
        tokio::select! {
            read = dripping.read(&mut answer) => break read.unwrap(),
            _ = tick.tick() => { let _ = dripping.write_all(b"x").await; }
        }
    };
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert_eq!(status(&answer), 408);
    assert!(answer.contains("\"code\":\"body_timeout\""), "{answer}");

    let mut flowing = open(addr, "POST /", "Content-Length: 1000\r\n").await;
    for _ in 0..20 {
        tick.tick().await;
        flowing.write_all(&[b'x'; 50]).await.unwrap();
    }
    let answer = rest(flowing).await;
    assert!(answer.ends_with("\r\n\r\n1000"), "{answer}");
}
