use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use plumego_contract::{Body, BoxError, Error};

/// A body that ends with `413 body_too_large` at the first byte beyond its limit.
pub(crate) struct LimitedBody {
    inner: Body,
    max: u64,
    left: u64,
    over: bool,
}

impl LimitedBody {
    pub(super) fn new(inner: Body, max: u64) -> Self {
        Self {
            inner,
            max,
            left: max,
            over: false,
        }
    }
}

impl HttpBody for LimitedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let data = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
            _ => 0,
        };
        if let Some(left) = self.left.checked_sub(data as u64) {
            self.left = left;
            return Poll::Ready(frame);
        }
        self.over = true;
        Poll::Ready(Some(Err(Box::new(Error::body_too_large(self.max)))))
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
