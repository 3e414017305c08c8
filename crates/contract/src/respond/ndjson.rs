//! One JSON value a line.

use std::fmt;

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderValue, header};
use serde::Serialize;

use super::IntoResponse;
use super::stream::{Chunks, Closed, Encode, QUEUED_CHUNKS, Sender, streaming};
use crate::{Body, BoxError, Error, Response};

/// A body of one JSON value a line, `application/x-ndjson`, made while it is sent.
///
/// Every line is flushed on its own. An item that cannot be encoded ends the body as cut, after
/// the last whole line: a client never sees half a line as if it were all. The length is unknown,
/// so the response is [marked](super::Streaming) as streaming. Not for a list that fits in memory:
/// that is [`Json`](super::Json).
///
/// ```
/// use plumego_contract::{IntoResponse, Ndjson};
///
/// async fn export() -> impl IntoResponse {
///     Ndjson::produce(async |lines| {
///         for id in 0..3 {
///             lines.send(&serde_json::json!({ "id": id })).await?;
///         }
///         Ok(())
///     })
/// }
/// ```
#[derive(Debug)]
pub struct Ndjson(Body);

impl Ndjson {
    /// The items of a stream that may fail. An error cuts the body.
    pub fn new<S, T, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Serialize,
        E: Into<BoxError>,
    {
        Self(Body::from_stream(Encode::new(
            stream,
            |item: Result<T, E>| line(&item.map_err(Into::into)?),
        )))
    }

    /// The items of a stream that cannot fail.
    pub fn infallible<S>(stream: S) -> Self
    where
        S: Stream<Item: Serialize> + Send + 'static,
    {
        Self(Body::from_stream(Encode::new(stream, |item: S::Item| {
            line(&item)
        })))
    }

    /// The lines that an async function sends, ahead of the client by at most
    /// [`QUEUED_CHUNKS`](super::stream::QUEUED_CHUNKS). An error cuts the body. It runs
    /// inside the body and is dropped with it when the client leaves.
    pub fn produce<F, Fut>(producer: F) -> Self
    where
        F: FnOnce(Lines) -> Fut,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let chunks = Chunks::new(QUEUED_CHUNKS, |sender| producer(Lines(sender)));
        Self(Body::from_stream(chunks))
    }
}

impl IntoResponse for Ndjson {
    fn into_response(self) -> Response {
        let mut response = streaming(self.0);
        let kind = HeaderValue::from_static("application/x-ndjson");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

/// Where the producer of an [`Ndjson`] sends its lines.
#[derive(Debug, Clone)]
pub struct Lines(Sender);

impl Lines {
    /// Sends an item as a line. Waits while the client is slower and the queue is full.
    ///
    /// # Errors
    /// [`SendError::Encode`] when the item cannot be encoded: the body ends there, as cut, whatever
    /// the producer does next. [`SendError::Closed`] when the response is over.
    ///
    /// # Cancel safety
    /// Cancel safe: an item whose future is dropped was not sent.
    pub fn send<T>(&self, item: &T) -> impl Future<Output = Result<(), SendError>> + Send
    where
        T: Serialize + ?Sized,
    {
        let line = line(item);
        async move {
            match line {
                Ok(line) => Ok(self.0.send(line).await?),
                Err(error) => {
                    let told = SendError::Encode(error.to_string());
                    self.0.fail(error).await;
                    Err(told)
                }
            }
        }
    }
}

/// Why an item was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// It cannot be encoded as JSON; says why.
    Encode(String),
    /// The response is over.
    Closed,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(why) => write!(f, "the item cannot be encoded as JSON: {why}"),
            Self::Closed => Closed.fmt(f),
        }
    }
}

impl std::error::Error for SendError {}

impl From<Closed> for SendError {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

/// `500 internal`, for producers that return an [`Error`].
impl From<SendError> for Error {
    #[track_caller]
    fn from(error: SendError) -> Self {
        Self::internal(error)
    }
}

/// Encoded whole before any of it is sent. JSON as `serde_json` writes it holds no line break.
fn line<T: Serialize + ?Sized>(item: &T) -> Result<Bytes, BoxError> {
    let mut line = serde_json::to_vec(item)?;
    line.push(b'\n');
    Ok(line.into())
}
