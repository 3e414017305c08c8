//! The two tasks that export.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use plumego_component::StopToken;
use plumego_observe::metrics::Metrics;
use plumego_stdx::Timestamp;
use tokio::time::{MissedTickBehavior, interval_at, sleep};

use super::send::{Sender, Sent, begun};
use crate::metrics::{Times, request};
use crate::queue::Queue;
use crate::resource::{SCHEMA_URL, scope};
use crate::span::nanos;

/// Sends spans in batches.
pub(crate) struct SpansWork {
    pub(crate) queue: Arc<Queue>,
    pub(crate) sender: Sender,
    pub(crate) resource: Resource,
    pub(crate) delay: Duration,
}

impl SpansWork {
    /// Sends until the application ends, and then what is left.
    pub(crate) async fn run(mut self, stop: StopToken) {
        let mut closing = self.sender.closing.clone();
        while !self.sender.is_closing() && !stop.is_stopped() {
            tokio::select! {
                () = self.queue.filled() => {}
                () = sleep(self.delay) => {}
                () = begun(&mut closing) => {}
                () = stop.stopped() => {}
            }
            self.send_all().await;
        }
        self.send_all().await;
    }

    async fn send_all(&mut self) {
        loop {
            let batch = self.queue.take();
            if batch.is_empty() {
                return;
            }
            let count = batch.len() as u64;
            let sent = self.send(batch).await;
            let stats = &self.sender.stats;
            match sent {
                Sent::Taken { rejected } => {
                    let rejected = rejected.min(count);
                    stats.rejected.add(rejected);
                    stats.exported.add(count - rejected);
                }
                Sent::Lost => {
                    stats.failed.add(count);
                    if self.sender.is_closing() {
                        return self.give_up(count);
                    }
                }
            }
        }
    }

    /// The collector is away and the application ends: nobody waits for the rest, nor reads the
    /// counters any more.
    fn give_up(&self, lost: u64) {
        let mut rest = 0;
        loop {
            let batch = self.queue.take();
            if batch.is_empty() {
                break;
            }
            rest += batch.len() as u64;
        }
        self.sender.stats.failed.add(rest);
        let spans = lost + rest;
        tracing::warn!(
            spans,
            "the application ends; the spans that waited are lost"
        );
    }

    async fn send(&mut self, spans: Vec<Span>) -> Sent {
        let message = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(self.resource.clone()),
                schema_url: SCHEMA_URL.to_owned(),
                scope_spans: vec![ScopeSpans {
                    scope: Some(scope("plumego")),
                    spans,
                    schema_url: SCHEMA_URL.to_owned(),
                }],
            }],
        };
        let rejected = |answer: ExportTraceServiceResponse| {
            let partial = answer.partial_success.unwrap_or_default();
            (partial.rejected_spans, partial.error_message)
        };
        self.sender.send(&message, rejected).await
    }
}

/// Sends the metrics at an interval.
pub(crate) struct MetricsWork {
    pub(crate) metrics: Metrics,
    pub(crate) sender: Sender,
    pub(crate) resource: Resource,
    pub(crate) every: Duration,
    pub(crate) start: Timestamp,
}

impl MetricsWork {
    /// Sends until the application ends, and then once more.
    pub(crate) async fn run(mut self, stop: StopToken) {
        let mut closing = self.sender.closing.clone();
        let mut ticks = interval_at(tokio::time::Instant::now() + self.every, self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.sender.is_closing() && !stop.is_stopped() {
            tokio::select! {
                _ = ticks.tick() => self.send().await,
                () = begun(&mut closing) => {}
                () = stop.stopped() => {}
            }
        }
        self.send().await;
    }

    async fn send(&mut self) {
        let times = Times {
            start: nanos(self.start),
            now: nanos(Timestamp::now()),
        };
        let message = request(&self.metrics, self.resource.clone(), times);
        let rejected = |answer: ExportMetricsServiceResponse| {
            let partial = answer.partial_success.unwrap_or_default();
            (partial.rejected_data_points, partial.error_message)
        };
        // What is lost is in the next message too.
        let _ = self.sender.send(&message, rejected).await;
    }
}
