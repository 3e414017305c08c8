//! How long requests took, as the conventions of OpenTelemetry want it told.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use plumego_observe::metrics::{Histogram, HistogramFamily, MetricError, Metrics, Unit};
use plumego_observe::record::{Outcome, RequestRecord, RequestSink};

use crate::span::METHODS;

/// The bounds that the conventions name, in seconds.
const BOUNDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// So many are found without a text being written.
const KEPT_MAX: usize = 4096;
const OTHER: &str = "_OTHER";

/// Counts requests by method, route, status, scheme, version and kind of error. The metrics of the
/// application keep their names and labels.
#[derive(Debug)]
pub(crate) struct Requests {
    durations: HistogramFamily<6>,
    kept: RwLock<HashMap<Kind, Histogram>>,
}

/// What is told of a request, where its route has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kind {
    method: &'static str,
    scheme: &'static str,
    version: &'static str,
    route: Option<usize>,
    status: u16,
    outcome: Outcome,
}

impl Requests {
    /// Counts into the metrics for exporters.
    pub(crate) fn new(application: &Metrics) -> Result<Self, MetricError> {
        let durations = application.for_exporters().histogram_family(
            "http_server_request_duration",
            "Duration of HTTP server requests.",
            Some(Unit::Seconds),
            &BOUNDS,
            &["method", "scheme", "route", "status", "error", "version"],
        )?;
        Ok(Self {
            durations,
            kept: RwLock::default(),
        })
    }

    fn histogram(&self, record: &RequestRecord<'_>) -> Histogram {
        let kind = Kind::of(record);
        // A route without a number is told apart by its text alone.
        let has_number = record.route.is_some() == kind.route.is_some();
        let kept = |kept: &HashMap<Kind, Histogram>| kept.get(&kind).cloned();
        let found = kept(&self.kept.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(found) = found.filter(|_| has_number) {
            return found;
        }
        let made = self.make(kind, record.route);
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if has_number && all.len() < KEPT_MAX {
            all.insert(kind, made.clone());
        }
        made
    }

    fn make(&self, kind: Kind, route: Option<&str>) -> Histogram {
        let (mut status, mut error) = (String::new(), String::new());
        // Nothing was sent to a client that left before.
        if kind.outcome != Outcome::Cancelled {
            status = kind.status.to_string();
        }
        if kind.outcome != Outcome::Completed {
            kind.outcome.as_str().clone_into(&mut error);
        } else if kind.status >= 500 {
            error.clone_from(&status);
        }
        let route = route.unwrap_or_default();
        let (scheme, version) = (kind.scheme, kind.version);
        self.durations
            .with(&[kind.method, scheme, route, &status, &error, version])
    }
}

impl Kind {
    fn of(record: &RequestRecord<'_>) -> Self {
        let method = METHODS.iter().find(|known| **known == record.method);
        Self {
            method: method.copied().unwrap_or(OTHER),
            scheme: match record.scheme {
                Some("https") => "https",
                Some(_) => "http",
                None => "",
            },
            version: match record.protocol {
                Some("HTTP/1.0") => "1.0",
                Some("HTTP/1.1") => "1.1",
                Some("HTTP/2" | "HTTP/2.0") => "2",
                Some("HTTP/3" | "HTTP/3.0") => "3",
                _ => "",
            },
            route: record.route.and(record.route_index),
            status: record.status,
            outcome: record.outcome,
        }
    }
}

impl RequestSink for Requests {
    fn record(&self, record: &RequestRecord<'_>) {
        self.histogram(record).observe_duration(record.duration);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plumego_observe::metrics::{MetricsConfig, Value};

    use super::*;

    fn counts(application: &Metrics) -> Vec<(String, u64)> {
        let snapshot = application.for_exporters().snapshot();
        let family = &snapshot.families[0];
        let count = |value: &Value| match value {
            Value::Histogram(value) => value.count,
            other => panic!("{other:?}"),
        };
        let told = |labels: Vec<(&str, &str)>| {
            let filled = labels.iter().filter(|(_, value)| !value.is_empty());
            let filled = filled.map(|(name, value)| format!("{name}={value}"));
            filled.collect::<Vec<_>>().join(" ")
        };
        let samples = family.samples.iter();
        samples
            .map(|it| (told(it.labels().collect()), count(&it.value)))
            .collect()
    }

    fn check(change: impl Fn(&mut RequestRecord<'_>), expected: &str) {
        let application = Metrics::default();
        let requests = Requests::new(&application).unwrap();
        let mut record = RequestRecord::new("GET", "/users/7", 200);
        record.duration = Duration::from_millis(3);
        change(&mut record);
        for _ in 0..2 {
            requests.record(&record);
        }
        assert_eq!(counts(&application), [(expected.to_owned(), 2)]);
    }

    #[test]
    fn a_request_is_told_as_the_conventions_want_it() {
        check(|_| {}, "method=GET status=200");
        check(
            |record| {
                record.route = Some("/users/{id}");
                record.route_index = Some(0);
                record.scheme = Some("https");
                record.protocol = Some("HTTP/2");
            },
            "method=GET scheme=https route=/users/{id} status=200 version=2",
        );
        check(
            |record| {
                record.method = "BREW";
                record.status = 503;
            },
            "method=_OTHER status=503 error=503",
        );
        check(
            |record| {
                record.outcome = Outcome::Cancelled;
                record.status = 499;
            },
            "method=GET error=cancelled",
        );
        check(
            |record| {
                record.outcome = Outcome::Panicked;
                record.status = 500;
            },
            "method=GET status=500 error=panicked",
        );
    }

    #[test]
    fn routes_without_a_number_are_told_apart_and_bounded() {
        let mut config = MetricsConfig::default();
        config.max_series = 3;
        let application = Metrics::new(&config);
        let requests = Requests::new(&application).unwrap();
        for route in ["/a", "/b", "/c", "/d", "/a"] {
            let mut record = RequestRecord::new("GET", "/", 200);
            record.route = Some(route);
            requests.record(&record);
        }
        let expected = [("/a", 2), ("/b", 1), ("/c", 1)]
            .map(|(route, count)| (format!("method=GET route={route} status=200"), count));
        assert_eq!(counts(&application), expected);
        assert_eq!(application.dropped_series(), 1);
        assert!(requests.kept.read().unwrap().is_empty());
    }
}
