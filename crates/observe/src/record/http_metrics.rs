//! The record as metrics, with the handles of each route resolved once.

use std::array;
use std::sync::OnceLock;

use super::{RequestRecord, RequestSink};
use crate::metrics::{
    Counter, CounterFamily, Gauge, Histogram, HistogramFamily, LATENCY_BUCKETS_SECONDS,
    MetricError, Metrics, Unit,
};

const UNMATCHED: &str = "unmatched";
/// Stands for every method that is not listed, as in OpenTelemetry's conventions.
const OTHER_METHOD: &str = "_OTHER";
const METHODS: [&str; 10] = [
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "CONNECT",
    "TRACE",
    OTHER_METHOD,
];
/// So many statuses of one route and method are kept at hand.
const STATUSES: usize = 8;
/// So many error codes are kept at hand.
const REASONS: usize = 64;

/// What [`HttpMetrics`] registers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpMetricsConfig {
    /// Stands before each name, with a `_`. Default: empty, the names are as documented.
    pub prefix: String,
    /// How many routes there are: [`RequestRecord::route_index`] is below it. Default 0. Records
    /// of other routes are counted all the same, by a slower way.
    pub routes: usize,
    /// Upper bounds of the latency histogram, in seconds. Default:
    /// [`LATENCY_BUCKETS_SECONDS`].
    pub latency_buckets: Vec<f64>,
}

impl Default for HttpMetricsConfig {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            routes: 0,
            latency_buckets: LATENCY_BUCKETS_SECONDS.to_vec(),
        }
    }
}

/// Counts each request:
///
/// - `http_requests_total{method,route,status}`
/// - `http_request_duration_seconds{method,route}`, a histogram
/// - `http_request_bytes_total`, `http_response_bytes_total`: bytes of bodies
/// - `http_rejections_total{reason}`: answers with an error code
/// - `http_requests_in_flight`
///
/// `route` is the pattern, never the path; `unmatched` when no route matched. `method` is one of
/// the nine of RFC 9110 and RFC 5789, else `_OTHER`. So the number of series follows from the
/// program, not from its clients; should error codes be made up at run time, the cap of
/// [`Metrics`] holds.
///
/// ```
/// use plumego_observe::metrics::Metrics;
/// use plumego_observe::record::{HttpMetrics, HttpMetricsConfig, RequestRecord, RequestSink};
///
/// let metrics = Metrics::default();
/// let http = HttpMetrics::new(&metrics, &HttpMetricsConfig::default())?;
/// let mut record = RequestRecord::new("GET", "/users/7", 200);
/// record.route = Some("/users/{id}");
/// http.record(&record);
/// assert!(metrics.encode().contains(
///     "http_requests_total{method=\"GET\",route=\"/users/{id}\",status=\"200\"} 1\n"
/// ));
/// # Ok::<(), plumego_observe::metrics::MetricError>(())
/// ```
#[derive(Debug)]
pub struct HttpMetrics {
    requests: CounterFamily<3>,
    durations: HistogramFamily<2>,
    rejections: CounterFamily<1>,
    request_bytes: Counter,
    response_bytes: Counter,
    in_flight: Gauge,
    routes: Box<[RouteHandles]>,
    unmatched: RouteHandles,
    reasons: Kept<Box<str>, Counter, REASONS>,
}

