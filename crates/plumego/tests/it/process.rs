//! The program as a process of its own: signals, memory, its log.
#![cfg(target_os = "linux")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plumego::component::from_fn;
use plumego::prelude::*;
use serde_json::Value;

use crate::child::{self, Server, say};
use crate::wire::{Client, within};

/// Whether the store hangs when it is stopped.
static WEDGED: AtomicBool = AtomicBool::new(false);

struct Store;

impl Component for Store {
    fn name(&self) -> &'static str {
        "store"
    }

    async fn stop(&self, _: StopContext) -> Result<(), Error> {
        if WEDGED.load(Ordering::Relaxed) {
            say("store hangs");
            std::future::pending::<()>().await;
        }
        say("store stopped");
        Ok(())
    }
}

struct Pump;

impl Runner for Pump {
    async fn start(&self, _: StartContext) -> Result<(), Error> {
        Ok(())
    }

    async fn stop(&self, _: StopContext) -> Result<(), Error> {
        say("pump stopped");
        Ok(())
    }
}

fn routes(router: Router) -> Router {
    router
        .post("/held", async |cx: Context| {
            say("request began");
            let body = cx.text().await;
            say("request answered");
            body
        })
        .post("/wedge", async || {
            WEDGED.store(true, Ordering::Relaxed);
            say("request began");
            std::future::pending::<()>().await;
        })
        .get("/log", async |cx: Context| {
            tracing::debug!("hidden");
            let error = std::io::Error::other("disk full");
            tracing::info!(user = 7, error = &error as &dyn std::error::Error, "shown");
            cx.trace_id().to_string()
        })
        .get("/fails", async || -> Result<(), Error> {
            Err(std::io::Error::other("postgres://app:hunter2@db.internal/app").into())
        })
        .any("/users/{id}", async |Path(id): Path<String>| id)
}

/// The server; nothing in the process that runs the tests.
#[tokio::test]
async fn child() -> Result<(), Error> {
    if !child::is_one() {
        return Ok(());
    }
    let hook = from_fn("part", |setup| {
        setup.on_shutdown("hook", async || say("hook ran"));
        Ok(())
    });
    App::builder()
        .config(Config::load()?.server)
        .on_listening(|addrs| say(&format!("listening on {}", addrs[0])))
        .component(Store)
        .component(hook)
        .runner("pump", Pump)
        .routes(routes)
        .build()?
        .run()
        .await
}

const HELD: &str = "POST /held HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nha";

fn start(variables: &[(&str, &str)]) -> Server {
    Server::start("process::child", variables)
}

// acceptance 21.2 (8)
#[tokio::test]
async fn sigterm_answers_the_open_request_then_stops_runners_components_and_hooks() {
    let mut server = start(&[]);
    let mut client = server.connect().await;
    client.send(HELD).await;
    server.line("request began").await;
    server.signal("TERM").await;
    server.line("draining").await;
    client.send("lf").await;
    let answer = client.answer().await;
    assert_eq!(answer.body, "half");
    assert_eq!(answer.header("connection"), Some("close"));
    let (status, text) = server.end().await;
    assert_eq!(status, Some(0), "{text}");
    let mut rest = text.as_str();
    for step in [
        "request answered",
        "pump stopped",
        "store stopped",
        "hook ran",
    ] {
        let at = rest.find(step);
        let at = at.unwrap_or_else(|| panic!("{step:?} is late in\n{text}"));
        rest = &rest[at..];
    }
}

