//! Text, HTML and bytes out.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, header};

use super::{IntoResponse, with_type};
use crate::{Body, Error, RequestContext, Response};

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// A body of `text/plain; charset=utf-8`. `String` and `&'static str` answer the same; this one
/// takes anything that becomes a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Text<T>(pub T);

impl<T: Into<Body>> IntoResponse for Text<T> {
    fn into_response(self) -> Response {
        with_type(TEXT, self.0)
    }
}

/// A body of `text/html; charset=utf-8`. It is sent as it is: escape what users wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Html<T>(pub T);

impl<T: Into<Body>> IntoResponse for Html<T> {
    fn into_response(self) -> Response {
        with_type("text/html; charset=utf-8", self.0)
    }
}

/// Bytes with a content type of their own. `Bytes` and `Vec<u8>` alone answer
/// `application/octet-stream`.
///
/// A content type that is no valid header value is `500 internal`.
///
/// ```
/// use plumego_contract::{Binary, IntoResponse};
///
/// let pixel = Binary::new("image/gif", &b"GIF89a"[..]).into_response();
/// assert_eq!(pixel.headers()["content-type"], "image/gif");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    content_type: Cow<'static, str>,
    bytes: Bytes,
}

impl Binary {
    /// These bytes, of this content type.
    pub fn new(content_type: impl Into<Cow<'static, str>>, bytes: impl Into<Bytes>) -> Self {
        Self {
            content_type: content_type.into(),
            bytes: bytes.into(),
        }
    }

    fn build(self) -> Result<Response, Error> {
        let kind = media_type(&self.content_type)?;
        let mut response = Response::new(Body::from(self.bytes));
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        Ok(response)
    }
}

impl IntoResponse for Binary {
    fn into_response(self) -> Response {
        self.build().into_response()
    }

    fn respond(self, cx: &RequestContext) -> Response {
        self.build().respond(cx)
    }
}

macro_rules! respond_as {
    ($kind:ident: $($source:ty),*) => {$(
        impl IntoResponse for $source {
            fn into_response(self) -> Response {
                with_type($kind, self)
            }
        }
    )*};
}
respond_as!(TEXT: &'static str, String);
respond_as!(BYTES: Bytes, Vec<u8>, &'static [u8], Box<[u8]>);

impl<const N: usize> IntoResponse for &'static [u8; N] {
    fn into_response(self) -> Response {
        self.as_slice().into_response()
    }
}

impl IntoResponse for Box<str> {
    fn into_response(self) -> Response {
        String::from(self).into_response()
    }
}

impl IntoResponse for Cow<'static, str> {
    fn into_response(self) -> Response {
        match self {
            Cow::Borrowed(text) => text.into_response(),
            Cow::Owned(text) => text.into_response(),
        }
    }
}

/// A content type as a header value.
pub(super) fn media_type(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|error| {
        Error::internal(format!("content type {text:?} is no header value: {error}"))
    })
}
