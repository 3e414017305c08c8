//! Guards that would refuse everything or nobody are told at build, and a panic in what the program
//! chose is an answer like any other.

use std::num::NonZeroU64;
use std::time::Duration;

use plumego_app::{App, Guards};
use plumego_middleware::body_deadline::BodyDeadlineConfig;
use plumego_middleware::cors::CorsConfig;
use plumego_observe::log::{CaptureSink, LogConfig, LogWriter};
use plumego_router::Router;

use crate::client::{Client, app, start, stop};
use crate::heard::hear;

fn problems(change: impl FnOnce(&mut Guards) + Send + Sync + 'static) -> String {
    let problems = App::builder().guards(change).build().unwrap_err();
    assert_eq!(problems.iter().count(), 1, "{problems}");
    problems.to_string()
}

fn check(change: impl FnOnce(&mut Guards) + Send + Sync + 'static, expected: &str) {
    let text = problems(change);
    assert!(text.contains(expected), "{expected} is not in {text}");
}

fn with_deadline(change: impl FnOnce(&mut BodyDeadlineConfig)) -> BodyDeadlineConfig {
    let mut config = BodyDeadlineConfig::default();
    change(&mut config);
    config
}

#[test]
fn guard_that_would_refuse_everything_is_a_problem() {
    check(|g| g.timeout = Some(Duration::ZERO), "timeout is 0s");
    check(
        |g| g.body_deadline = Some(with_deadline(|c| c.grace = Duration::ZERO)),
        "body deadline: grace is 0ns, it must be from 1ms to 24 h",
    );
    check(
        |g| g.body_deadline = Some(with_deadline(|c| c.total = Some(Duration::ZERO))),
        "body deadline: total is 0ns",
    );
    check(
        |g| {
            let rate = NonZeroU64::new(u64::MAX);
            g.body_deadline = Some(with_deadline(|c| c.min_bytes_per_second = rate));
        },
        "min_bytes_per_second is 18446744073709551615, it must be from 1 to 1000000000",
    );
}

#[test]
fn guard_without_a_bound_is_a_problem() {
    check(
        |g| g.concurrency_limit.as_mut().unwrap().max_queued = usize::MAX,
        "max_queued is 18446744073709551615, it must be at most 1000000",
    );
    check(
        |g| g.concurrency_limit.as_mut().unwrap().max_wait = Duration::MAX,
        "it must be at most one minute",
    );
    check(
        |g| g.concurrency_limit.as_mut().unwrap().max_concurrent = 1 << 40,
        "max_concurrent is 1099511627776, it must be from 1 to 1000000",
    );
}

#[test]
fn quota_that_takes_years_to_fill_names_its_settings_and_values() {
    let mut config = plumego_app::ServerConfig::default();
    (config.abuse_guard_rate, config.abuse_guard_burst) = (1, 1_000_000_000);
    let problems = App::builder().config(config).build().unwrap_err();
    let text = problems.to_string();
    for part in [
        "APP_ABUSE_GUARD_RATE",
        "rate 1,",
        "APP_ABUSE_GUARD_BURST",
        "burst 1000000000",
        "366 days",
        "raise the rate or lower the burst",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn timeout_of_a_route_that_is_none_is_a_problem_at_its_line() {
    let routes = |r: Router| r.get("/", async || "here").timeout(Duration::ZERO);
    let text = App::builder()
        .routes(routes)
        .build()
        .unwrap_err()
        .to_string();
    assert!(text.contains("the timeout of a route is 0s"), "{text}");
    assert!(text.contains("mistakes.rs"), "{text}");
}

/// The predicate lies outside of the layers that a handler lies in.
#[tokio::test]
async fn panic_in_the_cors_predicate_is_a_500_with_every_header_on_an_open_connection() {
    let strict = CorsConfig::origins_if(|origin| {
        assert!(!origin.contains("evil"), "the predicate panics");
        true
    });
    let app = app()
        .guards(|guards| guards.cors = Some(strict))
        .routes(|r| {
            r.get("/", async || "here")
                .get("/panics", async || -> &'static str { panic!("secret") })
        });
    let (running, addr) = start(app).await;
    let mut client = Client::connect(addr).await;
    let evil = "origin: https://evil.test\r\n";
    let preflight = format!("{evil}access-control-request-method: GET\r\n");
    for (method, headers) in [("GET", evil), ("OPTIONS", &preflight)] {
        let answer = client.ask(method, "/", headers).await;
        assert_eq!(answer.status(), 500, "{answer:?}");
        assert!(answer.body.contains("\"internal\""), "{answer:?}");
        assert!(!answer.body.contains("predicate"), "{answer:?}");
        for name in [
            "x-request-id",
            "traceresponse",
            "content-security-policy",
            "x-content-type-options",
        ] {
            assert!(answer.header(name).is_some(), "{name}: {answer:?}");
        }
    }
    // A panic in a handler can be read by a page that may read the answers.
    let good = "origin: https://good.test\r\n";
    let answer = client.ask("GET", "/panics", good).await;
    assert_eq!(answer.status(), 500);
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, Some("https://good.test"));
    assert_eq!(client.ask("GET", "/", good).await.status(), 200);
    drop(client);
    stop(running).await;
}

#[tokio::test]
async fn proxies_that_are_everybody_are_warned_of() {
    for (list, expected) in [("10.0.0.0/8", false), ("0.0.0.0/0", true), ("::/0", true)] {
        let lines = CaptureSink::default();
        let writer = LogWriter::new(lines.clone(), &LogConfig::default());
        let mut config = plumego_app::ServerConfig::default();
        config.trusted_proxies = list.parse().unwrap();
        let heard = hear(writer.clone());
        let (running, _) = start(app().config(config).addr("127.0.0.1:0").log_writer(writer)).await;
        stop(running).await;
        drop(heard);
        let text = lines.text();
        assert_eq!(text.contains("server.trusted_proxies"), expected, "{text}");
    }
}
