//! The one body type of requests and responses.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::Error;

/// What went wrong inside a body stream, or inside somebody else's service.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request or of a response.
///
/// A body is empty, one buffer that is already in memory, or a stream of frames (data and
/// trailers). The first two cost no allocation and tell their exact size. A body is `Send` but not
/// `Sync`, as every streaming body in the tower world.
///
/// ```
/// use plumego_contract::Body;
/// use http_body::Body as _;
///
/// let body = Body::from("pong");
/// assert_eq!(body.size_hint().exact(), Some(4));
/// ```
#[derive(Default)]
pub struct Body(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Full(Bytes),
    Stream(Pin<Box<dyn HttpBody<Data = Bytes, Error = BoxError> + Send>>),
}

impl Body {
    /// A body without a byte.
    pub const fn empty() -> Self {
        Self(Kind::Empty)
    }

    /// Takes any body. One that is a [`Body`] already is not boxed again.
    pub fn new<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut slot = Some(body);
        if let Some(same) = (&mut slot as &mut dyn Any).downcast_mut::<Option<Self>>() {
            return same.take().unwrap_or_default();
        }
        match slot {
            Some(body) if !body.is_end_stream() => {
                Self(Kind::Stream(Box::pin(BoxedError { inner: body })))
            }
            _ => Self::empty(),
        }
    }

    /// A body of the chunks of a stream. Its length is unknown, so HTTP/1.1 sends it chunked.
    ///
    /// An error ends the stream: the connection (HTTP/1.1) or the stream (HTTP/2) is reset, so the
    /// client can tell a cut body from a whole one.
    pub fn from_stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes>,
        E: Into<BoxError>,
    {
        Self(Kind::Stream(Box::pin(StreamBody { stream })))
    }

    /// The bytes, when the whole body is in memory already; else `None`.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Empty => Some(&[]),
            Kind::Full(bytes) => Some(bytes),
            Kind::Stream(_) => None,
        }
    }

    /// Whether frames are still to come from somewhere: `false` when the body is in memory.
    pub fn is_stream(&self) -> bool {
        matches!(self.0, Kind::Stream(_))
    }

    /// Reads the whole body into memory, at most `limit` bytes.
    ///
    /// # Errors
    /// `413 body_too_large` when there is a byte more; the error of the stream when it is one of
    /// ours; `400 body_read` when the client went away or broke the framing.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropping the future loses what was read.
    pub async fn into_bytes(self, limit: u64) -> Result<Bytes, Error> {
        let mut stream = match self.0 {
            Kind::Empty => return Ok(Bytes::new()),
            Kind::Full(bytes) => return within(bytes, limit),
            Kind::Stream(stream) => stream,
        };
        let expected = stream.size_hint().lower();
        if expected > limit {
            return Err(Error::body_too_large(limit));
        }
        let mut first: Option<Bytes> = None;
        let mut rest = BytesMut::new();
        while let Some(frame) = next_frame(&mut stream).await {
            let Ok(data) = frame.map_err(Error::from_body)?.into_data() else {
                continue;
            };
            let so_far = first.as_ref().map_or(0, Bytes::len) + rest.len();
            if so_far as u64 + data.len() as u64 > limit {
                return Err(Error::body_too_large(limit));
            }
            match first.take() {
                None if rest.is_empty() => first = Some(data),
                None => rest.extend_from_slice(&data),
                Some(head) => {
                    // The length a client announces is a hint, not a reason to reserve memory.
                    rest.reserve(usize::try_from(expected).unwrap_or(0).min(64 * 1024));
                    rest.extend_from_slice(&head);
                    rest.extend_from_slice(&data);
                }
            }
        }
        Ok(first.unwrap_or_else(|| rest.freeze()))
    }
}

fn within(bytes: Bytes, limit: u64) -> Result<Bytes, Error> {
    if bytes.len() as u64 > limit {
        Err(Error::body_too_large(limit))
    } else {
        Ok(bytes)
    }
}

async fn next_frame<B: HttpBody + Unpin>(body: &mut B) -> Option<Result<Frame<B::Data>, B::Error>> {
    std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Kind::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Kind::Stream(stream) => stream.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Full(bytes) => bytes.is_empty(),
            Kind::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(stream) => stream.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Empty => f.write_str("Body(empty)"),
            Kind::Full(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::Stream(_) => f.write_str("Body(stream)"),
        }
    }
}

macro_rules! body_from {
    ($($source:ty),*) => {$(
        impl From<$source> for Body {
            fn from(source: $source) -> Self {
                Self(Kind::Full(Bytes::from(source)))
            }
        }
    )*};
}
body_from!(
    Bytes,
    Vec<u8>,
    String,
    &'static str,
    &'static [u8],
    Box<[u8]>
);

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::empty()
    }
}

pin_project! {
    /// Brings the error of somebody's body to ours.
    struct BoxedError<B> {
        #[pin]
        inner: B,
    }
}

impl<B> HttpBody for BoxedError<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.project().inner.poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

pin_project! {
    /// A stream of chunks as a body.
    struct StreamBody<S> {
        #[pin]
        stream: S,
    }
}

impl<S, B, E> HttpBody for StreamBody<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
    E: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.project().stream.poll_next(cx).map(|next| {
            next.map(|item| {
                item.map(|chunk| Frame::data(chunk.into()))
                    .map_err(Into::into)
            })
        })
    }
}
