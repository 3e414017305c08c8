//! Feeding the parser no more than it may hold.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http_body::Body as _;

use super::too_large;
use crate::{Body, BoxError, Error};

/// The most bytes handed over at once.
const MAX_CHUNK_BYTES: usize = 16 * 1024;

/// The delimiter itself with its line breaks, beside the headers.
const DELIMITER_BYTES: usize = 128;

const UNMETERED: usize = usize::MAX;

/// How much the parser may still get before it has found the next part.
///
/// The parser looks for the end of a head in all it has, and would do so until the body ends.
#[derive(Debug)]
pub(super) struct Meter {
    /// The bound that was asked for.
    max: AtomicUsize,
    left: AtomicUsize,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            max: AtomicUsize::new(0),
            left: AtomicUsize::new(UNMETERED),
        }
    }
}

impl Meter {
    /// Bounds what is handed over from now on to a head of this size.
    pub(super) fn start(&self, max: usize) {
        self.max.store(max, Ordering::Relaxed);
        let left = max.saturating_add(DELIMITER_BYTES).min(UNMETERED - 1);
        self.left.store(left, Ordering::Relaxed);
    }

    /// Ends the bound.
    pub(super) fn stop(&self) {
        self.left.store(UNMETERED, Ordering::Relaxed);
    }

    fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) {
        let left = self.left();
        if left != UNMETERED {
            self.left
                .store(left.saturating_sub(bytes), Ordering::Relaxed);
        }
    }
}

/// The answer when a part does not begin in time.
pub(super) fn too_long_head(max: usize) -> Error {
    too_large(format!(
        "The headers of a part, or what stands before them, have more than {max} bytes."
    ))
}

/// The chunks of a body, one at a time.
///
/// The parser takes all that is ready before it looks at any of it. So after every chunk the feed
/// claims to have no more, and wakes the task at once.
pub(super) struct Feed {
    body: Body,
    /// What of a frame has not been handed over.
    rest: Bytes,
    /// The body limit, and what of it is left.
    limit: u64,
    left: u64,
    meter: Arc<Meter>,
    pause: bool,
}

impl Feed {
    pub(super) fn new(body: Body, limit: u64, meter: Arc<Meter>) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            limit,
            left: limit,
            meter,
            pause: false,
        }
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), BoxError>>> {
        while self.rest.is_empty() {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
                return Poll::Ready(None);
            };
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            match self.left.checked_sub(data.len() as u64) {
                Some(left) => self.left = left,
                None => {
                    return Poll::Ready(Some(Err(Error::body_too_large(self.limit).into())));
                }
            }
            self.rest = data;
        }
        Poll::Ready(Some(Ok(())))
    }
}

impl Stream for Feed {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.pause) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match ready!(self.poll_rest(cx)) {
            Some(Ok(())) => {}
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None => return Poll::Ready(None),
        }
        let allowed = self.meter.left();
        if allowed == 0 {
            let max = self.meter.max.load(Ordering::Relaxed);
            return Poll::Ready(Some(Err(too_long_head(max).into())));
        }
        let size = self.rest.len().min(MAX_CHUNK_BYTES).min(allowed);
        let chunk = self.rest.split_to(size);
        self.meter.take(size);
        self.pause = true;
        Poll::Ready(Some(Ok(chunk)))
    }
}
