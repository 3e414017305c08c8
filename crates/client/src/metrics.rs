//! What is counted.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use plumego_observe::metrics::{
    Counter, Gauge, Histogram, LATENCY_BUCKETS_SECONDS, MetricError, Metrics, Unit,
};

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
        Ok(Self(Some(Arc::new(Handles {
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

    pub(crate) fn begin(&self) -> Measure {
        if let Some(handles) = &self.0 {
            handles.in_flight.inc();
        }
        Measure {
            metrics: self.clone(),
            started: tokio::time::Instant::now(),
            outcome: Outcome::Canceled,
        }
    }

    fn end(&self, outcome: Outcome, took: Duration) {
        if let Some(handles) = &self.0 {
            handles.in_flight.dec();
            handles.duration.observe_duration(took);
            if let Some(counter) = handles.requests.get(outcome as usize) {
                counter.inc();
            }
        }
    }
}

/// One exchange; counted when it is dropped.
pub(crate) struct Measure {
    metrics: ClientMetrics,
    started: tokio::time::Instant,
    outcome: Outcome,
}

impl Measure {
    pub(crate) const fn set(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        self.metrics.end(self.outcome, self.started.elapsed());
    }
}
