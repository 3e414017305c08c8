//! Spans that wait to be sent.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use opentelemetry_proto::tonic::trace::v1::Span;
use plumego_observe::metrics::Counter;
use prost::Message;
use tokio::sync::Notify;

/// The most bytes that wait, as they will be sent.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most bytes in one batch.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Takes spans from the threads that serve, without waiting: one that does not fit is dropped.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    /// Told when there is a whole batch.
    full: Notify,
    spans_max: usize,
    batch: usize,
    overflowed: Counter,
}

#[derive(Debug, Default)]
struct Waiting {
    spans: VecDeque<(usize, Span)>,
    bytes: usize,
}

impl Queue {
    pub(crate) fn new(spans_max: usize, batch: usize, overflowed: Counter) -> Self {
        Self {
            waiting: Mutex::default(),
            full: Notify::new(),
            spans_max,
            batch: batch.min(spans_max),
            overflowed,
        }
    }

    pub(crate) fn push(&self, span: Span) {
        let bytes = span.encoded_len();
        let mut waiting = self.lock();
        if waiting.spans.len() >= self.spans_max || waiting.bytes + bytes > BYTES_MAX {
            drop(waiting);
            self.overflowed.inc();
            return;
        }
        waiting.bytes += bytes;
        waiting.spans.push_back((bytes, span));
        let is_batch = waiting.spans.len() >= self.batch || waiting.bytes >= BATCH_BYTES_MAX;
        drop(waiting);
        if is_batch {
            self.full.notify_one();
        }
    }

    /// The next batch; empty when nothing waits.
    pub(crate) fn take(&self) -> Vec<Span> {
        let mut waiting = self.lock();
        let (mut batch, mut size) = (Vec::new(), 0);
        while batch.len() < self.batch
            && let Some((bytes, span)) = waiting.spans.pop_front()
        {
            if !batch.is_empty() && size + bytes > BATCH_BYTES_MAX {
                waiting.spans.push_front((bytes, span));
                break;
            }
            size += bytes;
            batch.push(span);
        }
        waiting.bytes = waiting.bytes.saturating_sub(size);
        batch
    }

    /// Waits for a whole batch.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) async fn filled(&self) {
        self.full.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(bytes: usize) -> Span {
        Span {
            name: "x".repeat(bytes),
            ..Span::default()
        }
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let overflowed = Counter::default();
        let queue = Queue::new(3, 2, overflowed.clone());
        for _ in 0..5 {
            queue.push(span(1));
        }
        assert_eq!(overflowed.get(), 2);
        let batches = [queue.take().len(), queue.take().len(), queue.take().len()];
        assert_eq!(batches, [2, 1, 0]);
        queue.push(span(1));
        assert_eq!(queue.take().len(), 1);
    }

    #[test]
    fn bytes_are_bounded_as_well() {
        let overflowed = Counter::default();
        let queue = Queue::new(1000, 512, overflowed.clone());
        for _ in 0..20 {
            queue.push(span(1024 * 1024));
        }
        assert_eq!(overflowed.get(), 5);
        let batches: Vec<usize> = std::iter::repeat_with(|| queue.take().len())
            .take_while(|spans| *spans > 0)
            .collect();
        assert_eq!(batches, [3, 3, 3, 3, 3]);
        assert_eq!(queue.lock().bytes, 0);
    }
}
