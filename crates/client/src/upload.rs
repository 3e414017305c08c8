//! The body of a request, how far it is, and its end.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use plumego_contract::{Body, BoxError};
use tokio::time::Instant;

/// A body in memory is handed out in pieces of this size, so that its progress is seen.
const PIECE: usize = 64 * 1024;

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
        let progress = progress.clone();
        match self {
            Self::Bytes(bytes) if bytes.len() <= PIECE => Some(Body::from(bytes.clone())),
            Self::Bytes(bytes) => Some(Body::new(Tracked::new(Pieces(bytes.clone()), progress))),
            Self::Stream(body) => body
                .take()
                .map(|inner| Body::new(Tracked::new(inner, progress))),
        }
    }
}

/// How far a body is: when the connection last asked for a piece of it, and whether anybody still
/// wants it to be sent.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Mutex<State>>);

struct State {
    last: Instant,
    over: bool,
    /// A body was handed out and is still there.
    open: bool,
    waker: Option<Waker>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            last: Instant::now(),
            over: false,
            open: false,
            waker: None,
        })))
    }

    pub(crate) fn last(&self) -> Instant {
        self.lock().last
    }

    /// A new attempt begins.
    pub(crate) fn restart(&self) {
        self.lock().last = Instant::now();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the upload when it is dropped: an answer that was given up takes the rest of the request
/// along.
pub(crate) struct UploadGuard {
    progress: Progress,
    armed: bool,
}

impl UploadGuard {
    pub(crate) const fn new(progress: Progress) -> Self {
        Self {
            progress,
            armed: true,
        }
    }

    /// The answer came to its end: what is still sent may be wanted.
    pub(crate) const fn disarm(&mut self) {
        self.armed = false;
    }

    /// Whether a part of the body was not taken yet.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.armed && self.progress.lock().open
    }
}

impl Drop for UploadGuard {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        let waker = {
            let mut state = self.progress.lock();
            state.over = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A body whose progress is noted.
struct Tracked<B> {
    inner: B,
    progress: Progress,
}

impl<B> Tracked<B> {
    fn new(inner: B, progress: Progress) -> Self {
        progress.lock().open = true;
        Self { inner, progress }
    }
}

impl<B> Drop for Tracked<B> {
    fn drop(&mut self) {
        self.progress.lock().open = false;
    }
}

impl<B> HttpBody for Tracked<B>
where
    B: HttpBody<Data = Bytes, Error = BoxError> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        {
            let mut state = self.progress.lock();
            if state.over {
                return Poll::Ready(Some(Err("nobody waits for the answer any more".into())));
            }
            state.waker = Some(cx.waker().clone());
        }
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        if frame.is_ready() {
            self.progress.lock().last = Instant::now();
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

/// Bytes, piece by piece.
struct Pieces(Bytes);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let length = self.0.len().min(PIECE);
        let piece = self.0.split_to(length);
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}
