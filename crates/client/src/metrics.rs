//! What is counted.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use plumego_observe::metrics::{
    Counter, Gauge, Histogram, HistogramFamily, LATENCY_BUCKETS_SECONDS, MetricError, Metrics, Unit,
};

use crate::url::{Host, Origin};

/// How an exchange ended: the values of the label `outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Redirect,
    ClientError,
    ServerError,
    Refused,
    Connect,
    Timeout,
    TooLarge,
    Busy,
    Failed,
    Canceled,
}

const OUTCOMES: [&str; 11] = [
    "success",
    "redirect",
    "client_error",
    "server_error",
    "refused",
    "connect",
    "timeout",
    "too_large",
    "busy",
    "failed",
    "canceled",
];

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
/// The bounds that the conventions of OpenTelemetry name.
const CONVENTIONAL_BUCKETS_SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

impl Outcome {
    pub(crate) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            300..=399 => Self::Redirect,
            400..=499 => Self::ClientError,
            500.. => Self::ServerError,
            _ => Self::Success,
        }
    }
}

/// Handles that were looked up once.
#[derive(Clone)]
pub(crate) struct ClientMetrics(Option<Arc<Handles>>);

struct Handles {
    client: Box<str>,
    /// For exporters, which tell more of a request than the page of metrics does.
    told: HistogramFamily<6>,
    requests: [Counter; OUTCOMES.len()],
    duration: Histogram,
    in_flight: Gauge,
    retries: Counter,
    connections: Counter,
}

impl ClientMetrics {
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    pub(crate) fn new(metrics: &Metrics, client: &str) -> Result<Self, MetricError> {
        let requests = metrics.counter_family(
            "http_client_requests",
            "Requests to other servers, by how they ended.",
            &["client", "outcome"],
        )?;
        let durations = metrics.histogram_family(
            "http_client_request_duration",
            "Time from the request to the end of its answer, with attempts and redirects.",
            Some(Unit::Seconds),
            LATENCY_BUCKETS_SECONDS,
            &["client"],
        )?;
        let in_flight = metrics.gauge_family(
            "http_client_requests_in_flight",
            "Requests to other servers that have not ended.",
            &["client"],
        )?;
        let retries = metrics.counter_family(
            "http_client_retries",
            "Attempts after the first.",
            &["client"],
        )?;
        let connections = metrics.counter_family(
            "http_client_connections",
            "Connections that were made to other servers.",
            &["client"],
        )?;
        let told = metrics.for_exporters().histogram_family(
            "http_client_request_duration",
            "Duration of HTTP client requests, with attempts and redirects.",
            Some(Unit::Seconds),
            CONVENTIONAL_BUCKETS_SECONDS,
            &["client", "method", "address", "port", "status", "error"],
        )?;
        Ok(Self(Some(Arc::new(Handles {
            client: client.into(),
            told,
            requests: OUTCOMES.map(|outcome| requests.with(&[client, outcome])),
            duration: durations.with(&[client]),
            in_flight: in_flight.with(&[client]),
            retries: retries.with(&[client]),
            connections: connections.with(&[client]),
        }))))
    }

    pub(crate) fn retried(&self) {
        if let Some(handles) = &self.0 {
            handles.retries.inc();
        }
    }

    pub(crate) fn connected(&self) {
        if let Some(handles) = &self.0 {
            handles.connections.inc();
        }
    }

    /// Only an origin that the operator named is told: those of data may be any number.
    pub(crate) fn begin(&self, method: &Method, configured: Option<&Origin>) -> Measure {
        if let Some(handles) = &self.0 {
            handles.in_flight.inc();
        }
        Measure {
            metrics: self.clone(),
            started: tokio::time::Instant::now(),
            outcome: Outcome::Canceled,
            method: known_method(method),
            origin: configured.filter(|_| self.0.is_some()).cloned(),
            status: None,
        }
    }

    fn end(&self, measure: &Measure) {
        if let Some(handles) = &self.0 {
            let took = measure.started.elapsed();
            handles.in_flight.dec();
            handles.duration.observe_duration(took);
            if let Some(counter) = handles.requests.get(measure.outcome as usize) {
                counter.inc();
            }
            handles.tell(measure, took);
        }
    }
}

impl Handles {
    fn tell(&self, measure: &Measure, took: Duration) {
        // A server may answer with any number: only those that have a meaning are told.
        let status = measure.status.as_ref();
        let status = status.filter(|status| status.canonical_reason().is_some());
        let status = status.map_or("", StatusCode::as_str);
        let error = match measure.outcome {
            Outcome::Success | Outcome::Redirect => "",
            Outcome::ClientError | Outcome::ServerError if !status.is_empty() => status,
            other => OUTCOMES.get(other as usize).copied().unwrap_or_default(),
        };
        let (address, port) = match &measure.origin {
            None => Default::default(),
            Some(origin) => (address(origin.host()), origin.port().to_string()),
        };
        let labels = [
            &*self.client,
            measure.method,
            &address,
            &port,
            status,
            error,
        ];
        self.told.with(&labels).observe_duration(took);
    }
}

/// Of few values: the method may come from data too.
fn known_method(method: &Method) -> &'static str {
    METHODS
        .iter()
        .find(|known| *known == method)
        .copied()
        .unwrap_or("_OTHER")
}

/// Without the brackets of IPv6.
fn address(host: &Host) -> String {
    match host {
        Host::Name(name) => name.to_string(),
        Host::Ip(address) => address.to_string(),
    }
}

/// One exchange; counted when it is dropped.
pub(crate) struct Measure {
    metrics: ClientMetrics,
    started: tokio::time::Instant,
    outcome: Outcome,
    method: &'static str,
    origin: Option<Origin>,
    status: Option<StatusCode>,
}

impl Measure {
    pub(crate) const fn set(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// The head of the answer is there.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.outcome = Outcome::of(status);
        self.status = Some(status);
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        self.metrics.end(self);
    }
}
