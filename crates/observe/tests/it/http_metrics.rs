use std::sync::Arc;
use std::time::Duration;

use plumego_observe::metrics::{Metrics, MetricsConfig, Value};
use plumego_observe::record::{HttpMetrics, HttpMetricsConfig, RequestRecord, RequestSink};

use crate::exposition::{parse, value};

fn with_routes(routes: usize) -> (Metrics, HttpMetrics) {
    let metrics = Metrics::default();
    let mut config = HttpMetricsConfig::default();
    config.routes = routes;
    let http = HttpMetrics::new(&metrics, &config).unwrap();
    (metrics, http)
}

fn record<'a>(
    path: &'a str,
    route: Option<(&'static str, Option<usize>)>,
    status: u16,
) -> RequestRecord<'a> {
    let mut record = RequestRecord::new("GET", path, status);
    record.route = route.map(|(pattern, _)| pattern);
    record.route_index = route.and_then(|(_, index)| index);
    record.duration = Duration::from_millis(3);
    record.request_bytes = 10;
    record.response_bytes = 100;
    record
}

fn requests(metrics: &Metrics, method: &str, route: &str, status: &str) -> Option<f64> {
    let labels = [("method", method), ("route", route), ("status", status)];
    value(&metrics.encode(), "http_requests_total", &labels)
}

// acceptance 21.2 (12)
#[test]
fn ten_thousand_ids_are_one_series_and_the_unmatched_another() {
    let (metrics, http) = with_routes(1);
    for id in 0..10_000 {
        let path = format!("/users/{id}");
        http.record(&record(&path, Some(("/users/{id}", Some(0))), 200));
        http.record(&record(&path, None, 404));
    }
    let snapshot = metrics.snapshot();
    assert_eq!(snapshot.family("http_requests").unwrap().samples.len(), 2);
    assert_eq!(
        snapshot
            .family("http_request_duration_seconds")
            .unwrap()
            .samples
            .len(),
        2
    );
    assert_eq!(
        requests(&metrics, "GET", "/users/{id}", "200"),
        Some(10_000.0)
    );
    assert_eq!(
        requests(&metrics, "GET", "unmatched", "404"),
        Some(10_000.0)
    );
    let text = metrics.encode();
    assert_eq!(
        value(&text, "http_request_bytes_total", &[]),
        Some(200_000.0)
    );
    assert_eq!(
        value(&text, "http_response_bytes_total", &[]),
        Some(2_000_000.0)
    );
    let labels = [
        ("method", "GET"),
        ("route", "/users/{id}"),
        ("le", "0.0025"),
    ];
    let bucket = "http_request_duration_seconds_bucket";
    assert_eq!(value(&text, bucket, &labels), Some(0.0));
    let labels = [("method", "GET"), ("route", "/users/{id}"), ("le", "0.005")];
    assert_eq!(value(&text, bucket, &labels), Some(10_000.0));
    assert_eq!(metrics.dropped_series(), 0);
}

#[test]
fn a_route_counts_the_same_with_its_number_without_it_and_beyond_the_table() {
    let (metrics, http) = with_routes(2);
    for index in [Some(1), None, Some(2), Some(usize::MAX), Some(1)] {
        http.record(&record("/a", Some(("/a", index)), 200));
    }
    assert_eq!(requests(&metrics, "GET", "/a", "200"), Some(5.0));
}

#[test]
fn methods_outside_the_known_ones_are_one() {
    let (metrics, http) = with_routes(1);
    for n in 0..10_000 {
        let method = format!("EVIL{n}\"\n");
        http.record(&RequestRecord::new(&method, "/", 405));
    }
    for method in [
        "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE",
    ] {
        http.record(&RequestRecord::new(method, "/", 200));
        assert_eq!(requests(&metrics, method, "unmatched", "200"), Some(1.0));
    }
    http.record(&RequestRecord::new("get", "/", 405));
    assert_eq!(
        requests(&metrics, "_OTHER", "unmatched", "405"),
        Some(10_001.0)
    );
    assert_eq!(
        metrics
            .snapshot()
            .family("http_requests")
            .unwrap()
            .samples
            .len(),
        10
    );
}

