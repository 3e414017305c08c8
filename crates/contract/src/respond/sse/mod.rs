//! Server-sent events, as the HTML standard defines `text/event-stream`.
//!
//! Not for messages in both directions: that is a WebSocket. Over HTTP/1.1 a browser opens at most
//! six connections to a site, and each event stream holds one.
//!
//! ```
//! use plumego_contract::{Event, IntoResponse, Sse};
//!
//! async fn ticks() -> impl IntoResponse {
//!     Sse::produce(async |events| {
//!         for n in 0..3 {
//!             let event = Event::new().id(n.to_string()).event("tick").data("tock");
//!             events.send(event).await?;
//!         }
//!         Ok(())
//!     })
//! }
//! ```
//!
//! # Limits and defaults
//! A comment goes out when nothing else did for [`KEEP_ALIVE`] (15 s), so that proxies do not take
//! the connection for dead and a client that left is noticed. A producer is ahead of its client by
//! at most 16 events. The size of an event is the program's own choice.

mod event;
mod keep_alive;

use std::time::Duration;

use futures_core::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, header};

pub use self::event::Event;
use self::keep_alive::KeepAlive;
use super::IntoResponse;
use super::stream::{Chunks, Closed, Encode, QUEUED_CHUNKS, Sender, streaming};
use crate::{Body, BoxError, Error, Response};

/// The time of silence after which a comment is sent.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Asks proxies such as nginx not to hold events back.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A stream of server-sent events. Each is flushed on its own.
///
/// An error of the stream or of the producer ends it; the browser reconnects. The response is
/// [marked](super::Streaming) as streaming, so no deadline for a whole response cuts it. See
/// [the module](crate::respond::sse).
#[derive(Debug)]
pub struct Sse {
    body: Body,
    keep_alive: Option<Duration>,
}

impl Sse {
    /// The events of a stream that may fail.
    pub fn new<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Event, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self::over(Body::from_stream(Encode::new(
            stream,
            |item: Result<Event, E>| Ok(item.map_err(Into::into)?.encode()),
        )))
    }

    /// The events of a stream that cannot fail.
    pub fn infallible<S>(stream: S) -> Self
    where
        S: Stream<Item = Event> + Send + 'static,
    {
        Self::over(Body::from_stream(Encode::new(stream, |event: Event| {
            Ok(event.encode())
        })))
    }

    /// The events that an async function sends. An error cuts the body. It runs
    /// inside the body and is dropped with it when the client leaves.
    pub fn produce<F, Fut>(producer: F) -> Self
    where
        F: FnOnce(Events) -> Fut,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let chunks = Chunks::new(QUEUED_CHUNKS, |sender| producer(Events(sender)));
        Self::over(Body::from_stream(chunks))
    }

    /// Sets the time of silence after which a comment is sent, at least one second. Default:
    /// [`KEEP_ALIVE`].
    #[must_use]
    pub fn keep_alive(mut self, after: Duration) -> Self {
        self.keep_alive = Some(after.max(Duration::from_secs(1)));
        self
    }

    /// Sends no comments. A client that left is then noticed with the next event at the earliest.
    #[must_use]
    pub fn without_keep_alive(mut self) -> Self {
        self.keep_alive = None;
        self
    }

    fn over(body: Body) -> Self {
        Self {
            body,
            keep_alive: Some(KEEP_ALIVE),
        }
    }
}

impl IntoResponse for Sse {
    fn into_response(self) -> Response {
        let body = match self.keep_alive {
            Some(after) => Body::new(KeepAlive::new(self.body, after)),
            None => self.body,
        };
        let mut response = streaming(body);
        *response.headers_mut() = HeaderMap::from_iter([
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/event-stream"),
            ),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
        ]);
        response
    }
}

/// Where the producer of an [`Sse`] sends its events.
#[derive(Debug, Clone)]
pub struct Events(Sender);

impl Events {
    /// Sends an event. Waits while the client is slower and the queue is full.
    ///
    /// # Cancel safety
    /// Cancel safe: an event whose future is dropped was not sent.
    pub async fn send(&self, event: Event) -> Result<(), Closed> {
        self.0.send(event.encode()).await
    }
}

/// `500 internal`, for producers that return an [`Error`].
impl From<Closed> for Error {
    #[track_caller]
    fn from(closed: Closed) -> Self {
        Self::internal(closed)
    }
}
