//! What comes out at the other end.

use std::fmt::Write as _;
use std::time::Duration;

use plumego_component::{Setup, from_fn};
use plumego_otel::{Compression, OtelConfig};
use plumego_stdx::Secret;
use serde_json::{Value, json};

use crate::receiver::{Receiver, attribute, spans_of};
use crate::support::{Served, app, config, header};

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// Ids are base64 in the JSON of protobuf.
fn hex_of(base64: &Value) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut text) = (0_u32, 0, String::new());
    for byte in base64
        .as_str()
        .unwrap()
        .bytes()
        .filter(|byte| *byte != b'=')
    {
        let digit = DIGITS.iter().position(|there| *there == byte).unwrap();
        bits = (bits << 6) | u32::try_from(digit).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            let _ = write!(text, "{:02x}", (bits >> count) & 0xff);
        }
    }
    text
}

fn has_attributes(of: &Value, expected: &[(&str, &str)]) {
    for (key, value) in expected {
        assert_eq!(attribute(of, key).as_deref(), Some(*value), "{key}");
    }
}

fn is_short(span: &Value) {
    let time = |key: &str| span[key].as_str().unwrap().parse::<u64>().unwrap();
    let (start, end) = (time("start_time_unix_nano"), time("end_time_unix_nano"));
    assert!(end >= start && end - start < 60_000_000_000);
}

#[tokio::test]
async fn a_request_is_a_span_after_the_conventions() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    let mut config = config(&receiver.url());
    config.resource_attributes = "service.version=1.2.3,team=a%20b,service.name=other".into();
    config.headers = Some(Secret::new(
        "authorization=Bearer%20t0ken,x-tenant=7".to_owned(),
    ));
    let served = Served::start(app(config)).await;
    let answer = served
        .ask(&format!(
            "POST /users/7?secret=1 HTTP/1.1\r\nhost: shop.example:8080\r\nuser-agent: curl/8\r\n\
             content-type: text/plain\r\ncontent-length: 0\r\n\
             traceparent: 00-{TRACE_ID}-{PARENT}-01\r\ntracestate: vendor=x\r\n"
        ))
        .await;
    let request = receiver.next_to("/v1/traces").await;
    assert_eq!(request["headers"]["content-type"], "application/x-protobuf");
    assert_eq!(request["headers"]["authorization"], "Bearer t0ken");
    assert_eq!(request["headers"]["x-tenant"], "7");
    has_attributes(
        &request["message"]["resource_spans"][0]["resource"],
        &[
            ("service.name", "shop"),
            ("service.version", "1.2.3"),
            ("team", "a b"),
            ("telemetry.sdk.name", "plumego"),
            ("telemetry.sdk.language", "rust"),
        ],
    );
    let spans = spans_of(&request);
    let span = &spans[0];
    assert_eq!(span["name"], "POST /users/{id}");
    assert_eq!(span["kind"], "SPAN_KIND_SERVER");
    assert_eq!(hex_of(&span["trace_id"]), TRACE_ID);
    assert_eq!(hex_of(&span["parent_span_id"]), PARENT);
    assert_eq!(span["trace_state"], "vendor=x");
    assert_eq!(
        hex_of(&span["span_id"]),
        header(&answer, "x-span-id").unwrap()
    );
    has_attributes(
        span,
        &[
            ("http.request.method", "POST"),
            ("http.route", "/users/{id}"),
            ("url.path", "/users/7"),
            ("url.scheme", "http"),
            ("server.address", "shop.example"),
            ("server.port", "8080"),
            ("client.address", "127.0.0.1"),
            ("network.peer.address", "127.0.0.1"),
            ("network.protocol.version", "1.1"),
            ("user_agent.original", "curl/8"),
            ("http.response.status_code", "200"),
        ],
    );
    assert!(
        !request.to_string().contains("secret"),
        "the query is not told"
    );
    assert!(attribute(span, "error.type").is_none());
    assert!(span.get("status").is_none());
    is_short(span);
    served
        .until("otel_spans_total{outcome=\"exported\"} 1")
        .await;
    served.stop().await;
}