#[test]
fn every_status_is_counted_also_when_a_route_has_many() {
    let (metrics, http) = with_routes(1);
    for _ in 0..2 {
        for status in 100..600 {
            http.record(&record("/a", Some(("/a", Some(0))), status));
        }
    }
    let snapshot = metrics.snapshot();
    for status in 100..600 {
        let status = status.to_string();
        let labels = [
            ("method", "GET"),
            ("route", "/a"),
            ("status", status.as_str()),
        ];
        assert_eq!(
            snapshot.value("http_requests", &labels),
            Some(&Value::Counter(2)),
            "{status}"
        );
    }
}

// acceptance 21.2 (11)
#[test]
fn rejections_are_counted_by_their_code() {
    let (metrics, http) = with_routes(0);
    let codes: Vec<String> = (0..70).map(|n| format!("CODE_{n}")).collect();
    for _ in 0..3 {
        for code in &codes {
            let mut rejected = record("/a", None, 429);
            rejected.error_code = Some(code);
            http.record(&rejected);
        }
    }
    http.record(&record("/a", None, 200));
    let text = metrics.encode();
    for code in &codes {
        assert_eq!(
            value(&text, "http_rejections_total", &[("reason", code)]),
            Some(3.0)
        );
    }
    assert_eq!(requests(&metrics, "GET", "unmatched", "429"), Some(210.0));
}

#[test]
fn error_codes_made_up_at_run_time_meet_the_cap() {
    let mut config = MetricsConfig::default();
    config.max_series = 100;
    let metrics = Metrics::new(&config);
    let http = HttpMetrics::new(&metrics, &HttpMetricsConfig::default()).unwrap();
    for n in 0..10_000 {
        let code = format!("CODE_{n}");
        let mut rejected = record("/a", None, 400);
        rejected.error_code = Some(&code);
        http.record(&rejected);
    }
    assert!(
        metrics
            .snapshot()
            .family("http_rejections")
            .unwrap()
            .samples
            .len()
            < 100
    );
    assert!(metrics.dropped_series() > 9900);
    assert_eq!(
        requests(&metrics, "GET", "unmatched", "400"),
        Some(10_000.0)
    );
}

#[test]
fn in_flight_goes_up_at_the_start_and_down_at_the_end() {
    let (metrics, http) = with_routes(0);
    let in_flight = || value(&metrics.encode(), "http_requests_in_flight", &[]);
    http.begin();
    http.begin();
    assert_eq!(in_flight(), Some(2.0));
    http.record(&RequestRecord::new("GET", "/", 200));
    assert_eq!(in_flight(), Some(1.0));
    http.record(&RequestRecord::new("GET", "/", 200));
    assert_eq!(in_flight(), Some(0.0));
}

#[test]
fn a_prefix_stands_before_every_name() {
    let metrics = Metrics::default();
    let mut config = HttpMetricsConfig::default();
    config.prefix = "shop".into();
    let http = HttpMetrics::new(&metrics, &config).unwrap();
    http.record(&record("/a", None, 200));
    let text = metrics.encode();
    let ours = parse(&text)
        .into_iter()
        .filter(|line| !line.name.starts_with("plumego_"));
    assert!(
        ours.map(|line| line.name)
            .all(|name| name.starts_with("shop_http_")),
        "{text}"
    );
    config.prefix = "not a name".into();
    assert!(HttpMetrics::new(&metrics, &config).is_err());
}

#[test]
fn nothing_is_lost_between_threads_that_meet_a_route_first() {
    let (metrics, http) = with_routes(3);
    let http = Arc::new(http);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let http = Arc::clone(&http);
            std::thread::spawn(move || {
                for n in 0..3000_usize {
                    let (pattern, index) = [("/a", 0), ("/b", 1), ("/c", 2)][n % 3];
                    let status = if n % 2 == 0 { 200 } else { 404 };
                    http.record(&record("/", Some((pattern, Some(index))), status));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    for route in ["/a", "/b", "/c"] {
        for status in ["200", "404"] {
            assert_eq!(requests(&metrics, "GET", route, status), Some(4000.0));
        }
    }
}
