//! Answering: everything a handler may return.
//!
//! A handler returns anything that is [`IntoResponse`], or a `Result` of it and anything that is
//! `Into<Error>`. A body is encoded before the status is chosen: what cannot be encoded is a 500,
//! never a cut 200.
//!
//! | To answer with … | return |
//! | --- | --- |
//! | text or bytes | `&'static str`, `String`, [`Text`], `Bytes`, `Vec<u8>`, [`Binary`] |
//! | a page | [`Html`] |
//! | JSON | [`Json`], or [`respond`](fn@respond) for `{data, meta, trace_id}` |
//! | a status, headers | `StatusCode`, `(StatusCode, T)`, `([(name, value); N], T)`, … |
//! | another place | [`Redirect`]; [`SafeRedirect`] when a client named it |
//! | a file on disk | `File` (feature `file`) |
//! | a body made while it is sent | [`Stream`], [`Ndjson`], [`Sse`] |

#[cfg(feature = "file")]
pub mod file;
mod json;
mod ndjson;
mod redirect;
mod reply;
mod safe_redirect;
pub mod sse;
pub mod stream;
mod text;
mod tuples;

use http::{HeaderMap, StatusCode};

#[cfg(feature = "file")]
pub use self::file::File;
pub use self::json::Json;
pub use self::ndjson::{Lines, Ndjson, SendError};
pub use self::redirect::Redirect;
pub use self::reply::{Reply, reply, respond};
pub use self::safe_redirect::SafeRedirect;
pub use self::sse::{Event, Events, Sse};
pub use self::stream::{Closed, Sender, Stream, Streaming};
pub use self::text::{Binary, Html, Text};
use crate::{Body, Error, RequestContext, Response};

/// Something that a handler may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a response",
    label = "cannot be turned into a response",
    note = "a handler returns text, `Json`, `Html`, a `StatusCode`, `(StatusCode, T)`, … \
            or `Result<T, E>` with `E: Into<plumego::Error>`"
)]
pub trait IntoResponse {
    /// The response, where no request is known.
    fn into_response(self) -> Response;

    /// The response to this request. What depends on the request, such as the trace id in an error,
    /// overrides it; everything else leaves it.
    fn respond(self, cx: &RequestContext) -> Response
    where
        Self: Sized,
    {
        let _ = cx;
        self.into_response()
    }
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

impl IntoResponse for Body {
    fn into_response(self) -> Response {
        Response::new(self)
    }
}

/// `200` without a body. For `204` return [`StatusCode::NO_CONTENT`].
impl IntoResponse for () {
    fn into_response(self) -> Response {
        Response::default()
    }
}

impl IntoResponse for StatusCode {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self;
        response
    }
}

/// `200` without a body, with these headers.
impl IntoResponse for HeaderMap {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.headers_mut() = self;
        response
    }
}

impl IntoResponse for std::convert::Infallible {
    fn into_response(self) -> Response {
        match self {}
    }
}

impl<T: IntoResponse, E: Into<Error>> IntoResponse for Result<T, E> {
    fn into_response(self) -> Response {
        match self {
            Ok(value) => value.into_response(),
            Err(error) => error.into().into_response(),
        }
    }

    fn respond(self, cx: &RequestContext) -> Response {
        match self {
            Ok(value) => value.respond(cx),
            Err(error) => error.into().respond(cx),
        }
    }
}

/// A body with its content type.
pub(crate) fn with_type(kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    let kind = http::HeaderValue::from_static(kind);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, kind);
    response
}
