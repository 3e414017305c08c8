//! The body of a request, and how far it is.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use plumego_contract::{Body, BoxError};
use tokio::time::Instant;

/// What is sent.
pub(crate) enum Upload {
    /// In memory: it can be sent again.
    Bytes(Bytes),
    /// Once; `None` when it was handed out.
    Stream(Option<Body>),
}

impl Upload {
    pub(crate) async fn new(body: Body) -> Self {
        if body.is_stream() {
            return Self::Stream(Some(body));
        }
        // What is in memory is there at once, whatever its size.
        Self::Bytes(body.into_bytes(u64::MAX).await.unwrap_or_default())
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Bytes(bytes) if bytes.is_empty())
    }

    pub(crate) const fn is_replayable(&self) -> bool {
        matches!(self, Self::Bytes(_))
    }

    /// The body for one attempt; `None` when it was a stream and is gone.
    pub(crate) fn body(&mut self, progress: &Progress) -> Option<Body> {
        match self {
            Self::Bytes(bytes) if bytes.is_empty() => Some(Body::empty()),
            Self::Bytes(bytes) => Some(Body::from(bytes.clone())),
            Self::Stream(body) => body.take().map(|inner| {
                Body::new(Tracked {
                    inner,
                    progress: progress.clone(),
                })
            }),
        }
    }
}

/// When the connection last asked for a piece of the body.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Mutex<Instant>>);

impl Progress {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    pub(crate) fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

struct Tracked {
    inner: Body,
    progress: Progress,
}

impl HttpBody for Tracked {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        if frame.is_ready() {
            self.progress.note();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
