//! A collector that is down, slow, busy, or takes a part.

use std::time::{Duration, Instant};

use plumego_observe::log::{self, CaptureSink, LogConfig, LogFilter, LogWriter};
use plumego_otel::ExporterKind;
use serde_json::json;

use crate::receiver::{Receiver, attribute};
use crate::support::{Served, app, config};

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn a_busy_collector_is_asked_again() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    for status in [503, 429, 502, 504] {
        receiver
            .answer(json!({"status": status, "retry_after": "0"}))
            .await;
    }
    let served = Served::start(app(config(&receiver.url()))).await;
    served.get("/users/7").await;
    for status in [503, 429, 502, 504, 200] {
        let request = receiver.next_to("/v1/traces").await;
        assert_eq!(request["status"], status);
    }
    served
        .until("otel_spans_total{outcome=\"exported\"} 1")
        .await;
    assert!(served.has("otel_exports_total{signal=\"traces\",outcome=\"failed\"} 4"));
    assert!(served.has("otel_spans_total{outcome=\"failed\"} 0"));
    served.stop().await;
}

#[tokio::test]
async fn what_the_collector_asks_for_is_waited() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    receiver
        .answer(json!({"status": 503, "retry_after": "3"}))
        .await;
    let served = Served::start(app(config(&receiver.url()))).await;
    served.get("/users/7").await;
    assert_eq!(receiver.next_to("/v1/traces").await["status"], 503);
    let refused = Instant::now();
    assert_eq!(receiver.next_to("/v1/traces").await["status"], 200);
    // The wait begins when the answer is read, which is after it was told here.
    assert!(refused.elapsed() >= Duration::from_millis(2_500));
    served.stop().await;
}

#[tokio::test]
async fn a_request_that_cannot_be_taken_is_not_sent_again() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    receiver.answer(json!({"status": 400})).await;
    let served = Served::start(app(config(&receiver.url()))).await;
    served.get("/users/1").await;
    served.until("otel_spans_total{outcome=\"failed\"} 1").await;
    served.get("/users/2").await;
    served
        .until("otel_spans_total{outcome=\"exported\"} 1")
        .await;
    assert_eq!(receiver.next_to("/v1/traces").await["status"], 400);
    let spans = receiver.spans(1).await;
    assert_eq!(
        attribute(&spans[0], "url.path").as_deref(),
        Some("/users/2")
    );
    served.stop().await;
}

#[tokio::test]
async fn what_a_collector_rejects_is_counted_and_not_sent_again() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    receiver
        .answer(json!({"rejected": 2, "said": "too old"}))
        .await;
    let mut config = config(&receiver.url());
    config.span_delay = Duration::from_mins(5);
    config.span_batch = 3;
    let served = Served::start(app(config)).await;
    for _ in 0..3 {
        served.get("/users/7").await;
    }
    served
        .until("otel_spans_total{outcome=\"rejected\"} 2")
        .await;
    served
        .until("otel_spans_total{outcome=\"exported\"} 1")
        .await;
    assert!(served.has("otel_exports_total{signal=\"traces\",outcome=\"partial\"} 1"));
    assert_eq!(receiver.spans(3).await.len(), 3);
    served.stop().await;
}

/// What was taken is taken, however much the collector says to it.
#[tokio::test]
async fn a_long_answer_is_no_reason_to_send_again() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    receiver.answer(json!({"said": "x".repeat(100_000)})).await;
    let served = Served::start(app(config(&receiver.url()))).await;
    served.get("/users/1").await;
    served
        .until("otel_spans_total{outcome=\"exported\"} 1")
        .await;
    assert!(!served.has("otel_exports_total{signal=\"traces\",outcome=\"failed\"} 1"));
    served.get("/users/2").await;
    let paths = receiver.spans(2).await;
    let paths = paths.iter().map(|span| attribute(span, "url.path"));
    let paths: Vec<String> = paths.map(Option::unwrap).collect();
    assert_eq!(paths, ["/users/1", "/users/2"]);
    served.stop().await;
}

