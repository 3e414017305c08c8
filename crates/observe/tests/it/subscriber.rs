use std::error::Error;
use std::fmt;

use plumego_observe::log::{self, LiveFilter, LogFilter, LogFormat, LogWriter};
use plumego_observe::trace::TraceContext;
use proptest::prelude::{prop_assert_eq, proptest};
use serde_json::{Value, json};
use tracing::{debug, error, info, info_span, trace, warn};

use crate::log::{after_time, capture, objects};

fn run(writer: &LogWriter, filter: &str, body: impl FnOnce()) {
    let subscriber = log::subscriber(writer.clone(), filter.parse::<LogFilter>().unwrap());
    tracing::subscriber::with_default(subscriber, body);
}

fn json_lines(filter: &str, body: impl FnOnce()) -> Vec<Value> {
    let (writer, sink) = capture(LogFormat::Json);
    run(&writer, filter, body);
    objects(&writer, &sink)
}

fn pretty_lines(body: impl FnOnce()) -> Vec<String> {
    let (writer, sink) = capture(LogFormat::Pretty);
    run(&writer, "trace", body);
    writer.flush().unwrap();
    sink.lines()
        .iter()
        .map(|line| after_time(line).to_owned())
        .collect()
}

fn without_time(mut line: Value) -> Value {
    let time = line.as_object_mut().unwrap().remove("time").unwrap();
    assert!(serde_json::from_value::<plumego_stdx::Timestamp>(time).is_ok());
    line
}

#[derive(Debug)]
struct Failure {
    cause: Option<Box<Failure>>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.cause.is_some() {
            "cannot\nsave"
        } else {
            "disk full"
        })
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &dyn Error)
    }
}

#[test]
fn an_event_is_one_object_with_its_fields_apart() {
    let lines = json_lines("info", || {
        info!(target: "shop", items = 3_u8, price = 1.5, paid = true, below = -1,
            nan = f64::NAN, who = "a\"\n", list = ?[1, 2], shown = %"x y", r#type = "t",
            "cart {}", 7);
    });
    assert_eq!(
        without_time(lines[0].clone()),
        json!({
            "level": "info",
            "target": "shop",
            "msg": "cart 7",
            "fields": {
                "items": 3, "price": 1.5, "paid": true, "below": -1, "nan": "NaN",
                "who": "a\"\n", "list": "[1, 2]", "shown": "x y", "type": "t",
            },
        })
    );
}

#[test]
fn fields_cannot_pass_for_time_level_or_message() {
    let lines = json_lines("info", || {
        warn!(
            time = "never",
            level = "info",
            target = "x",
            msg = "fake",
            span_id = "1",
            "real"
        );
    });
    assert_eq!(lines[0]["level"], "warn");
    assert_eq!(lines[0]["msg"], "real");
    assert_eq!(lines[0]["target"], "it::subscriber");
    assert_eq!(lines[0]["fields"]["msg"], "fake");
    assert!(lines[0]["time"].as_str().unwrap().starts_with("20"));
}

// acceptance 21.2 (26)
#[test]
fn an_error_is_told_with_its_causes() {
    let failure = Failure {
        cause: Some(Box::new(Failure { cause: None })),
    };
    let lines = json_lines("info", || {
        error!(error = &failure as &dyn Error, "save failed");
        error!(error = %failure, "save failed");
    });
    assert_eq!(lines[0]["fields"]["error"], "cannot\nsave: disk full");
    assert_eq!(lines[1]["fields"]["error"], "cannot\nsave");
    let pretty = pretty_lines(|| error!(error = &failure as &dyn Error, "save failed"));
    assert_eq!(
        pretty,
        ["ERROR it::subscriber: save failed error=\"cannot\\nsave: disk full\""]
    );
}

// acceptance 21.2 (26)
#[test]
fn a_line_carries_the_ids_of_the_current_trace() {
    let context = TraceContext::new_root();
    let lines = json_lines("info", || {
        let guard = context.enter();
        info!("inside");
        drop(guard);
        info!("outside");
    });
    assert_eq!(lines[0]["trace_id"], context.trace_id().to_string());
    assert_eq!(lines[0]["span_id"], context.span_id().to_string());
    assert_eq!(lines[1].get("trace_id"), None);
}

#[test]
fn spans_stand_from_the_outermost_with_the_latest_value_of_a_field() {
    let body = || {
        let outer = info_span!("job", id = 7, state = tracing::field::Empty, text = "a\nb");
        let _outer = outer.enter();
        outer.record("state", "begun");
        outer.record("state", "done");
        let _inner = info_span!("step").entered();
        info!(n = 1, "tick");
    };
    let lines = json_lines("info", body);
    assert_eq!(
        lines[0]["spans"],
        json!([
            {"name": "job", "fields": {"id": 7, "text": "a\nb", "state": "done"}},
            {"name": "step"},
        ])
    );
    assert_eq!(lines[0]["fields"], json!({"n": 1}));
    assert_eq!(
        pretty_lines(body),
        ["INFO  it::subscriber: tick n=1 in job{id=7 text=\"a\\nb\" state=\"done\"} in step{}"]
    );
}

#[test]
fn the_filter_decides_by_level_and_module() {
    let lines = json_lines("warn,shop=debug,quiet=off", || {
        info!("no");
        warn!("yes");
        debug!(target: "shop::cart", "yes");
        trace!(target: "shop::cart", "no");
        error!(target: "quiet", "no");
        let _span = info_span!("hidden").entered();
        error!("yes");
    });
    assert_eq!(lines.len(), 3);
    assert!(
        lines
            .iter()
            .all(|line| line["msg"] == "yes" && line.get("spans").is_none())
    );
}

