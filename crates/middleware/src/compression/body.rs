use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};
use plumego_contract::{Body, BoxError};

use super::encoder::Encoder;
use super::places::Place;

/// So much is compressed at a time.
const SLICE_BYTES: usize = 32 * 1024;

/// So much is compressed before others get their turn.
const TURN_BYTES: usize = 256 * 1024;

/// A frame costs its turn as much as so many bytes, however small it is.
const FRAME_COST_BYTES: usize = 256;

/// So much is ready before a frame goes out, unless the body has nothing more at the moment.
const EMIT_BYTES: usize = 8 * 1024;

/// A body that is compressed while it is sent.
pub(super) struct CompressedBody {
    inner: Body,
    /// Gone when the body has ended.
    encoder: Option<Encoder>,
    input: Bytes,
    trailers: Option<HeaderMap>,
    /// Whether the encoder holds something back.
    holds: bool,
    turn: usize,
    /// Given back with the body.
    _place: Place,
}

impl CompressedBody {
    pub(super) fn new(inner: Body, encoder: Encoder, place: Place) -> Self {
        Self {
            inner,
            encoder: Some(encoder),
            input: Bytes::new(),
            trailers: None,
            holds: false,
            turn: TURN_BYTES,
            _place: place,
        }
    }

    /// Compresses one slice of the input; the frame, when enough is ready.
    fn compress(&mut self) -> Result<Option<Bytes>, BoxError> {
        let slice = self.input.split_to(self.input.len().min(SLICE_BYTES));
        self.turn = self.turn.saturating_sub(slice.len().max(FRAME_COST_BYTES));
        let Some(encoder) = &mut self.encoder else {
            return Ok(None);
        };
        encoder.write(&slice)?;
        self.holds = true;
        Ok((encoder.ready() >= EMIT_BYTES).then(|| encoder.take()))
    }

    /// What the encoder holds back, when the body has nothing more at the moment.
    fn flush(&mut self) -> Result<Option<Bytes>, BoxError> {
        self.turn = TURN_BYTES;
        let Some(encoder) = self.encoder.as_mut().filter(|_| self.holds) else {
            return Ok(None);
        };
        encoder.flush()?;
        self.holds = false;
        let ready = encoder.take();
        Ok((!ready.is_empty()).then_some(ready))
    }

    /// The end mark of the coding.
    fn finish(&mut self) -> Result<Bytes, BoxError> {
        match self.encoder.take() {
            Some(encoder) => Ok(encoder.finish()?),
            None => Ok(Bytes::new()),
        }
    }

    /// The next frame; an error ends the body without the end mark.
    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BoxError>> {
        loop {
            if self.turn == 0 {
                self.turn = TURN_BYTES;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if !self.input.is_empty() {
                if let Some(ready) = self.compress()? {
                    return Poll::Ready(Ok(Some(ready)));
                }
                continue;
            }
            match Pin::new(&mut self.inner).poll_frame(cx) {
                Poll::Pending => {
                    return match self.flush()? {
                        Some(ready) => Poll::Ready(Ok(Some(ready))),
                        None => Poll::Pending,
                    };
                }
                Poll::Ready(Some(frame)) => match frame?.into_data() {
                    Ok(data) => self.input = data,
                    Err(other) => {
                        self.trailers = other.into_trailers().ok();
                        return Poll::Ready(self.finish().map(Some));
                    }
                },
                Poll::Ready(None) => return Poll::Ready(self.finish().map(Some)),
            }
        }
    }
}

impl HttpBody for CompressedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.encoder.is_none() {
            let trailers = self.trailers.take();
            return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
        }
        self.next(cx).map(|result| match result {
            Ok(data) => data.map(|data| Ok(Frame::data(data))),
            Err(error) => {
                self.encoder = None;
                Some(Err(error))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.encoder.is_none() && self.trailers.is_none()
    }
}

/// A body that is not there and whose length is not known: that of the compressed one of a
/// response to HEAD.
pub(super) struct Unsent;

impl HttpBody for Unsent {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(None)
    }
}
