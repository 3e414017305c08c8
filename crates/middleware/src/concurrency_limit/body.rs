use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use plumego_contract::{Body, BoxError, Error, codes};

use super::gate::RETRY_AFTER;
use super::waits::Upload;

/// A request body that is refused when its client has too many others waited for.
pub(super) struct WaitingBody {
    inner: Body,
    upload: Arc<Upload>,
    over: bool,
}

impl WaitingBody {
    pub(super) fn new(inner: Body, upload: Arc<Upload>) -> Self {
        Self {
            inner,
            upload,
            over: false,
        }
    }
}

impl HttpBody for WaitingBody {
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
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(frame) => {
                if this.inner.is_end_stream() || !matches!(frame, Some(Ok(_))) {
                    this.upload.end();
                }
                Poll::Ready(frame)
            }
            Poll::Pending if this.upload.wait() => Poll::Pending,
            Poll::Pending => {
                this.over = true;
                this.inner = Body::empty();
                let error = Error::new(codes::SERVER_BUSY)
                    .with_detail("Too many bodies of this client are still on their way.")
                    .with_retry_after(RETRY_AFTER);
                Poll::Ready(Some(Err(Box::new(error))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Nobody waits for a body that is gone.
impl Drop for WaitingBody {
    fn drop(&mut self) {
        self.upload.end();
    }
}
