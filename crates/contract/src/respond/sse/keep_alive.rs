//! Comments in times of silence.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use crate::{Body, BoxError};

const COMMENT: Bytes = Bytes::from_static(b": keep-alive\n\n");

pin_project! {
    /// A body with a comment for every span of silence.
    pub(super) struct KeepAlive {
        body: Body,
        after: Duration,
        // Made when the body is first polled: only then is there a runtime for certain.
        #[pin]
        timer: Option<Sleep>,
    }
}

impl KeepAlive {
    pub(super) fn new(body: Body, after: Duration) -> Self {
        Self {
            body,
            after,
            timer: None,
        }
    }
}

impl HttpBody for KeepAlive {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        let frame = Pin::new(this.body).poll_frame(cx);
        if this.timer.is_none() {
            this.timer.set(Some(tokio::time::sleep(*this.after)));
        }
        let Some(mut timer) = this.timer.as_pin_mut() else {
            return frame;
        };
        let frame = match frame {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                std::task::ready!(timer.as_mut().poll(cx));
                Some(Ok(Frame::data(COMMENT)))
            }
        };
        if let Some(next) = Instant::now().checked_add(*this.after) {
            timer.reset(next);
        }
        Poll::Ready(frame)
    }
}
