//! What the server counts about its connections.

use plumego_observe::metrics::{Counter, CounterFamily, Gauge, MetricError, Metrics};

use super::watch::Expired;

/// The handles of the server, resolved once.
#[derive(Debug, Clone)]
pub(crate) struct ServerMetrics {
    pub(crate) active: Gauge,
    pub(crate) opened: Counter,
    pub(crate) waited: Counter,
    pub(crate) refused_per_ip: Counter,
    pub(crate) refused_closing: Counter,
    pub(crate) accept_errors: Counter,
    timed_out: [Counter; 4],
    errors: CounterFamily<1>,
    pub(crate) cut: Counter,
    pub(crate) finished_alone: Counter,
    pub(crate) panics: Counter,
}

impl ServerMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Result<Self, MetricError> {
        let timed_out = metrics.counter_family(
            "http_connections_timed_out",
            "Connections, or streams of HTTP/2, that were ended by a deadline.",
            &["phase"],
        )?;
        let phases = [
            Expired::Header,
            Expired::Read,
            Expired::Write,
            Expired::Idle,
        ];
        let refused = metrics.counter_family(
            "http_connections_refused",
            "Connections that were closed as soon as they were accepted.",
            &["reason"],
        )?;
        Ok(Self {
            refused_per_ip: refused.with(&["per_ip"]),
            refused_closing: refused.with(&["closing"]),
            active: metrics.gauge("http_connections_active", "Connections that are open.")?,
            opened: metrics.counter("http_connections", "Connections that were accepted.")?,
            waited: metrics.counter(
                "http_connections_waited",
                "Times that no connection was accepted because the most were open.",
            )?,
            accept_errors: metrics.counter(
                "http_accept_errors",
                "Failures to accept a connection, such as too many open files.",
            )?,
            timed_out: phases.map(|phase| timed_out.with(&[phase.as_str()])),
            errors: metrics.counter_family(
                "http_connection_errors",
                "Connections that ended with an error of the protocol or of the network.",
                &["kind"],
            )?,
            cut: metrics.counter(
                "http_connections_cut",
                "Connections that were open when the time for draining was over.",
            )?,
            finished_alone: metrics.counter(
                "http_requests_finished_alone",
                "Handlers that ran on after their client had gone.",
            )?,
            panics: metrics.counter("http_server_panics", "Panics that no layer caught.")?,
        })
    }

    pub(crate) fn timed_out(&self, expired: Expired) {
        if let Some(counter) = self.timed_out.get(expired as usize) {
            counter.inc();
        }
    }

    /// Resolves the series each time: errors are rare, and the kinds are few.
    pub(crate) fn error(&self, kind: &'static str) {
        self.errors.with(&[kind]).inc();
    }
}
