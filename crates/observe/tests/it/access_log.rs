use std::net::IpAddr;
use std::time::Duration;

use plumego_observe::log::LogFormat;
use plumego_observe::record::{AccessLog, Outcome, RequestRecord, RequestSink};
use plumego_observe::trace::TraceContext;
use plumego_stdx::Timestamp;
use proptest::prelude::{any, prop_assert_eq, proptest};
use serde_json::{Value, json};

use crate::log::{capture, objects};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn full<'a>(trace: &'a TraceContext, ip: &str) -> RequestRecord<'a> {
    let mut record = RequestRecord::new("POST", "/users/7%0A", 503);
    record.start = Timestamp::from_unix_nanos(1_700_000_000_123_456_789);
    record.duration = Duration::from_nanos(1_234_567_999);
    record.route = Some("/users/{id}");
    record.route_name = Some("user");
    record.host = Some("shop.example");
    record.request_bytes = 12;
    record.response_bytes = 345;
    record.request_id = Some("id-1");
    record.trace = Some(trace);
    record.client_ip = Some(ip.parse::<IpAddr>().unwrap());
    record.user_agent = Some(b"curl/8 \"x\"\xff");
    record.error_code = Some("UNAVAILABLE");
    record.error_message = Some("pool:\nempty");
    record.outcome = Outcome::Aborted;
    record.protocol = Some("HTTP/1.1");
    record
}

#[test]
fn a_json_line_has_every_field() {
    let trace = TraceContext::from_header_values(Some(TRACEPARENT), None::<&str>);
    let (writer, sink) = capture(LogFormat::Json);
    AccessLog::new(writer.clone()).record(&full(&trace, "203.0.113.7"));
    assert!(writer.wants_flush(), "an error does not wait");
    assert_eq!(
        objects(&writer, &sink),
        [json!({
            "time": "2023-11-14T22:13:20.123Z",
            "level": "error",
            "msg": "request",
            "method": "POST",
            "path": "/users/7%0A",
            "route": "/users/{id}",
            "route_name": "user",
            "host": "shop.example",
            "status": 503,
            "bytes": 345,
            "request_bytes": 12,
            "duration_ms": 1234.567,
            "client_ip": "203.0.113.7",
            "user_agent": "curl/8 \"x\"\u{fffd}",
            "request_id": "id-1",
            "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "span_id": trace.span_id().to_string(),
            "error_code": "UNAVAILABLE",
            "error": "pool:\nempty",
            "protocol": "HTTP/1.1",
            "outcome": "aborted",
        })]
    );
}

#[test]
fn what_is_not_known_is_left_out() {
    let (writer, sink) = capture(LogFormat::Json);
    let mut record = RequestRecord::new("GET", "/", 404);
    record.start = Timestamp::from_unix_nanos(0);
    record.client_ip = Some("2001:db8::1".parse().unwrap());
    AccessLog::new(writer.clone()).record(&record);
    assert!(!writer.wants_flush());
    writer.flush().unwrap();
    assert_eq!(
        sink.text(),
        "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\"msg\":\"request\",\
         \"method\":\"GET\",\"path\":\"/\",\"status\":404,\"bytes\":0,\"duration_ms\":0.000,\
         \"client_ip\":\"2001:db8::1\",\"outcome\":\"completed\"}\n"
    );
}

#[test]
fn a_pretty_line_reads_from_left_to_right() {
    let trace = TraceContext::from_header_values(Some(TRACEPARENT), None::<&str>);
    let (writer, sink) = capture(LogFormat::Pretty);
    let log = AccessLog::new(writer.clone());
    log.record(&full(&trace, "2001:db8::1"));
    let mut short = RequestRecord::new("GET", "/a b", 200);
    short.start = Timestamp::from_unix_nanos(0);
    log.record(&short);
    writer.flush().unwrap();
    assert_eq!(
        sink.lines(),
        [
            "2023-11-14T22:13:20.123Z ERROR request POST /users/7%0A 503 1234.567ms 345B \
             route=/users/{id} host=shop.example client_ip=2001:db8::1 \
             user_agent=\"curl/8 \\\"x\\\"\\xff\" request_id=id-1 \
             trace_id=0af7651916cd43dd8448eb211c80319c error_code=UNAVAILABLE \
             error=\"pool:\\nempty\" outcome=aborted",
            "1970-01-01T00:00:00.000Z INFO  request GET \"/a b\" 200 0.000ms 0B",
        ]
    );
}

fn check_level(status: u16, outcome: Outcome, expected: &str) {
    let (writer, sink) = capture(LogFormat::Json);
    let mut record = RequestRecord::new("GET", "/", status);
    record.outcome = outcome;
    AccessLog::new(writer.clone()).record(&record);
    let line = &objects(&writer, &sink)[0];
    assert_eq!(line["level"], expected, "{line}");
    assert_eq!(line["outcome"], outcome.as_str());
}