impl HttpMetrics {
    /// Registers the metrics. An error when one of the names belongs to something else.
    pub fn new(metrics: &Metrics, config: &HttpMetricsConfig) -> Result<Self, MetricError> {
        let name = |name: &str| match config.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}_{name}"),
        };
        Ok(Self {
            requests: metrics.counter_family(
                &name("http_requests"),
                "Requests by method, route pattern and status.",
                &["method", "route", "status"],
            )?,
            durations: metrics.histogram_family(
                &name("http_request_duration"),
                "Time from the request's head to the end of the answer.",
                Some(Unit::Seconds),
                &config.latency_buckets,
                &["method", "route"],
            )?,
            rejections: metrics.counter_family(
                &name("http_rejections"),
                "Answers with an error, by its code.",
                &["reason"],
            )?,
            request_bytes: metrics
                .counter(&name("http_request_bytes"), "Bytes of request bodies read.")?,
            response_bytes: metrics.counter(
                &name("http_response_bytes"),
                "Bytes of answer bodies handed on.",
            )?,
            in_flight: metrics.gauge(
                &name("http_requests_in_flight"),
                "Requests being served now.",
            )?,
            routes: (0..config.routes)
                .map(|_| RouteHandles::default())
                .collect(),
            unmatched: RouteHandles::default(),
            reasons: Kept::default(),
        })
    }

    /// The handles kept for the record's route, and the route's label.
    fn handles<'a>(&'a self, record: &RequestRecord<'a>) -> (Option<&'a RouteHandles>, &'a str) {
        match (record.route, record.route_index) {
            (None, _) => (Some(&self.unmatched), UNMATCHED),
            (Some(route), Some(index)) => (self.routes.get(index), route),
            (Some(route), None) => (None, route),
        }
    }

    fn count(&self, record: &RequestRecord<'_>) {
        let (handles, route) = self.handles(record);
        let method_index = method_index(record.method);
        let method = METHODS.get(method_index).copied().unwrap_or(OTHER_METHOD);
        let status = || {
            let mut text = itoa::Buffer::new();
            self.requests
                .with(&[method, route, text.format(record.status)])
        };
        let duration = || self.durations.with(&[method, route]);
        let Some(slot) = handles.and_then(|handles| handles.methods.get(method_index)) else {
            status().inc();
            duration().observe_duration(record.duration);
            return;
        };
        let kept = slot.get_or_init(|| {
            Box::new(MethodHandles {
                duration: duration(),
                statuses: Kept::default(),
            })
        });
        kept.duration.observe_duration(record.duration);
        let code = record.status;
        match kept
            .statuses
            .get(|known| *known == code, || (code, status()))
        {
            Some(counter) => counter.inc(),
            None => status().inc(),
        }
    }

    fn count_rejection(&self, code: &str) {
        let counter = || self.rejections.with(&[code]);
        match self
            .reasons
            .get(|known| **known == *code, || (code.into(), counter()))
        {
            Some(counter) => counter.inc(),
            None => counter().inc(),
        }
    }
}

impl RequestSink for HttpMetrics {
    fn begin(&self) {
        self.in_flight.inc();
    }

    fn record(&self, record: &RequestRecord<'_>) {
        self.in_flight.dec();
        self.count(record);
        self.request_bytes.add(record.request_bytes);
        self.response_bytes.add(record.response_bytes);
        if let Some(code) = record.error_code {
            self.count_rejection(code);
        }
    }
}

/// By method; what a route never gets costs a pointer.
#[derive(Debug, Default)]
struct RouteHandles {
    methods: [OnceLock<Box<MethodHandles>>; METHODS.len()],
}

#[derive(Debug)]
struct MethodHandles {
    duration: Histogram,
    statuses: Kept<u16, Counter, STATUSES>,
}

/// The first `N` keys and their handles. Never forgets one and takes no lock to find it.
#[derive(Debug)]
struct Kept<K, M, const N: usize> {
    slots: [OnceLock<(K, M)>; N],
}

impl<K, M, const N: usize> Kept<K, M, N> {
    /// The handle of the key that `is_it` recognises, made by `make` when it is new. `None` when
    /// all places are taken by other keys.
    fn get(&self, is_it: impl Fn(&K) -> bool, make: impl Fn() -> (K, M)) -> Option<&M> {
        self.slots
            .iter()
            .map(|slot| slot.get_or_init(&make))
            .find(|(key, _)| is_it(key))
            .map(|(_, handle)| handle)
    }
}

impl<K, M, const N: usize> Default for Kept<K, M, N> {
    fn default() -> Self {
        Self {
            slots: array::from_fn(|_| OnceLock::new()),
        }
    }
}

fn method_index(method: &str) -> usize {
    METHODS
        .iter()
        .position(|known| *known == method)
        .unwrap_or(METHODS.len() - 1)
}