// acceptance 21.2 (8): a request and a component that hang take the time of one, not of two.
#[tokio::test]
async fn all_that_stops_shares_one_deadline() {
    let mut server = start(&[("APP_SHUTDOWN_TIMEOUT_MS", "2000")]);
    let mut client = server.connect().await;
    client.send("POST /wedge HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.line("request began").await;
    let began = Instant::now();
    server.signal("TERM").await;
    let (status, text) = server.end().await;
    let took = began.elapsed();
    assert!(status.is_some_and(|status| status != 0), "{text}");
    assert!(took >= Duration::from_secs(1), "{took:?}: {text}");
    assert!(took < Duration::from_millis(3500), "{took:?}: {text}");
    for part in [
        "POST /wedge",
        "store hangs",
        "pump stopped",
        "hook ran",
        "not cleanly",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

// acceptance 21.2 (8)
#[tokio::test]
async fn second_signal_ends_the_process_at_once() {
    let mut server = start(&[("APP_SHUTDOWN_TIMEOUT_MS", "1h")]);
    let mut client = server.connect().await;
    client.send(HELD).await;
    server.line("request began").await;
    server.signal("TERM").await;
    server.line("draining").await;
    server.signal("TERM").await;
    let (status, text) = server.end().await;
    assert_eq!(status, Some(143), "{text}");
    assert!(!text.contains("pump stopped"), "{text}");
}

/// So many requests, each with a method and a path of its own.
async fn distinct(client: &mut Client, from: u32, count: u32) {
    for start in (from..from + count).step_by(50) {
        let requests: Vec<_> = (start..start + 50)
            .map(|n| {
                let path = if n % 2 == 0 { "users" } else { "nowhere" };
                format!("M{n} /{path}/{n} HTTP/1.1\r\nhost: h{n}\r\n\r\n")
            })
            .collect();
        client.send(requests.concat()).await;
        for n in start..start + 50 {
            let status = if n % 2 == 0 { 200 } else { 404 };
            assert_eq!(client.answer().await.status(), status, "{n}");
        }
    }
}

// acceptance 21.2 (5)
#[tokio::test]
async fn memory_is_flat_over_ten_thousand_distinct_methods_and_paths() {
    let mut server = start(&[("APP_ABUSE_GUARD_ENABLED", "no")]);
    let mut client = server.connect().await;
    let memory = server.memory();
    let log = async {
        let mut lines = 0;
        while let Ok(Some(line)) = server.lines.next_line().await {
            lines += usize::from(line.contains("/users/") || line.contains("/nowhere/"));
            if lines == 13_000 {
                break;
            }
        }
        lines
    };
    let requests = async {
        // Until the buffers have their size.
        distinct(&mut client, 0, 3_000).await;
        let before = memory.resident_kib();
        distinct(&mut client, 3_000, 10_000).await;
        (before, memory.resident_kib())
    };
    let (lines, (before, after)) = tokio::join!(within(log), requests);
    assert_eq!(lines, 13_000, "every one is in the log");
    assert!(after < before + 1024, "from {before} KiB to {after} KiB");
    server.signal("TERM").await;
    drop(client);
    assert_eq!(server.end().await.0, Some(0));
}

// acceptance 21.2 (19): a proxy that nobody has named makes all clients one, so that is said.
#[tokio::test]
async fn forwarding_headers_of_a_stranger_are_told_of_once() {
    let forwarding = ["X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.8"];
    for (trusted, said) in [("10.0.0.0/8", 1), ("", 1), ("127.0.0.0/8", 0)] {
        let mut server = start(&[("APP_TRUSTED_PROXIES", trusted)]);
        let addr = server.addr().await;
        for line in ["Accept: */*"].into_iter().chain(forwarding) {
            let mut client = Client::connect(addr).await;
            for _ in 0..2 {
                client
                    .send(format!(
                        "GET /users/7 HTTP/1.1\r\nhost: x\r\n{line}\r\n\r\n"
                    ))
                    .await;
                assert_eq!(client.answer().await.status(), 200);
            }
        }
        server.signal("TERM").await;
        let (status, text) = server.end().await;
        assert_eq!(status, Some(0), "{text}");
        assert_eq!(text.matches("APP_TRUSTED_PROXIES").count(), said, "{text}");
        assert!(said == 0 || text.contains("x-forwarded-for"), "{text}");
        assert_eq!(text.contains("client_ip=203.0.113.7"), said == 0, "{text}");
    }
}

// acceptance 21.1 (44), 21.2 (26, 27)
#[tokio::test]
async fn lines_of_the_program_are_json_with_the_trace_id_their_fields_and_their_errors() {
    let mut server = start(&[("APP_LOG_FORMAT", "json"), ("APP_LOG_LEVEL", "info")]);
    let mut client = server.connect().await;
    let trace = client.get("/log").await.body;
    let failed = client.get("/fails").await;
    assert!(!failed.body.contains("hunter2"), "{failed:?}");
    drop(client);
    server.signal("TERM").await;
    let (status, text) = server.end().await;
    assert_eq!(status, Some(0), "{text}");
    assert!(!text.contains("hidden"), "{text}");
    let lines = text.lines().filter(|line| line.starts_with('{'));
    let lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let shown = lines.iter().find(|line| line["msg"] == "shown").unwrap();
    assert_eq!(shown["level"], "info", "{shown}");
    assert_eq!(shown["trace_id"], trace, "{shown}");
    assert_eq!(shown["fields"]["user"], 7, "{shown}");
    assert!(
        shown["fields"]["error"]
            .as_str()
            .unwrap()
            .contains("disk full"),
        "{shown}"
    );
    let request = lines.iter().find(|line| line["msg"] == "request").unwrap();
    assert_eq!(request["trace_id"], trace, "{request}");
    // What went wrong is told to the log alone, with the trace that the client was told.
    let cause = lines
        .iter()
        .find(|line| line.to_string().contains("hunter2"));
    let cause = cause.unwrap_or_else(|| panic!("{text}"));
    assert_eq!(cause["level"], "error", "{cause}");
    assert_eq!(cause["trace_id"], failed.json()["trace_id"], "{cause}");
}
