use std::sync::Arc;
use std::time::{Duration, Instant};

use plumego_observe::metrics::{
    CONTENT_TYPE, Kind, LATENCY_BUCKETS_SECONDS, MetricError, Metrics, MetricsConfig, Unit, Value,
};
use proptest::prelude::{prop_assert_eq, proptest};

use crate::exposition::{parse, value};

fn small(max_series: usize) -> Metrics {
    let mut config = MetricsConfig::default();
    config.max_series = max_series;
    Metrics::new(&config)
}

#[test]
fn the_exposition_of_every_kind_is_exact() {
    let metrics = Metrics::default();
    let requests = metrics
        .counter_family("requests", "All \"of\" them.\nReally \\", &["route"])
        .unwrap();
    requests.with(&["/b"]).add(2);
    requests.with(&["/a"]).inc();
    metrics.gauge("open", "Open now.").unwrap().set(-3);
    metrics.gauge_fn("load", "Load.", || 0.25).unwrap();
    let latency = metrics
        .histogram("latency", "Time.", Some(Unit::Seconds), &[0.5, 1.0])
        .unwrap();
    for value in [0.25, 0.5, 0.75, 4.0] {
        latency.observe(value);
    }
    let text = metrics.encode();
    assert_eq!(
        text,
        "# HELP latency_seconds Time.\n\
         # TYPE latency_seconds histogram\n\
         # UNIT latency_seconds seconds\n\
         latency_seconds_sum 5.5\n\
         latency_seconds_count 4\n\
         latency_seconds_bucket{le=\"0.5\"} 2\n\
         latency_seconds_bucket{le=\"1.0\"} 3\n\
         latency_seconds_bucket{le=\"+Inf\"} 4\n\
         # HELP load Load.\n\
         # TYPE load gauge\n\
         load 0.25\n\
         # HELP open Open now.\n\
         # TYPE open gauge\n\
         open -3\n\
         # HELP plumego_metrics_dropped_series Label sets that were refused because of the cap on \
         series.\n\
         # TYPE plumego_metrics_dropped_series counter\n\
         plumego_metrics_dropped_series_total 0\n\
         # HELP requests All \\\"of\\\" them.\\nReally \\\\\n\
         # TYPE requests counter\n\
         requests_total{route=\"/a\"} 1\n\
         requests_total{route=\"/b\"} 2\n\
         # EOF\n"
    );
    assert_eq!(parse(&text).len(), 10);
    assert!(CONTENT_TYPE.starts_with("application/openmetrics-text; version=1.0.0"));
}

#[test]
fn a_label_value_cannot_forge_a_line() {
    let metrics = Metrics::default();
    let requests = metrics
        .counter_family("requests", "All.", &["path", "agent"])
        .unwrap();
    let attack = "x\"} 1\nfake_total{a=\"b\\\"} 7\n# EOF\n";
    requests.with(&[attack, "\\"]).inc();
    let text = metrics.encode();
    assert!(!parse(&text).iter().any(|line| line.name == "fake_total"));
    assert_eq!(
        value(
            &text,
            "requests_total",
            &[("path", attack), ("agent", "\\")]
        ),
        Some(1.0)
    );
    assert_eq!(
        text.matches("# EOF").count(),
        2,
        "one of them inside the value: {text}"
    );
    assert_eq!(text.lines().filter(|line| *line == "# EOF").count(), 1);
}

proptest! {
    #[test]
    fn any_label_value_reads_back(path: String, agent: String) {
        let metrics = Metrics::default();
        let requests = metrics.counter_family("requests", "All.", &["path", "agent"]).unwrap();
        requests.with(&[&path, &agent]).add(7);
        let labels = [("path", path.as_str()), ("agent", agent.as_str())];
        prop_assert_eq!(value(&metrics.encode(), "requests_total", &labels), Some(7.0));
    }
}

#[test]
fn the_same_registration_gives_the_same_metric() {
    let metrics = Metrics::default();
    metrics.counter("jobs", "Jobs.").unwrap().inc();
    metrics.counter("jobs_total", "Jobs.").unwrap().inc();
    assert_eq!(metrics.counter("jobs", "Jobs.").unwrap().get(), 2);
    let family = |m: &Metrics| m.gauge_family("open", "Open.", &["kind"]).unwrap();
    family(&metrics).with(&["a"]).set(5);
    assert_eq!(family(&metrics.clone()).with(&["a"]).get(), 5);
    assert_eq!(family(&Metrics::default()).with(&["a"]).get(), 0);
}