// acceptance 21.2 (11)
#[tokio::test]
async fn failures_and_refusals_are_spans_too() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    let served = Served::start(app(config(&receiver.url()))).await;
    served.get("/fails").await;
    served.get("/nowhere/%0A").await;
    served.ask("BREW /users/7 HTTP/1.1\r\nhost: x\r\n").await;
    let spans = receiver.spans(3).await;
    let named = |name: &str| spans.iter().find(|span| span["name"] == name).unwrap();

    let failed = named("GET /fails");
    assert_eq!(failed["status"]["code"], "STATUS_CODE_ERROR");
    let message = failed["status"]["message"].as_str().unwrap();
    assert!(message.ends_with("the disk is full"), "{message}");
    assert_eq!(attribute(failed, "error.type").as_deref(), Some("internal"));
    assert_eq!(
        attribute(failed, "http.response.status_code").as_deref(),
        Some("500")
    );

    let missing = named("GET");
    assert!(missing.get("status").is_none());
    assert!(attribute(missing, "http.route").is_none());
    assert_eq!(
        attribute(missing, "url.path").as_deref(),
        Some("/nowhere/%0A")
    );

    let odd = spans
        .iter()
        .find(|span| span["name"].as_str().unwrap().starts_with("HTTP"))
        .unwrap();
    assert_eq!(
        attribute(odd, "http.request.method").as_deref(),
        Some("_OTHER")
    );
    assert_eq!(
        attribute(odd, "http.request.method_original").as_deref(),
        Some("BREW")
    );
    served.stop().await;
}

/// The metrics of the last message, once the application has ended.
async fn last_metrics(receiver: &mut Receiver) -> Vec<Value> {
    let mut last = Value::Null;
    while let Ok(request) =
        tokio::time::timeout(Duration::from_secs(2), receiver.next_to("/v1/metrics")).await
    {
        last = request;
    }
    let metrics = &last["message"]["resource_metrics"][0]["scope_metrics"][0]["metrics"];
    metrics.as_array().unwrap().clone()
}

fn named<'a>(metrics: &'a [Value], name: &str) -> &'a Value {
    let found = metrics.iter().find(|metric| metric["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not told"))
}

#[tokio::test]
async fn metrics_come_with_their_kinds_and_at_the_end_once_more() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    let mut config = config(&receiver.url());
    config.compression = Compression::Gzip;
    config.metric_export_interval = Duration::from_millis(50);
    let jobs = from_fn("jobs", |setup: &mut Setup<'_>| {
        let jobs = setup.metrics().counter_family("jobs", "Jobs.", &["queue"]);
        jobs.unwrap().with(&["mail"]).add(3);
        Ok(())
    });
    let served = Served::start(app(config).component(jobs)).await;
    served.get("/users/7").await;
    let request = receiver.next_to("/v1/metrics").await;
    assert_eq!(request["encoding"], "gzip");
    served.stop().await;
    let metrics = last_metrics(&mut receiver).await;
    let sum = &named(&metrics, "jobs")["sum"];
    assert_eq!(sum["is_monotonic"], true);
    assert_eq!(
        sum["aggregation_temporality"],
        "AGGREGATION_TEMPORALITY_CUMULATIVE"
    );
    assert_eq!(sum["data_points"][0]["as_int"], "3");
    assert_eq!(
        attribute(&sum["data_points"][0], "queue").as_deref(),
        Some("mail")
    );
}

