//! The metrics at a path, and a program that brings its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plumego_observe::record::{RequestRecord, RequestSink};
use plumego_observe::trace::Tracer;
use plumego_otel::{Observability, OtelConfig};
use plumego_stdx::Secret;

use crate::support::{Served, app_of, header};

// acceptance 21.1 (13)
#[tokio::test]
async fn metrics_are_read_at_their_path_from_this_machine() {
    let telemetry = Observability::new(OtelConfig::default()).metrics_at("metrics");
    let served = Served::start(app_of(telemetry)).await;
    served.get("/users/7").await;
    let answer = served
        .ask("GET /metrics HTTP/1.1\r\nhost: localhost:9\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let kind = header(&answer, "content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let line = "http_requests_total{method=\"GET\",route=\"/users/{id}\",status=\"200\"} 1";
    assert!(answer.contains(line), "{answer}");
    served.stop().await;
}

// acceptance 21.2 (33)
#[tokio::test]
async fn strangers_need_the_token() {
    let token = Secret::new("t0ken".to_owned());
    let telemetry = Observability::new(OtelConfig::default()).metrics_token(token);
    let served = Served::start(app_of(telemetry)).await;
    let head = "GET /metrics HTTP/1.1\r\nhost: localhost\r\n";
    // Whoever comes by way of a proxy is a stranger, and so is the page of another site.
    for forwarding in [
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: https",
        "cf-connecting-ip: 127.0.0.1",
        "forwarded: for=x",
        "via: 1.1 p",
        "origin: https://evil.example",
        "sec-fetch-site: cross-site",
    ] {
        let answer = served.ask(&format!("{head}{forwarding}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert_eq!(header(&answer, "www-authenticate"), Some("Bearer"));
        assert!(!answer.contains("http_requests"), "{answer}");
        for (shown, status) in [
            ("t0ken", "200"),
            ("t0ke", "401"),
            ("t0ken2", "401"),
            ("", "401"),
        ] {
            let authorization = format!("authorization: Bearer {shown}");
            let answer = served
                .ask(&format!("{head}{forwarding}\r\n{authorization}\r\n"))
                .await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{shown}: {answer}"
            );
        }
    }
    // A name that was made to lead here (DNS rebinding) is not this machine.
    let answer = served.get("/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    served.stop().await;
}

#[tokio::test]
async fn without_a_collector_the_ids_are_there_all_the_same() {
    let served = Served::start(app_of(Observability::new(OtelConfig::default()))).await;
    let answer = served.get("/users/7").await;
    assert_eq!(header(&answer, "x-span-id").unwrap().len(), 16);
    assert!(served.get("/metrics").await.starts_with("HTTP/1.1 404 "));
    served.stop().await;

    let off = Observability::new(OtelConfig::default()).without_tracing();
    let served = Served::start(app_of(off)).await;
    assert!(header(&served.get("/users/7").await, "x-span-id").is_none());
    served.stop().await;
}

#[derive(Clone, Default)]
struct Own(Arc<AtomicUsize>);

impl Tracer for Own {
    fn request(&self, _: &RequestRecord<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl RequestSink for Own {
    fn record(&self, _: &RequestRecord<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_program_may_bring_its_own_tracer_and_collector() {
    let (tracer, collector) = (Own::default(), Own::default());
    let telemetry = Observability::new(OtelConfig::default())
        .with_tracer(tracer.clone())
        .with_metrics_collector(collector.clone());
    let served = Served::start(app_of(telemetry)).await;
    served.get("/users/7").await;
    let metrics = served.metrics.clone();
    served.stop().await;
    assert_eq!(tracer.0.load(Ordering::Relaxed), 1);
    assert_eq!(collector.0.load(Ordering::Relaxed), 1);
    assert!(!metrics.encode().contains("http_requests_total{"));
}
