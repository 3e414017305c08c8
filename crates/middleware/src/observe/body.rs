//! Following bodies to their end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use plumego_contract::{Body, BoxError};
use plumego_observe::record::Outcome;

use super::exchange::Followed;
use crate::recover::Panicked;

/// A request body whose bytes are counted as the handler reads them.
pub(super) struct CountedBody {
    inner: Body,
    count: Arc<AtomicU64>,
}

impl CountedBody {
    pub(super) fn new(inner: Body, count: Arc<AtomicU64>) -> Self {
        Self { inner, count }
    }
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            self.count.fetch_add(data_len(frame), Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A response body that makes the record when it ends, fails, or is given up.
pub(super) struct ObservedBody {
    inner: Body,
    followed: Followed,
    sent: u64,
}

impl ObservedBody {
    pub(super) fn new(inner: Body, followed: Followed) -> Self {
        Self {
            inner,
            followed,
            sent: 0,
        }
    }
}

impl HttpBody for ObservedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let frame = {
            let _current = this.followed.context.trace().enter();
            ready!(Pin::new(&mut this.inner).poll_frame(cx))
        };
        match &frame {
            Some(Ok(frame)) => this.sent += data_len(frame),
            Some(Err(error)) => {
                let outcome = if error.is::<Panicked>() {
                    Outcome::Panicked
                } else {
                    Outcome::Failed
                };
                this.followed.end(outcome, this.sent);
            }
            None => this.followed.end(Outcome::Completed, this.sent),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for ObservedBody {
    fn drop(&mut self) {
        // A server that knows the length does not poll for the end; one that answers HEAD does not
        // poll at all.
        let head_only = self.sent == 0 && self.followed.context.method() == http::Method::HEAD;
        let outcome = if std::thread::panicking() {
            Outcome::Panicked
        } else if head_only || self.inner.is_end_stream() {
            Outcome::Completed
        } else {
            Outcome::Aborted
        };
        self.followed.end(outcome, self.sent);
    }
}

fn data_len(frame: &Frame<Bytes>) -> u64 {
    frame.data_ref().map_or(0, Bytes::len) as u64
}
