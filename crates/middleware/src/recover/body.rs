use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use plumego_contract::{Body, BoxError, RequestContext};

use super::{Panicked, panic_text};

/// A stream whose panic becomes its last error.
pub(crate) struct RecoverBody {
    inner: Option<Body>,
    context: RequestContext,
}

impl RecoverBody {
    pub(super) fn new(inner: Body, context: RequestContext) -> Self {
        Self {
            inner: Some(inner),
            context,
        }
    }
}

impl HttpBody for RecoverBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        match catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll_frame(cx))) {
            Ok(frame) => frame,
            Err(panic) => {
                // Polled again, a future that panicked would panic once more.
                self.inner = None;
                self.context.note_error("internal");
                tracing::error!(
                    trace_id = %self.context.trace().trace_id(),
                    panic = panic_text(&*panic),
                    "a response body panicked"
                );
                Poll::Ready(Some(Err(Box::new(Panicked))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map(HttpBody::size_hint)
            .unwrap_or_default()
    }
}