#[tokio::test]
async fn metrics_have_the_names_of_the_conventions() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    let mut config = config(&receiver.url());
    config.metric_export_interval = Duration::from_millis(50);
    let served = Served::start(app(config)).await;
    served.get("/users/7").await;
    receiver.next_to("/v1/metrics").await;
    served.stop().await;
    let metrics = last_metrics(&mut receiver).await;
    let duration = named(&metrics, "http.server.request.duration");
    assert_eq!(duration["unit"], "s");
    let point = &duration["histogram"]["data_points"][0];
    assert_eq!(point["count"], "1");
    let counts = point["bucket_counts"].as_array().unwrap();
    let bounds = point["explicit_bounds"].as_array().unwrap();
    assert_eq!(counts.len(), bounds.len() + 1);
    let total: u64 = counts
        .iter()
        .map(|count| count.as_str().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(total, 1);
    for (name, expected) in [
        ("http.request.method", "GET"),
        ("url.scheme", "http"),
        ("http.route", "/users/{id}"),
        ("http.response.status_code", "200"),
        ("network.protocol.version", "1.1"),
    ] {
        assert_eq!(attribute(point, name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(attribute(point, "error.type"), None);
    let active = named(&metrics, "http.server.active_requests");
    assert_eq!(active["unit"], "{request}");
    assert_eq!(active["sum"]["data_points"][0]["as_int"], "0");
    assert!(named(&metrics, "process.uptime")["gauge"].is_object());
    // The way to the collector itself, of which the first request is told by the last.
    let client = named(&metrics, "http.client.request.duration");
    let point = &client["histogram"]["data_points"][0];
    for (name, expected) in [
        ("plumego.client", "otel"),
        ("http.request.method", "POST"),
        ("server.address", "127.0.0.1"),
        ("server.port", &receiver.port.to_string()),
        ("http.response.status_code", "200"),
    ] {
        assert_eq!(attribute(point, name).as_deref(), Some(expected), "{name}");
    }
    let ours = ["http_request_duration_seconds", "http_requests_in_flight"];
    assert!(
        metrics
            .iter()
            .all(|it| !ours.iter().any(|ours| it["name"] == *ours))
    );
}

/// Whoever reads them as text finds the names that were always there.
#[tokio::test]
async fn the_page_of_metrics_keeps_its_names() {
    let Some(receiver) = Receiver::start().await else {
        return;
    };
    let served = Served::start(app(config(&receiver.url()))).await;
    served.get("/users/7").await;
    let label = "{method=\"GET\",route=\"/users/{id}\"}";
    served
        .until(&format!("http_request_duration_seconds_count{label} 1"))
        .await;
    assert!(served.has("http_requests_in_flight 0"));
    assert!(!served.metrics.encode().contains("http_server_request"));
    served.stop().await;
}

#[tokio::test]
async fn what_waits_is_sent_when_the_application_ends() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    let mut config = config(&receiver.url());
    config.span_delay = Duration::from_mins(5);
    let served = Served::start(app(config)).await;
    for _ in 0..3 {
        served.get("/users/7").await;
    }
    assert!(served.has("otel_spans_total{outcome=\"exported\"} 0"));
    served.stop().await;
    assert_eq!(receiver.spans(3).await.len(), 3);
}

#[tokio::test]
async fn a_full_batch_does_not_wait() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    let mut config = config(&receiver.url());
    config.span_delay = Duration::from_mins(5);
    config.span_batch = 4;
    let served = Served::start(app(config)).await;
    for _ in 0..4 {
        served.get("/users/7").await;
    }
    assert_eq!(spans_of(&receiver.next_to("/v1/traces").await).len(), 4);
    served.stop().await;
}

#[tokio::test]
async fn the_collector_may_speak_tls() {
    let directory = tempfile::tempdir().unwrap();
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (
        directory.path().join("c.pem"),
        directory.path().join("k.pem"),
    );
    std::fs::write(&cert, issued.cert.pem()).unwrap();
    std::fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
    let Some(mut receiver) = Receiver::start_with(0, &[&cert, &key]).await else {
        return;
    };
    // Without the certificate it is not believed.
    let served = Served::start(app(config(&receiver.url()))).await;
    served.get("/users/1").await;
    served
        .until("otel_exports_total{signal=\"traces\",outcome=\"failed\"} 1")
        .await;
    served.stop().await;

    let mut config = config(&receiver.url());
    config.certificate = cert;
    let served = Served::start(app(config)).await;
    served.get("/users/2").await;
    let spans = receiver.spans(1).await;
    assert_eq!(
        attribute(&spans[0], "url.path").as_deref(),
        Some("/users/2")
    );
    served.stop().await;
}

#[tokio::test]
async fn each_signal_may_have_an_address_of_its_own() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    let mut config = OtelConfig::default();
    config.traces_endpoint = format!("{}/v1/traces", receiver.url());
    config.span_delay = Duration::from_millis(20);
    assert!(config.exports_traces() && !config.exports_metrics());
    let served = Served::start(app(config)).await;
    served.get("/users/7").await;
    let request = receiver.next().await;
    assert_eq!(request["path"], "/v1/traces");
    let resource = &request["message"]["resource_spans"][0]["resource"];
    let name = attribute(resource, "service.name");
    assert_eq!(name.as_deref(), Some("unknown_service"));
    assert_ne!(request["status"], json!(404));
    served.stop().await;
}
