use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};
use plumego_contract::{Body, BoxError, Error, codes};

use super::decoder::{Broken, Decoder};

/// So much is decoded at a time.
const SLICE_BYTES: usize = 16 * 1024;

/// So much is decoded before others get their turn.
const TURN_BYTES: usize = 256 * 1024;

/// A step costs its turn as much as so many bytes, however little comes of it.
const STEP_COST_BYTES: usize = 1024;

/// Below this the ratio says nothing: a short text of one letter shrinks without end.
const RATIO_FROM_BYTES: u64 = 1024 * 1024;

/// A body that is decoded while it is read.
pub(super) struct DecodedBody {
    inner: Body,
    /// Gone when the body has ended.
    decoder: Option<Decoder>,
    input: Bytes,
    /// Whether the decoder may hold output for which there was no room.
    holds: bool,
    room: BytesMut,
    trailers: Option<HeaderMap>,
    bounds: Bounds,
    turn: usize,
}

/// What a body may grow to.
pub(super) struct Bounds {
    pub(super) max_bytes: Option<u64>,
    pub(super) max_ratio: u32,
    encoded: u64,
    decoded: u64,
}

impl Bounds {
    pub(super) fn new(max_bytes: Option<u64>, max_ratio: u32) -> Self {
        Self {
            max_bytes,
            max_ratio,
            encoded: 0,
            decoded: 0,
        }
    }

    fn check(&self) -> Result<(), Error> {
        if let Some(max) = self.max_bytes.filter(|max| self.decoded > *max) {
            return Err(Error::body_too_large(max));
        }
        let proportion = self.encoded.saturating_mul(u64::from(self.max_ratio));
        if self.decoded > RATIO_FROM_BYTES && self.decoded > proportion {
            return Err(Error::new(codes::COMPRESSION_RATIO)
                .with_detail("The body grows beyond all proportion when it is decoded.")
                .with_member("max_ratio", self.max_ratio));
        }
        Ok(())
    }
}

impl DecodedBody {
    pub(super) fn new(inner: Body, decoder: Decoder, bounds: Bounds) -> Self {
        Self {
            inner,
            decoder: Some(decoder),
            input: Bytes::new(),
            holds: false,
            room: BytesMut::new(),
            trailers: None,
            bounds,
            turn: TURN_BYTES,
        }
    }

    /// Decodes once; the frame, when there is one.
    fn decode(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(None);
        };
        self.room.resize(SLICE_BYTES, 0);
        let step = decoder.step(&self.input, &mut self.room).map_err(broken)?;
        if step.consumed == 0 && step.produced == 0 && !self.input.is_empty() {
            return Err(broken(Broken));
        }
        self.turn = self.turn.saturating_sub(step.produced.max(STEP_COST_BYTES));
        self.input.advance(step.consumed);
        self.holds = step.produced == SLICE_BYTES;
        self.bounds.encoded += step.consumed as u64;
        self.bounds.decoded += step.produced as u64;
        self.bounds.check()?;
        Ok((step.produced > 0).then(|| self.room.split_to(step.produced).freeze()))
    }

    fn end(&mut self) -> Result<(), Error> {
        match self.decoder.take() {
            // No byte at all is an empty body, whatever its coding.
            Some(decoder) if self.bounds.encoded > 0 && !decoder.is_complete() => {
                Err(broken(Broken))
            }
            _ => Ok(()),
        }
    }

    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BoxError>> {
        loop {
            if self.turn == 0 {
                self.turn = TURN_BYTES;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.holds || !self.input.is_empty() {
                if let Some(data) = self.decode()? {
                    return Poll::Ready(Ok(Some(data)));
                }
                continue;
            }
            let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) else {
                self.turn = TURN_BYTES;
                return Poll::Pending;
            };
            let Some(frame) = frame else {
                self.end()?;
                return Poll::Ready(Ok(None));
            };
            match frame?.into_data() {
                Ok(data) => self.input = data,
                Err(other) => {
                    self.end()?;
                    self.trailers = other.into_trailers().ok();
                    return Poll::Ready(Ok(None));
                }
            }
        }
    }
}

fn broken(_: Broken) -> Error {
    Error::new(codes::INVALID_ENCODED_BODY).with_detail(
        "The body is cut, is not what its Content-Encoding says, has too many members, or \
             asks for a window of more than 8 MiB.",
    )
}

impl HttpBody for DecodedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.decoder.is_some() {
            match ready!(self.next(cx)) {
                Ok(Some(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(None) => {}
                Err(error) => {
                    self.decoder = None;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        let trailers = self.trailers.take();
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.decoder.is_none() && self.trailers.is_none()
    }
}
