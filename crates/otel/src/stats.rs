//! What became of spans and of requests to the collector.

use plumego_observe::metrics::{Counter, CounterFamily, MetricError, Metrics};

/// Counts into the metrics of the application.
#[derive(Clone, Debug)]
pub(crate) struct Stats {
    pub(crate) exported: Counter,
    /// There was no room in the queue.
    pub(crate) overflowed: Counter,
    /// The collector could not be reached, or did not take them.
    pub(crate) failed: Counter,
    /// The collector took the request and not these.
    pub(crate) rejected: Counter,
    exports: CounterFamily<2>,
}

/// How one request to the collector ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    Ok,
    Partial,
    Failed,
}

impl Stats {
    pub(crate) fn new(metrics: &Metrics) -> Result<Self, MetricError> {
        let spans = metrics.counter_family(
            "otel_spans",
            "Spans by what became of them: exported, overflowed, failed, rejected.",
            &["outcome"],
        )?;
        let exports = metrics.counter_family(
            "otel_exports",
            "Requests to the collector by how they ended: ok, partial, failed.",
            &["signal", "outcome"],
        )?;
        Ok(Self {
            exported: spans.with(&["exported"]),
            overflowed: spans.with(&["overflowed"]),
            failed: spans.with(&["failed"]),
            rejected: spans.with(&["rejected"]),
            exports,
        })
    }

    pub(crate) fn attempt(&self, signal: &str, attempt: Attempt) {
        let outcome = match attempt {
            Attempt::Ok => "ok",
            Attempt::Partial => "partial",
            Attempt::Failed => "failed",
        };
        self.exports.with(&[signal, outcome]).inc();
    }
}