#[test]
fn errors_of_the_server_are_errors() {
    check_level(200, Outcome::Completed, "info");
    check_level(404, Outcome::Completed, "info");
    check_level(499, Outcome::Cancelled, "info");
    check_level(500, Outcome::Completed, "error");
    check_level(200, Outcome::Aborted, "info");
    check_level(200, Outcome::Panicked, "error");
    check_level(200, Outcome::Failed, "error");
}

// acceptance 21.2 (26)
#[test]
fn a_line_feed_in_a_path_forges_no_record() {
    let attack =
        "/x\n2026-01-01T00:00:00.000Z INFO  request GET /admin 200\r\u{2028}\u{85}\u{1b}[2K";
    for format in [LogFormat::Json, LogFormat::Pretty] {
        let (writer, sink) = capture(format);
        let mut record = RequestRecord::new("GET", attack, 200);
        record.user_agent = Some(attack.as_bytes());
        record.request_id = Some(attack);
        record.host = Some("x\" level=\"info");
        record.method = "GET /admin 200";
        AccessLog::new(writer.clone()).record(&record);
        writer.flush().unwrap();
        let text = sink.text();
        assert_eq!(text.matches('\n').count(), 1);
        let line = text.strip_suffix('\n').unwrap();
        assert!(
            !line.chars().any(|c| c.is_control() || c == '\u{2028}'),
            "{line:?}"
        );
        if format == LogFormat::Pretty {
            // What a client sent stays within quotes.
            assert!(
                line.contains(" request \"GET /admin 200\" \"/x\\n2026"),
                "{line}"
            );
            assert!(line.contains("host=\"x\\\" level=\\\"info\""), "{line}");
        } else {
            let read: Value = serde_json::from_str(line).unwrap();
            assert_eq!(read["path"], attack);
            assert_eq!(read["level"], "info");
        }
    }
}

#[test]
fn every_text_is_bounded() {
    let long = "x".repeat(1_000_000);
    let (writer, sink) = capture(LogFormat::Json);
    let mut record = RequestRecord::new(&long, &long, 200);
    record.route = Some(&long);
    record.route_name = Some(&long);
    record.host = Some(&long);
    record.request_id = Some(&long);
    record.user_agent = Some(long.as_bytes());
    record.error_code = Some(&long);
    record.error_message = Some(&long);
    record.protocol = Some(&long);
    AccessLog::new(writer.clone()).record(&record);
    let line = &objects(&writer, &sink)[0];
    let length = |field: &str| line[field].as_str().unwrap().len();
    assert_eq!(
        [length("method"), length("path"), length("error")],
        [32, 2048, 1024]
    );
    for field in [
        "route",
        "route_name",
        "host",
        "request_id",
        "user_agent",
        "error_code",
    ] {
        assert_eq!(length(field), 256, "{field}");
    }
    assert!(sink.text().len() < 6000);
}

proptest! {
    // acceptance 21.2 (26)
    #[test]
    fn any_record_is_one_json_object_on_one_line(
        method: String,
        path: String,
        texts in any::<[String; 6]>(),
        user_agent in any::<Vec<u8>>(),
        numbers in any::<(u16, u64, u64, Duration)>(),
        ip: IpAddr,
        nanos: i64,
    ) {
        let (writer, sink) = capture(LogFormat::Json);
        let mut record = RequestRecord::new(&method, &path, numbers.0);
        let [route, name, host, id, code, message] = &texts;
        record.start = Timestamp::from_unix_nanos(nanos);
        record.route = Some(route);
        record.route_name = Some(name);
        record.host = Some(host);
        record.request_id = Some(id);
        record.error_code = Some(code);
        record.error_message = Some(message);
        record.user_agent = Some(&user_agent);
        record.client_ip = Some(ip);
        (record.request_bytes, record.response_bytes, record.duration) =
            (numbers.1, numbers.2, numbers.3);
        AccessLog::new(writer.clone()).record(&record);
        let lines = objects(&writer, &sink);
        prop_assert_eq!(lines.len(), 1);
        let line = &lines[0];
        prop_assert_eq!(&line["time"], &json!(record.start));
        prop_assert_eq!(&line["msg"], &json!("request"));
        prop_assert_eq!(&line["status"], &json!(numbers.0));
        prop_assert_eq!(&line["bytes"], &json!(numbers.2));
        prop_assert_eq!(&line["client_ip"], &json!(ip.to_string()));
        let agent = user_agent.get(..256).unwrap_or(&user_agent);
        prop_assert_eq!(&line["user_agent"], &json!(String::from_utf8_lossy(agent)));
        if path.len() <= 2048 {
            prop_assert_eq!(&line["path"], &json!(path));
        }
    }

    #[test]
    fn any_record_is_one_pretty_line(path: String, id: String, user_agent in any::<Vec<u8>>()) {
        let (writer, sink) = capture(LogFormat::Pretty);
        let mut record = RequestRecord::new("GET", &path, 200);
        record.request_id = Some(&id);
        record.user_agent = Some(&user_agent);
        AccessLog::new(writer.clone()).record(&record);
        writer.flush().unwrap();
        let text = sink.text();
        prop_assert_eq!(text.chars().filter(|c| c.is_control()).count(), 1);
        prop_assert_eq!(text.chars().last(), Some('\n'));
    }
}
