//! A body written by an async function, driven inside the body itself.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc;

use crate::BoxError;

/// The response is over: the client left, or the body ended.
///
/// It only reaches a [`Sender`] that was moved out of its producer; the producer itself is dropped
/// when the client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the response is over")
    }
}

impl std::error::Error for Closed {}

/// Where a producer sends the chunks of the body.
#[derive(Debug, Clone)]
pub struct Sender(mpsc::Sender<Result<Bytes, BoxError>>);

impl Sender {
    /// Sends a chunk, which is flushed to the client on its own. Waits while the client is slower
    /// and the queue is full. An empty chunk is nothing.
    ///
    /// # Cancel safety
    /// Cancel safe: a chunk whose future is dropped was not sent.
    pub async fn send(&self, chunk: impl Into<Bytes>) -> Result<(), Closed> {
        let chunk = chunk.into();
        if chunk.is_empty() {
            return Ok(());
        }
        self.0.send(Ok(chunk)).await.map_err(|_| Closed)
    }

    /// Ends the body as cut.
    pub(in crate::respond) async fn fail(&self, error: BoxError) {
        // Nobody waits for an answer that is over.
        let _ = self.0.send(Err(error)).await;
    }
}

type BoxProducer = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// Chunks from a producer, as a stream. It owns the producer: dropping it drops the producer.
pub(in crate::respond) struct Chunks {
    queue: mpsc::Receiver<Result<Bytes, BoxError>>,
    producer: Option<BoxProducer>,
    failed: Option<BoxError>,
}

impl Chunks {
    /// Chunks of this producer, of which at most `queued` wait.
    pub(in crate::respond) fn new<F, Fut>(queued: usize, producer: F) -> Self
    where
        F: FnOnce(Sender) -> Fut,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let (sender, queue) = mpsc::channel(queued);
        let producer = producer(Sender(sender));
        Self {
            queue,
            producer: Some(Box::pin(producer)),
            failed: None,
        }
    }

    /// Nothing follows an error.
    fn pass(&mut self, item: Result<Bytes, BoxError>) -> Result<Bytes, BoxError> {
        if item.is_err() {
            self.producer = None;
            self.failed = None;
            self.queue.close();
            while self.queue.try_recv().is_ok() {}
        }
        item
    }
}

impl Stream for Chunks {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let queue = self.queue.poll_recv(cx);
            if let Poll::Ready(Some(item)) = queue {
                return Poll::Ready(Some(self.pass(item)));
            }
            let Some(producer) = &mut self.producer else {
                // Without a producer the queue lives on only in senders that it gave away.
                return queue.map(|_| self.failed.take().map(Err));
            };
            match producer.as_mut().poll(cx) {
                Poll::Ready(result) => {
                    self.producer = None;
                    if let Err(error) = result {
                        // What was sent before the failure goes out before it.
                        self.failed = Some(error);
                        self.queue.close();
                    }
                }
                // What it sent before it had to wait goes out now.
                Poll::Pending => {
                    return match self.queue.poll_recv(cx) {
                        Poll::Ready(Some(item)) => Poll::Ready(Some(self.pass(item))),
                        Poll::Ready(None) | Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
    }
}
