//! What is counted about handshakes and certificates.

use plumego_observe::metrics::{Counter, CounterFamily, MetricError, Metrics};

/// The handles, resolved once.
#[derive(Debug, Clone)]
pub(super) struct TlsMetrics {
    done: CounterFamily<1>,
    failed: CounterFamily<1>,
    pub(super) resumed: Counter,
}

impl TlsMetrics {
    pub(super) fn new(metrics: &Metrics) -> Result<Self, MetricError> {
        Ok(Self {
            done: metrics.counter_family(
                "http_tls_handshakes",
                "Handshakes that were completed, by the version of TLS.",
                &["version"],
            )?,
            failed: metrics.counter_family(
                "http_tls_handshakes_failed",
                "Handshakes that were not completed.",
                &["reason"],
            )?,
            resumed: metrics.counter(
                "http_tls_handshakes_resumed",
                "Handshakes that went on with an earlier session.",
            )?,
        })
    }

    pub(super) fn done(&self, version: &'static str) {
        self.done.with(&[version]).inc();
    }

    pub(super) fn failed(&self, reason: &'static str) {
        self.failed.with(&[reason]).inc();
    }
}
