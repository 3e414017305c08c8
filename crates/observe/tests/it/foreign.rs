//! What others read of ours: exposition and lines of the log, by programs that are not ours.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "the test reads the schema and says why it is skipped"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use plumego_observe::log::LogFormat;
use plumego_observe::metrics::{LATENCY_BUCKETS_SECONDS, Metrics, Unit};
use plumego_observe::record::{
    AccessLog, HttpMetrics, HttpMetricsConfig, Outcome, RequestRecord, RequestSink,
};
use plumego_observe::trace::TraceContext;
use serde_json::{Value, json};
use tracing::Level;

use crate::log::{capture, objects};

/// Whether the program can be used; else the test is skipped, or fails where nothing may be
/// skipped (`PLUMEGO_REQUIRE_SERVERS`).
fn is_there(what: &str, probe: &mut Command) -> bool {
    let there = probe
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        assert!(
            std::env::var_os("PLUMEGO_REQUIRE_SERVERS").is_none(),
            "{what} is not there"
        );
        eprintln!("skipped: {what} is not there");
    }
    there
}

/// A Python with this module.
fn python(module: &str) -> Option<String> {
    let python = std::env::var("PLUMEGO_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = format!("import {module}");
    let what = format!("a Python with the module {module} (PLUMEGO_PYTHON is {python})");
    is_there(&what, Command::new(&python).args(["-c", &import])).then_some(python)
}

/// What the program says to this input; it must succeed.
fn run(command: &mut Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input.as_bytes()).unwrap());
        child.wait_with_output().unwrap()
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{input}");
    String::from_utf8(output.stdout).unwrap()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/foreign")
        .join(name)
}

/// Every kind of metric, and labels that need escapes.
fn metrics() -> Metrics {
    let metrics = Metrics::default();
    let odd = metrics.counter_family("odd", "Help with \\ \"quotes\"\nand lines.", &["text"]);
    odd.unwrap().with(&["a\"b\\c\nd ä"]).add(3);
    metrics.gauge("depth", "Depth.").unwrap().set(-7);
    metrics.gauge_fn("share", "Share.", || 0.25).unwrap();
    let buckets = LATENCY_BUCKETS_SECONDS;
    let time = metrics.histogram("wait", "Wait.", Some(Unit::Seconds), buckets);
    let time = time.unwrap();
    time.observe_duration(Duration::from_millis(3));
    time.observe_duration(Duration::from_hours(1));
    metrics.build_info("1.2.3", "abc", "now").unwrap();
    metrics.uptime(std::time::Instant::now()).unwrap();
    let http = HttpMetrics::new(&metrics, &HttpMetricsConfig::default()).unwrap();
    let mut record = RequestRecord::new("GET", "/users/7", 200);
    record.route = Some("/users/{id}");
    http.begin();
    http.record(&record);
    metrics
}

#[test]
fn a_foreign_parser_reads_the_exposition() {
    let Some(python) = python("prometheus_client.openmetrics.parser") else {
        return;
    };
    let text = metrics().encode();
    let mut command = Command::new(&python);
    let read = run(command.arg(script("openmetrics.py")), &text);
    let samples: Vec<Value> = read
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for expected in [
        json!(["counter", "", "odd_total", {"text": "a\"b\\c\nd ä"}, 3.0]),
        json!(["gauge", "", "depth", {}, -7.0]),
        json!(["gauge", "", "share", {}, 0.25]),
        json!(["histogram", "seconds", "wait_seconds_count", {}, 2.0]),
        json!(["histogram", "seconds", "wait_seconds_bucket", {"le": "+Inf"}, 2.0]),
        json!(["counter", "", "http_requests_total",
            {"method": "GET", "route": "/users/{id}", "status": "200"}, 1.0]),
        json!(["gauge", "", "http_requests_in_flight", {}, 0.0]),
        json!(["gauge", "", "build_info",
            {"version": "1.2.3", "commit": "abc", "build_time": "now"}, 1.0]),
    ] {
        assert!(samples.contains(&expected), "{expected} is not in\n{read}");
    }
    // The parser is one that refuses.
    let broken = text.replace("# EOF\n", "");
    let mut command = Command::new(&python);
    let output = command.arg(script("openmetrics.py")).stdin(Stdio::piped());
    let mut child = output
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    feed(&mut child, &broken);
    assert!(!child.wait().unwrap().success());
}

