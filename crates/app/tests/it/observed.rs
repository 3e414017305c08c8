//! A tracer, a collector of metrics, and a log that the program brings or changes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use plumego_component::{Setup, from_fn};
use plumego_observe::record::{RequestRecord, RequestSink};
use plumego_observe::trace::{TraceContext, Tracer};
use plumego_router::Router;

use crate::client::{Client, app, app_with, start, stop, within};

const INCOMING: &str = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";

/// Takes what it is told, as lines.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn push(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Tracer for Told {
    fn sample(&self, trace: &TraceContext) -> bool {
        // Of what begins here nothing is recorded.
        trace.parent().is_some() && trace.is_sampled()
    }

    fn request(&self, record: &RequestRecord<'_>) {
        let (route, trace) = (record.route.unwrap_or("-"), record.trace.unwrap());
        self.push(format!(
            "{} {route} {} {} {}",
            record.method,
            record.status,
            record.scheme.unwrap(),
            record.authority.unwrap()
        ));
        self.push(trace.span_id().to_string());
    }
}

/// What the flags of a `traceparent` say.
fn is_sampled(traceparent: &str) -> bool {
    let flags = traceparent.trim().rsplit('-').next().unwrap();
    u8::from_str_radix(flags, 16).unwrap() & 1 == 1
}

fn routes(r: Router) -> Router {
    r.get("/users/{id}", async |trace: TraceContext| {
        trace.traceparent().to_string()
    })
}

