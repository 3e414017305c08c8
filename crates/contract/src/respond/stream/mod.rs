//! Bodies that are made while they are sent.
//!
//! Not for a body that is in memory, which costs less as `Bytes`, and not for a file on disk, for
//! which there is `File` (feature `file`).
//!
//! ```
//! use plumego_contract::{IntoResponse, Stream};
//!
//! async fn report() -> impl IntoResponse {
//!     Stream::produce("text/csv; charset=utf-8", async |rows| {
//!         rows.send("id,name\n").await?;
//!         rows.send("7,ada\n").await?;
//!         Ok(())
//!     })
//! }
//! ```
//!
//! # Limits and defaults
//! A producer is ahead of its client by at most [`QUEUED_CHUNKS`] chunks and [`QUEUED_BYTES`]
//! bytes; then `send` waits. A larger chunk waits alone. There is no task: the producer runs inside
//! the body, only while the server asks for more, and is dropped with it when the client leaves. It
//! must wait in `.await` alone, as any async code.

mod encode;
mod produce;

use std::borrow::Cow;

use bytes::Bytes;
use http::header;

pub(super) use self::encode::Encode;
pub(super) use self::produce::Chunks;
pub use self::produce::{Closed, Sender};
use super::IntoResponse;
use super::text::media_type;
use crate::{Body, BoxError, Error, RequestContext, Response};

/// How many chunks of a producer wait for the client at most.
pub const QUEUED_CHUNKS: usize = 16;

/// How many bytes of a producer wait for the client at most. A chunk that is larger waits alone.
pub const QUEUED_BYTES: usize = 64 * 1024;

/// Marks a response that takes as long as its client needs, in the extensions of the response.
///
/// A server takes the deadline for the whole response off it and holds it to a limit on idle time
/// alone. [`Stream`], [`Ndjson`](super::Ndjson), [`Sse`](super::Sse) and `File` set it; a handler
/// that builds such a body by hand inserts it, unless the length of the body is unknown, which
/// counts as well. See [`Streaming::marks`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Streaming;

impl Streaming {
    /// Whether the response is marked, or its body is a stream of unknown length.
    pub fn marks<B: http_body::Body>(response: &Response<B>) -> bool {
        response.extensions().get::<Self>().is_some()
            || response.body().size_hint().exact().is_none()
    }
}

/// A body of bytes that are made while they are sent.
///
/// An error of the stream or of the producer cuts the body: the connection (HTTP/1.1) or the
/// stream (HTTP/2) is reset, so that the client can tell it from a whole one. A content type that
/// is no valid header value is `500 internal`. See [the module](crate::respond::stream).
#[derive(Debug)]
pub struct Stream {
    content_type: Cow<'static, str>,
    body: Body,
}

impl Stream {
    /// The chunks of a stream.
    pub fn new<S, B, E>(content_type: impl Into<Cow<'static, str>>, stream: S) -> Self
    where
        S: futures_core::Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes>,
        E: Into<BoxError>,
    {
        Self {
            content_type: content_type.into(),
            body: Body::from_stream(stream),
        }
    }

    /// The chunks that an async function sends, ahead of the client by at most [`QUEUED_CHUNKS`]
    /// and [`QUEUED_BYTES`].
    /// An error cuts the body.
    pub fn produce<F, Fut>(content_type: impl Into<Cow<'static, str>>, producer: F) -> Self
    where
        F: FnOnce(Sender) -> Fut,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Self::new(content_type, Chunks::new(QUEUED_CHUNKS, producer))
    }

    fn build(self) -> Result<Response, Error> {
        let kind = media_type(&self.content_type)?;
        let mut response = streaming(self.body);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        Ok(response)
    }
}

impl IntoResponse for Stream {
    fn into_response(self) -> Response {
        self.build().into_response()
    }

    fn respond(self, cx: &RequestContext) -> Response {
        self.build().respond(cx)
    }
}

/// A marked response with this body.
pub(super) fn streaming(body: Body) -> Response {
    let mut response = Response::new(body);
    response.extensions_mut().insert(Streaming);
    response
}