#[test]
fn prometheus_itself_reads_the_exposition() {
    if !is_there("promtool", Command::new("promtool").arg("--version")) {
        return;
    }
    // It reads the older text format, which has no line for units, no end, and no escaped quotes
    // in help.
    let older = |line: &&str| !line.starts_with("# UNIT") && *line != "# EOF";
    let text = metrics().encode();
    let lines: Vec<String> = text
        .lines()
        .filter(older)
        .map(|line| match line.strip_prefix("# HELP") {
            Some(help) => format!("# HELP{}\n", help.replace("\\\"", "\"")),
            None => format!("{line}\n"),
        })
        .collect();
    let text = lines.concat();
    let mut command = Command::new("promtool");
    let mut child = command
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    feed(&mut child, &text);
    let output = child.wait_with_output().unwrap();
    // 3 is for hints about names; text that cannot be read is 1.
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{said}\n{text}"
    );
    assert!(!said.contains("error while linting"), "{said}");
}

fn book(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(language)
        .join("src/reference/log-line.schema.json")
}

/// Lines of every kind, as a program and its requests write them.
fn lines() -> String {
    let (writer, sink) = capture(LogFormat::Json);
    let trace = TraceContext::new_root();
    let log = AccessLog::new(writer.clone());
    log.record(&RequestRecord::new("GET", "/", 200));
    let mut record = RequestRecord::new("POST", "/a\"\n\u{1}", 500);
    record.route = Some("/{path}");
    record.route_name = Some("path");
    record.host = Some("shop.example");
    record.request_bytes = 3;
    record.response_bytes = 5;
    record.request_id = Some("r-1");
    record.trace = Some(&trace);
    record.client_ip = Some([10, 0, 0, 1].into());
    record.user_agent = Some(b"curl\xff");
    record.error_code = Some("internal");
    record.error_message = Some("disk full");
    record.outcome = Outcome::Panicked;
    record.protocol = Some("HTTP/1.1");
    log.record(&record);
    writer.log(Level::WARN, "shop", "plain", &[]);
    let _entered = trace.enter();
    writer.log(Level::DEBUG, "shop", "with fields", &[("port", &8080)]);
    events(&writer);
    let lines = objects(&writer, &sink);
    lines
        .iter()
        .map(|line| format!("{line}\n"))
        .collect::<Vec<_>>()
        .concat()
}

#[cfg(feature = "log")]
fn events(writer: &plumego_observe::log::LogWriter) {
    use plumego_observe::log::{LogFilter, subscriber};
    tracing::subscriber::with_default(subscriber(writer.clone(), LogFilter::default()), || {
        let _outer = tracing::info_span!("outer", cart = 7, note = "x").entered();
        let _inner = tracing::info_span!("inner").entered();
        tracing::error!(items = 3, paid = true, share = 0.5, list = ?[1, 2], "cart saved");
    });
}

#[cfg(not(feature = "log"))]
fn events(_: &plumego_observe::log::LogWriter) {}

#[test]
fn lines_of_the_log_are_as_the_schema_of_the_book_says() {
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(book("en")), read(book("zh")));
    let Some(python) = python("jsonschema") else {
        return;
    };
    let text = lines();
    let mut command = Command::new(&python);
    let said = run(command.arg(script("schema.py")).arg(book("en")), &text);
    for (line, said) in text.lines().zip(said.lines()) {
        assert_eq!(said, "ok", "{line}");
    }
    assert_eq!(said.lines().count(), text.lines().count());

    // The schema is one that refuses.
    let broken = [
        json!({"level": "info", "target": "shop", "msg": "no time"}),
        json!({"time": "2026-01-02T03:04:05.678Z", "level": "loud", "target": "x", "msg": "x"}),
        json!({"time": "2026-01-02T03:04:05.678Z", "level": "info", "target": "x", "msg": "x",
            "more": 1}),
        json!({"time": "2026-01-02T03:04:05.678Z", "level": "info", "msg": "request",
            "method": "GET", "path": "/", "status": "200", "bytes": 0, "duration_ms": 0.1,
            "outcome": "completed"}),
    ];
    let text: Vec<String> = broken.iter().map(|line| format!("{line}\n")).collect();
    let mut command = Command::new(&python);
    let said = run(
        command.arg(script("schema.py")).arg(book("en")),
        &text.concat(),
    );
    assert_eq!(
        said.lines().filter(|said| *said == "ok").count(),
        0,
        "{said}"
    );
}

/// Writes it to the standard input, and ends that.
fn feed(child: &mut Child, text: &str) {
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
}
