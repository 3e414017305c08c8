//! Answering: everything a handler may return.
//!
//! A handler returns anything that is [`IntoResponse`]: text, bytes, a status, [`Json`], [`Html`],
//! a tuple of a status, headers and one of these, or a `Result` of it and anything that is
//! `Into<Error>`. A body is encoded before the status is chosen: what cannot be encoded is a 500,
//! never a cut 200.

mod json;
mod text;
mod tuples;

use http::StatusCode;

pub use self::json::Json;
pub use self::text::Html;
use crate::{Body, Error, RequestContext, Response};

/// Something that a handler may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a response",
    label = "cannot be turned into a response",
    note = "a handler returns text, `Json`, `Html`, a `StatusCode`, `(StatusCode, T)`, … or `Result<T, E>` with `E: Into<plumego::Error>`"
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
