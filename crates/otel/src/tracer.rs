//! The tracer of the application.

use std::sync::Arc;

use plumego_observe::record::RequestRecord;
use plumego_observe::trace::{FinishedSpan, TraceContext, Tracer};

use crate::queue::Queue;
use crate::sampler::Sampler;
use crate::span;

/// Samples, and puts spans into the queue; without one nothing is kept.
pub(crate) struct QueueTracer {
    pub(crate) sampler: Sampler,
    pub(crate) queue: Option<Arc<Queue>>,
}

impl Tracer for QueueTracer {
    fn sample(&self, trace: &TraceContext) -> bool {
        self.sampler.samples(trace)
    }

    fn request(&self, record: &RequestRecord<'_>) {
        if let (Some(queue), Some(trace)) = (&self.queue, record.trace) {
            queue.push(span::of_request(record, trace));
        }
    }

    fn span(&self, span: FinishedSpan) {
        if let Some(queue) = &self.queue {
            queue.push(span::of_program(span));
        }
    }
}
