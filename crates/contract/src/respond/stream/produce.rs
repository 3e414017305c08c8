//! A body written by an async function, driven inside the body itself.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::{Semaphore, mpsc};

use super::QUEUED_BYTES;
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
pub struct Sender {
    queue: mpsc::Sender<Result<Bytes, BoxError>>,
    /// A permit for each byte that may still wait.
    room: Arc<Semaphore>,
}

impl Sender {
    /// Sends a chunk, which is flushed to the client on its own. Waits while the client is slower
    /// and the queue is full: [`QUEUED_CHUNKS`](super::QUEUED_CHUNKS) or [`QUEUED_BYTES`] wait. An
    /// empty chunk is nothing.
    ///
    /// # Cancel safety
    /// Cancel safe: a chunk whose future is dropped was not sent.
    pub async fn send(&self, chunk: impl Into<Bytes>) -> Result<(), Closed> {
        let chunk = chunk.into();
        if chunk.is_empty() {
            return Ok(());
        }
        let room = self.room.acquire_many(weight(&chunk));
        let room = room.await.map_err(|_| Closed)?;
        let slot = self.queue.reserve().await.map_err(|_| Closed)?;
        room.forget(); // given back when the chunk leaves the queue
        slot.send(Ok(chunk));
        Ok(())
    }

    /// Ends the body as cut.
    pub(in crate::respond) async fn fail(&self, error: BoxError) {
        // Nobody waits for an answer that is over.
        let _ = self.queue.send(Err(error)).await;
    }
}

/// How much of [`QUEUED_BYTES`] a chunk takes: a larger one waits alone.
fn weight(chunk: &Bytes) -> u32 {
    u32::try_from(chunk.len().min(QUEUED_BYTES)).unwrap_or(u32::MAX)
}

type BoxProducer = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// Chunks from a producer, as a stream. It owns the producer: dropping it drops the producer.
pub(in crate::respond) struct Chunks {
    queue: mpsc::Receiver<Result<Bytes, BoxError>>,
    room: Arc<Semaphore>,
    producer: Option<BoxProducer>,
    failed: Option<BoxError>,
    panicked: Option<Box<dyn Any + Send>>,
}

impl Chunks {
    /// Chunks of this producer, of which at most `queued` wait.
    pub(in crate::respond) fn new<F, Fut>(queued: usize, producer: F) -> Self
    where
        F: FnOnce(Sender) -> Fut,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let (sender, queue) = mpsc::channel(queued);
        let room = Arc::new(Semaphore::new(QUEUED_BYTES));
        let producer = producer(Sender {
            queue: sender,
            room: Arc::clone(&room),
        });
        Self {
            queue,
            room,
            producer: Some(Box::pin(producer)),
            failed: None,
            panicked: None,
        }
    }

    /// Nothing follows an error.
    fn pass(&mut self, item: Result<Bytes, BoxError>) -> Result<Bytes, BoxError> {
        if let Ok(chunk) = &item {
            self.room.add_permits(weight(chunk) as usize);
        } else {
            self.producer = None;
            self.failed = None;
            self.close();
            while self.queue.try_recv().is_ok() {}
        }
        item
    }

    /// Nothing more comes in. Whoever waits to send is told.
    fn close(&mut self) {
        self.queue.close();
        self.room.close();
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        self.close();
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
                if let Some(panic) = self.panicked.take() {
                    resume_unwind(panic);
                }
                // Without a producer the queue lives on only in senders that it gave away.
                return queue.map(|_| self.failed.take().map(Err));
            };
            let Ok(polled) = catch_unwind(AssertUnwindSafe(|| producer.as_mut().poll(cx)))
                .map_err(|panic| self.panicked = Some(panic))
            else {
                // What was sent before the panic goes out before it.
                self.producer = None;
                self.close();
                continue;
            };
            match polled {
                Poll::Ready(result) => {
                    self.producer = None;
                    if let Err(error) = result {
                        // What was sent before the failure goes out before it.
                        self.failed = Some(error);
                        self.close();
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