#[tokio::test]
async fn a_collector_that_is_down_loses_spans_and_holds_up_nobody() {
    let mut config = config(&format!("http://127.0.0.1:{}", free_port()));
    config.span_queue = 8;
    config.span_batch = 4;
    let served = Served::start(app(config)).await;
    for _ in 0..40 {
        assert!(served.get("/users/7").await.starts_with("HTTP/1.1 200 "));
    }
    // At most what waits and what is being tried is not dropped yet.
    let text = served.metrics.encode();
    let count = |line: &str| -> u64 {
        let found = text.lines().find_map(|there| there.strip_prefix(line));
        found.unwrap().trim().parse().unwrap()
    };
    let dropped = count("otel_spans_total{outcome=\"overflowed\"}");
    assert!(dropped >= 40 - 8 - 4, "{text}");
    assert_eq!(count("otel_spans_total{outcome=\"exported\"}"), 0);
    // The end does not wait for it.
    let metrics = served.metrics.clone();
    served.stop().await;
    let text = metrics.encode();
    let count = |line: &str| -> u64 {
        let found = text.lines().find_map(|there| there.strip_prefix(line));
        found.unwrap().trim().parse().unwrap()
    };
    let lost = count("otel_spans_total{outcome=\"overflowed\"}")
        + count("otel_spans_total{outcome=\"failed\"}");
    assert_eq!(lost, 40, "{text}");
}

/// Why it is not reached, with its cause, and what is lost at the end, for which no counter is read
/// any more.
#[tokio::test]
async fn the_log_says_why_and_how_much_is_lost() {
    let sink = CaptureSink::default();
    let writer = LogWriter::new(sink.clone(), &LogConfig::default());
    let subscriber = log::subscriber(writer.clone(), LogFilter::default());
    // The runtime of this test has this thread alone.
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut config = config(&format!("http://127.0.0.1:{}", free_port()));
    config.span_delay = Duration::from_mins(5);
    config.span_batch = 2;
    config.metrics_exporter = ExporterKind::None;
    let served = Served::start(app(config)).await;
    for _ in 0..5 {
        served.get("/users/7").await;
    }
    served
        .until("otel_exports_total{signal=\"traces\",outcome=\"failed\"} 1")
        .await;
    served.stop().await;
    writer.flush().unwrap();
    let text = sink.text();
    assert!(text.contains("telemetry is not exported"), "{text}");
    assert!(text.contains("onnection refused"), "{text}");
    assert!(text.contains("are lost spans=5"), "{text}");
}

#[tokio::test]
async fn a_collector_that_hangs_does_not_hold_up_the_end() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    receiver.answer(json!({"hang": true, "times": 100})).await;
    let mut config = config(&receiver.url());
    config.timeout = Duration::from_mins(5);
    let mut app = app(config);
    app.config_mut().shutdown_timeout = Duration::from_secs(10);
    let served = Served::start(app).await;
    served.get("/users/7").await;
    receiver.next_to("/v1/traces").await;
    let begun = Instant::now();
    let metrics = served.metrics.clone();
    served.stop().await;
    assert!(begun.elapsed() < Duration::from_mins(1));
    assert!(
        metrics
            .encode()
            .contains("otel_spans_total{outcome=\"failed\"} 1")
    );
}

#[tokio::test]
async fn a_collector_that_comes_back_gets_what_follows() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    let port = receiver.port;
    let served = Served::start(app(config(&receiver.url()))).await;
    served.get("/users/1").await;
    receiver.spans(1).await;
    // The answer has to be there, or it is sent again later.
    served
        .until("otel_spans_total{outcome=\"exported\"} 1")
        .await;
    receiver.kill().await;

    served.get("/users/2").await;
    served
        .until("otel_exports_total{signal=\"traces\",outcome=\"failed\"} 1")
        .await;
    let mut receiver = Receiver::start_with(port, &[]).await.unwrap();
    // What could not be sent is tried again; had it been given up by now, what follows is sent.
    let came = loop {
        let waited = tokio::time::timeout(Duration::from_secs(1), receiver.spans(1)).await;
        if let Ok(spans) = waited {
            break attribute(&spans[0], "url.path").unwrap();
        }
        served.get("/users/3").await;
    };
    assert!(came == "/users/2" || came == "/users/3", "{came}");
    served.stop().await;
}
