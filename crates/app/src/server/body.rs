//! The body of a request, with the time that a client may take to send it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use plumego_contract::{BoxError, Error, codes};
use tokio::time::{Instant, Sleep};

use super::flow::Flow;
use super::watch::{Expired, MIN_RATE, earned};

/// A request body. Only the time that somebody waits for the client counts: a slow handler is not
/// a slow client.
pub(crate) struct RequestBody {
    incoming: Incoming,
    flow: Flow,
    /// What it began with, and has at most.
    time: Option<Duration>,
    /// How long it may still be waited for.
    left: Option<Duration>,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    over: bool,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, flow: Flow) -> Self {
        let time = flow.shared().tuning.times.timeouts().read;
        Self {
            incoming,
            flow,
            time,
            left: time,
            waiting_since: None,
            timer: None,
            over: false,
        }
    }

    /// Something came: the clock stands still until somebody waits again, and the bytes give time
    /// back.
    fn stop_clock(&mut self, bytes: usize) {
        let (Some(time), Some(left)) = (self.time, &mut self.left) else {
            return;
        };
        let waited = self.waiting_since.take().map(|since| since.elapsed());
        *left = left
            .saturating_sub(waited.unwrap_or_default())
            .saturating_add(earned(bytes as u64))
            .min(time);
    }

    /// Whether the time is over. The timer is not moved forward for each piece; it fires early
    /// instead, and is armed again.
    fn poll_clock(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(left) = self.left else {
            return Poll::Pending;
        };
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let Some(deadline) = since.checked_add(left) else {
            return Poll::Pending;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    fn expire(&mut self) -> Error {
        self.over = true;
        self.flow.shared().metrics.timed_out(Expired::Read);
        let time = self.time.unwrap_or_default().as_millis();
        Error::new(codes::BODY_TIMEOUT).with_detail(format!(
            "The body stood still for {time} ms, or came with less than {MIN_RATE} bytes a second.",
        ))
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.stop_clock(frame.data_ref().map_or(0, Bytes::len));
                this.flow.moved();
                if this.incoming.is_end_stream() {
                    this.flow.request_body_done();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.over = true;
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                this.over = true;
                this.flow.request_body_done();
                Poll::Ready(None)
            }
            Poll::Pending => this
                .poll_clock(cx)
                .map(|()| Some(Err(this.expire().into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
