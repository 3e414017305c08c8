//! Items into chunks.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::BoxError;

pin_project! {
    /// A stream with each item encoded; nothing follows the first error.
    pub(in crate::respond) struct Encode<S, F> {
        #[pin]
        stream: Option<S>,
        encode: F,
    }
}

impl<S, F> Encode<S, F>
where
    S: Stream,
    F: FnMut(S::Item) -> Result<Bytes, BoxError>,
{
    pub(in crate::respond) fn new(stream: S, encode: F) -> Self {
        Self {
            stream: Some(stream),
            encode,
        }
    }
}

impl<S, F> Stream for Encode<S, F>
where
    S: Stream,
    F: FnMut(S::Item) -> Result<Bytes, BoxError>,
{
    type Item = Result<Bytes, BoxError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let Some(stream) = this.stream.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let next = std::task::ready!(stream.poll_next(cx)).map(this.encode);
        if !matches!(next, Some(Ok(_))) {
            this.stream.set(None);
        }
        Poll::Ready(next)
    }
}