#[tokio::test]
async fn a_tracer_decides_and_gets_the_requests_that_are_recorded() {
    let told = Told::default();
    let (running, addr) = start(app().tracer(told.clone()).routes(routes)).await;
    let mut client = Client::connect(addr).await;

    let incoming = format!("traceparent: 00-{INCOMING}-01\r\n");
    let answer = client.ask("GET", "/users/7", &incoming).await;
    let span_id = answer.header("x-span-id").unwrap().to_owned();
    assert!(answer.body.contains(&format!("{span_id}-01")));
    within(async {
        while told.0.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(told.take(), ["GET /users/{id} 200 http x", &span_id]);

    // The caller said no; nobody said anything; the header is malformed.
    let cases = [
        format!("traceparent: 00-{INCOMING}-00\r\n"),
        String::new(),
        format!("traceparent: 00-{INCOMING}-zz\r\n"),
    ];
    for headers in cases {
        let answer = client.ask("GET", "/users/7", &headers).await;
        assert!(!is_sampled(&answer.body), "{headers}");
        assert!(answer.header("x-span-id").is_some());
    }
    drop(client);
    stop(running).await;
    assert!(told.take().is_empty());
}

#[tokio::test]
async fn without_a_tracer_there_is_no_span_id() {
    let (running, addr) = start(app().routes(routes)).await;
    let mut client = Client::connect(addr).await;
    let answer = client.get("/users/7").await;
    assert!(answer.header("x-span-id").is_none());
    // The trace goes on all the same.
    assert!(is_sampled(answer.header("traceresponse").unwrap()));
    drop(client);
    stop(running).await;
}

#[test]
fn two_tracers_are_a_problem_of_the_build() {
    let component = from_fn("spans", |setup: &mut Setup<'_>| {
        setup.tracer(Told::default());
        Ok(())
    });
    let app = app().tracer(Told::default()).component(component);
    let problems = app.build().unwrap_err().to_string();
    assert!(problems.contains("more than one tracer"), "{problems}");
}

#[derive(Clone, Default)]
struct Collector {
    begun: Arc<AtomicUsize>,
    over: Arc<AtomicUsize>,
}

impl RequestSink for Collector {
    fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    fn record(&self, _: &RequestRecord<'_>) {
        self.over.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_collector_of_the_program_takes_the_place_of_ours() {
    let (ours, theirs) = (Collector::default(), Collector::default());
    let component = {
        let collector = theirs.clone();
        from_fn("metrics", move |setup: &mut Setup<'_>| {
            setup.metrics_collector(collector.clone());
            let seen = setup.metrics().counter("seen", "What the component saw.");
            seen.unwrap().inc();
            Ok(())
        })
    };
    for app in [
        app().metrics_collector(ours.clone()),
        app().component(component),
    ] {
        let app = app.routes(routes).build().unwrap();
        let metrics = app.metrics().clone();
        let running = app.start().await.unwrap();
        let mut client = Client::connect(running.addrs()[0]).await;
        client.get("/users/7").await;
        drop(client);
        stop(running).await;
        let text = metrics.encode();
        assert!(!text.contains("http_requests_total{"), "{text}");
        assert!(text.contains("http_connections_total 1\n"), "{text}");
    }
    for collector in [ours, theirs] {
        assert_eq!(collector.begun.load(Ordering::Relaxed), 1);
        assert_eq!(collector.over.load(Ordering::Relaxed), 1);
    }
}

#[cfg(unix)]
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the log to be read")]
async fn a_log_file_moved_away_is_opened_again_by_a_reload() {
    let files = tempfile::TempDir::new().unwrap();
    let (path, aside) = (
        files.path().join("shop.log"),
        files.path().join("shop.log.1"),
    );
    let app = plumego_app::App::builder()
        .addr("127.0.0.1:0")
        .routes(routes);
    let mut config = plumego_app::ServerConfig::default();
    config.log_file = Some(path.clone());
    let (running, addr) = start(app.config(config).addr("127.0.0.1:0")).await;
    let mut client = Client::connect(addr).await;
    client.get("/users/1").await;

    std::fs::rename(&path, &aside).unwrap();
    let report = running.handle().reload().await;
    assert!(
        report.to_string().contains("log: changed: the log goes"),
        "{report}"
    );
    client.get("/users/2").await;
    drop(client);
    stop(running).await;
    let text = |path| std::fs::read_to_string(path).unwrap();
    assert!(text(&aside).contains("GET /users/1 200"));
    assert!(text(&path).contains("GET /users/2 200"));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the log to be read")]
async fn a_log_file_is_put_aside_when_it_has_grown() {
    let files = tempfile::TempDir::new().unwrap();
    let path = files.path().join("shop.log");
    let mut config = plumego_app::ServerConfig::default();
    config.log_file = Some(path.clone());
    config.log_file_max_bytes = plumego_stdx::Limit::At(64 * 1024);
    config.abuse_guard_enabled = false;
    let app = plumego_app::App::builder().config(config).routes(routes);
    let (running, addr) = start(app.addr("127.0.0.1:0")).await;
    let mut client = Client::connect(addr).await;
    let long = "x".repeat(2000);
    for _ in 0..50 {
        client.get(&format!("/users/{long}")).await;
    }
    drop(client);
    stop(running).await;
    let entries: Vec<_> = std::fs::read_dir(files.path()).unwrap().collect();
    assert_eq!(entries.len(), 2);
    let mut lines = 0;
    for entry in entries {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(text.len() <= 64 * 1024);
        lines += text.matches("GET /users/").count();
    }
    assert_eq!(lines, 50);
}

#[test]
fn the_level_of_the_log_is_changed_by_call() {
    let app = app_with(|config| config.log_filter = "warn".parse().unwrap());
    let seen = Arc::new(Mutex::new(None));
    let component = {
        let seen = seen.clone();
        from_fn("devtools", move |setup: &mut Setup<'_>| {
            *seen.lock().unwrap() = Some(setup.log_filter().clone());
            Ok(())
        })
    };
    let app = app.component(component).build().unwrap();
    assert_eq!(app.log_filter().get().to_string(), "warn");
    let filter = seen.lock().unwrap().take().unwrap();
    filter.set("info,plumego_app=debug".parse().unwrap());
    assert_eq!(app.log_filter().get().to_string(), "info,plumego_app=debug");
    // `run` has not installed the log.
    assert!(!filter.is_in_use());
}