fn check_conflict<T>(result: Result<T, MetricError>, expected: &str) {
    let Err(error) = result else {
        panic!("expected: {expected}")
    };
    assert!(error.is_conflict(), "{error}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn another_metric_of_the_same_name_is_an_error_that_says_what_differs() {
    let metrics = Metrics::default();
    metrics.counter_family("jobs", "Jobs.", &["queue"]).unwrap();
    check_conflict(
        metrics.gauge("jobs", "Jobs."),
        "with kind Counter, now Gauge",
    );
    check_conflict(
        metrics.counter("jobs", "Jobs."),
        r#"with labels ["queue"], now []"#,
    );
    check_conflict(
        metrics.counter_family("jobs", "Tasks.", &["queue"]),
        r#"with help "Jobs.", now "Tasks.""#,
    );
    metrics
        .histogram("size", "Size.", Some(Unit::Bytes), &[1.0])
        .unwrap();
    check_conflict(
        metrics.histogram("size_bytes", "Size.", None, &[1.0]),
        "with unit Some(Bytes), now None",
    );
    check_conflict(
        metrics.histogram("size", "Size.", Some(Unit::Bytes), &[2.0]),
        "with buckets [1.0], now [2.0]",
    );
    // Names of samples are names too.
    check_conflict(
        metrics.gauge("jobs_total", "x"),
        r#""jobs_total" belongs to "jobs""#,
    );
    check_conflict(
        metrics.gauge("size_bytes_count", "x"),
        r#"belongs to "size_bytes""#,
    );
    metrics.gauge("late_sum", "x").unwrap();
    check_conflict(
        metrics.histogram("late", "x", None, &[1.0]),
        r#""late_sum" belongs to"#,
    );
    metrics.gauge_fn("load", "Load.", || 0.0).unwrap();
    check_conflict(metrics.gauge_fn("load", "Load.", || 0.0), "twice");
    check_conflict(metrics.gauge("load", "Load."), "taken");
    parse(&metrics.encode());
}

fn check_invalid<T>(result: Result<T, MetricError>, expected: &str) {
    let Err(error) = result else {
        panic!("expected: {expected}")
    };
    assert!(!error.is_conflict(), "{error}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn names_labels_and_buckets_are_checked() {
    let metrics = Metrics::default();
    for name in [
        "",
        "_total",
        "9lives",
        "a-b",
        "a b",
        "a:b",
        "a\n",
        "é",
        &"x".repeat(129),
    ] {
        check_invalid(metrics.counter(name, "x"), "expected 1 to 128 letters");
    }
    for label in ["", "9", "a-b", "__name__", "é"] {
        check_invalid(metrics.counter_family("ok", "x", &[label]), "label");
    }
    check_invalid(
        metrics.counter_family("ok", "x", &["a", "a"]),
        "there twice",
    );
    check_invalid(
        metrics.histogram_family("ok", "x", None, &[1.0], &["le"]),
        "buckets",
    );
    for buckets in [
        &[][..],
        &[1.0, 1.0],
        &[2.0, 1.0],
        &[f64::NAN],
        &[f64::INFINITY],
        &[-1.0],
    ] {
        check_invalid(
            metrics.histogram("ok", "x", None, buckets),
            "expected 1 to 64 finite",
        );
    }
    check_invalid(metrics.counter_family("ok", "x", &["a"; 17]), "at most 16");
    assert!(metrics.snapshot().family("ok").is_none());
}

#[test]
fn families_are_bounded() {
    let metrics = Metrics::default();
    let mut made = 0;
    let error = loop {
        match metrics.counter(&format!("metric_{made}"), "x") {
            Ok(_) => made += 1,
            Err(error) => break error,
        }
    };
    // One is the counter of dropped series.
    assert_eq!(made, 999);
    assert_eq!(
        error.to_string(),
        "metric \"metric_999\": there are 1000 families already; use labels instead of more names"
    );
}

// acceptance 21.2 (12)
#[test]
fn a_hundred_thousand_label_sets_stay_below_the_cap() {
    let metrics = small(100);
    let requests = metrics
        .counter_family("requests", "All.", &["path"])
        .unwrap();
    for n in 0..100_000 {
        requests.with(&[&format!("/users/{n}")]).inc();
    }
    let snapshot = metrics.snapshot();
    let family = snapshot.family("requests").unwrap();
    assert_eq!(family.samples.len(), 100);
    assert!(
        family
            .samples
            .iter()
            .all(|sample| sample.value == Value::Counter(1))
    );
    assert_eq!(metrics.dropped_series(), 99_900);
    let text = metrics.encode();
    assert_eq!(
        value(&text, "plumego_metrics_dropped_series_total", &[]),
        Some(99_900.0)
    );
    assert!(text.len() < 10_000, "{}", text.len());
    // Series that are there go on as before; the overflow is one handle, shared and hidden.
    requests.with(&["/users/5"]).inc();
    assert_eq!(requests.with(&["/users/5"]).get(), 2);
    assert_eq!(requests.with(&["/users/99999"]).get(), 99_900);
    // Another family has no room either, and a hidden handle of its own.
    let other = metrics.histogram("late", "Late.", None, &[1.0]).unwrap();
    other.observe(0.5);
    assert_eq!(other.get().count, 1);
    assert!(
        metrics
            .snapshot()
            .family("late")
            .unwrap()
            .samples
            .is_empty()
    );
    parse(&metrics.encode());
}

#[test]
fn long_label_values_are_cut_at_a_character() {
    let metrics = Metrics::default();
    let requests = metrics
        .counter_family("requests", "All.", &["path"])
        .unwrap();
    requests.with(&[&"é".repeat(10_000)]).inc();
    requests.with(&[&format!("a{}", "é".repeat(200))]).inc();
    let snapshot = metrics.snapshot();
    let lengths: Vec<usize> = snapshot
        .family("requests")
        .unwrap()
        .samples
        .iter()
        .map(|sample| sample.label("path").unwrap().len())
        .collect();
    assert_eq!(lengths, [255, 256]);
}

#[test]
fn nothing_is_lost_when_threads_update_and_read_at_once() {
    let metrics = small(50);
    let threads: Vec<_> = (0..8)
        .map(|thread: usize| {
            let metrics = metrics.clone();
            std::thread::spawn(move || {
                let family = metrics.counter_family("hits", "Hits.", &["key"]).unwrap();
                let latency = metrics
                    .histogram("latency", "x", Some(Unit::Seconds), LATENCY_BUCKETS_SECONDS)
                    .unwrap();
                let open = metrics.gauge("open", "x").unwrap();
                for n in 0..1000_u16 {
                    let _guard = open.track();
                    family.with(&[&(usize::from(n) % 10).to_string()]).inc();
                    latency.observe(f64::from(n) / 256.0);
                    if usize::from(n) % 250 == thread {
                        parse(&metrics.encode());
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let text = metrics.encode();
    for key in 0..10 {
        assert_eq!(
            value(&text, "hits_total", &[("key", &key.to_string())]),
            Some(800.0)
        );
    }
    assert_eq!(value(&text, "open", &[]), Some(0.0));
    assert_eq!(value(&text, "latency_seconds_count", &[]), Some(8000.0));
    // 8 * sum of n/256: exact in binary.
    assert_eq!(
        value(&text, "latency_seconds_sum", &[]),
        Some(8.0 * 499_500.0 / 256.0)
    );
    assert_eq!(metrics.dropped_series(), 0);
}

#[test]
fn a_bound_includes_its_own_value_and_odd_values_are_ignored() {
    let metrics = Metrics::default();
    let size = metrics
        .histogram("size", "x", Some(Unit::Bytes), &[1.0, 2.0])
        .unwrap();
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.5] {
        size.observe(odd);
    }
    size.observe(0.0);
    size.observe(1.0);
    size.observe(2.0);
    size.observe(2.5);
    size.observe_duration(Duration::from_millis(1500));
    let read = size.get();
    assert_eq!(
        read.buckets
            .iter()
            .map(|bucket| bucket.count)
            .collect::<Vec<_>>(),
        [2, 2, 1]
    );
    assert_eq!((read.count, read.sum), (5, 7.0));
    assert!(read.buckets[2].upper_bound.is_infinite());
}

#[test]
fn values_read_back_without_text() {
    let metrics = Metrics::default();
    let family = metrics
        .counter_family("hits", "Hits.", &["method", "route"])
        .unwrap();
    family.with(&["GET", "/x"]).add(3);
    let snapshot = metrics.snapshot();
    let labels = [("route", "/x"), ("method", "GET")];
    assert_eq!(snapshot.value("hits", &labels), Some(&Value::Counter(3)));
    assert_eq!(snapshot.value("hits", &[("route", "/x")]), None);
    assert_eq!(snapshot.family("hits").unwrap().kind, Kind::Counter);
}

#[test]
fn a_guard_counts_also_through_a_panic() {
    let gauge = Metrics::default().gauge("open", "x").unwrap();
    let clone = gauge.clone();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _guard = clone.track();
        assert_eq!(clone.get(), 1);
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(caught.is_err());
    assert_eq!(gauge.get(), 0);
}

#[test]
fn a_function_may_come_back_to_its_metrics() {
    let metrics = Metrics::default();
    let again = metrics.clone();
    metrics
        .gauge_fn("families", "x", move || {
            again.counter("made_while_reading", "x").unwrap().inc();
            f64::from(u8::try_from(again.dropped_series()).unwrap())
        })
        .unwrap();
    let calls = Arc::new(());
    let counted = Arc::clone(&calls);
    metrics
        .counter_fn("clones", "x", move || Arc::strong_count(&counted) as u64)
        .unwrap();
    let text = metrics.encode();
    assert_eq!(value(&text, "families", &[]), Some(0.0));
    assert_eq!(value(&text, "clones_total", &[]), Some(2.0));
    assert_eq!(
        value(&metrics.encode(), "made_while_reading_total", &[]),
        Some(2.0)
    );
}

#[test]
fn a_service_says_what_it_is_and_for_how_long_it_is_up() {
    let metrics = Metrics::default();
    metrics
        .build_info("1.2.3", "abc\"def", "2026-01-01T00:00:00Z")
        .unwrap();
    let started = Instant::now().checked_sub(Duration::from_secs(90)).unwrap();
    metrics.uptime(started).unwrap();
    let text = metrics.encode();
    let labels = [
        ("version", "1.2.3"),
        ("commit", "abc\"def"),
        ("build_time", "2026-01-01T00:00:00Z"),
    ];
    assert_eq!(value(&text, "build_info", &labels), Some(1.0));
    let uptime = value(&text, "process_uptime_seconds", &[]).unwrap();
    assert!(
        (90.0..90.0 + started.elapsed().as_secs_f64()).contains(&uptime),
        "{uptime}"
    );
}