/// Logs while it is formatted.
struct Chatty;

impl fmt::Debug for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!("inner");
        f.write_str("Chatty")
    }
}

#[test]
fn a_value_may_log_while_it_is_formatted() {
    // Only a subscriber of the whole process sees events from within events.
    run_alone("subscriber::alone_values_that_log_while_formatted");
}

#[test]
#[ignore = "a process of its own runs it"]
fn alone_values_that_log_while_formatted() {
    let (writer, sink) = capture(LogFormat::Json);
    assert!(log::install(
        writer.clone(),
        "info".parse::<LogFilter>().unwrap(),
        None
    ));
    let span = info_span!("span", value = tracing::field::Empty, at_start = ?Chatty);
    let entered = span.enter();
    span.record("value", tracing::field::debug(Chatty));
    info!(value = ?Chatty, "outer");
    drop(entered);
    let lines = objects(&writer, &sink);
    let messages: Vec<&str> = lines
        .iter()
        .map(|line| line["msg"].as_str().unwrap())
        .collect();
    // Each of the two passes over an event formats only what it writes.
    assert_eq!(messages, ["inner", "inner", "inner", "outer"]);
    assert_eq!(lines[3]["fields"]["value"], "Chatty");
    assert_eq!(
        lines[3]["spans"][0]["fields"],
        json!({"at_start": "Chatty", "value": "Chatty"})
    );
}

/// Runs an ignored test of this binary in a process of its own.
fn run_alone(name: &str) {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{errors}"
    );
}

struct Panicky;

impl fmt::Display for Panicky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        std::panic::resume_unwind(Box::new(()))
    }
}

#[test]
fn a_value_that_panics_takes_only_its_own_line() {
    let lines = json_lines("info", || {
        info!("before");
        let caught = std::panic::catch_unwind(|| info!(value = %Panicky, "lost"));
        assert!(caught.is_err());
        info!("after");
    });
    let messages: Vec<&Value> = lines.iter().map(|line| &line["msg"]).collect();
    assert_eq!(messages, ["before", "after"]);
}

#[test]
fn an_endless_value_is_cut() {
    let long = "x".repeat(1_000_000);
    let lines = json_lines("info", || {
        let _span = info_span!("span", text = %long).entered();
        info!(value = %long, "{long}");
    });
    let text = lines[0].to_string();
    assert!((17_000..18_000).contains(&text.len()), "{}", text.len());
    assert!(lines[0]["msg"].as_str().unwrap().ends_with('…'));
    assert_eq!(lines[0]["fields"]["value"], "");
}

#[test]
fn installed_once_it_is_not_replaced() {
    run_alone("subscriber::alone_installed_once");
}

#[test]
#[ignore = "a process of its own runs it"]
fn alone_installed_once() {
    let (writer, sink) = capture(LogFormat::Json);
    assert!(log::install(
        writer.clone(),
        "info".parse::<LogFilter>().unwrap(),
        None
    ));
    let (other, other_sink) = capture(LogFormat::Json);
    assert!(!log::install(
        other.clone(),
        "info".parse::<LogFilter>().unwrap(),
        None
    ));
    info!("global");
    assert_eq!(objects(&writer, &sink)[0]["msg"], "global");
    assert!(objects(&other, &other_sink).is_empty());
}

proptest! {
    #[test]
    fn any_text_is_one_object_on_one_line(message: String, value: String, field: String) {
        let lines = json_lines("info", || {
            let _span = info_span!("span", value = %value).entered();
            info!(field = field.as_str(), "{message}");
        });
        prop_assert_eq!(lines.len(), 1);
        prop_assert_eq!(&lines[0]["msg"], &json!(message));
        prop_assert_eq!(&lines[0]["fields"]["field"], &json!(field));
        prop_assert_eq!(&lines[0]["spans"][0]["fields"]["value"], &json!(value));
    }

    #[test]
    fn any_text_is_one_pretty_line(message: String, field: String) {
        let lines = pretty_lines(|| info!(field = field.as_str(), "{message}"));
        prop_assert_eq!(lines.len(), 1);
        prop_assert_eq!(lines[0].chars().filter(|c| c.is_control()).count(), 0);
    }
}

#[test]
fn a_filter_that_changes_holds_for_places_that_have_logged_already() {
    let (writer, sink) = capture(LogFormat::Pretty);
    let filter = LiveFilter::from("info".parse::<LogFilter>().unwrap());
    let say = |round: u32| {
        debug!(round, "quiet");
        info!(round, "loud");
    };
    let subscriber = log::subscriber(writer.clone(), filter.clone());
    tracing::subscriber::with_default(subscriber, || {
        say(1);
        filter.set("debug".parse().unwrap());
        say(2);
        filter.set("off".parse().unwrap());
        say(3);
        filter.set("info".parse().unwrap());
        say(4);
    });
    writer.flush().unwrap();
    let lines = sink.lines();
    let said: Vec<&str> = lines
        .iter()
        .map(|line| line.rsplit_once(": ").map_or(&**line, |(_, said)| said))
        .map(str::trim)
        .collect();
    let ends: Vec<bool> = [
        "loud round=1",
        "quiet round=2",
        "loud round=2",
        "loud round=4",
    ]
    .iter()
    .zip(&said)
    .map(|(expected, said)| said.ends_with(expected))
    .collect();
    assert_eq!(ends, [true; 4], "{said:?}");
    assert_eq!(said.len(), 4, "{said:?}");
}
