//! Text, HTML and bytes out.

use std::borrow::Cow;

use bytes::Bytes;

use super::{IntoResponse, with_type};
use crate::{Body, Response};

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

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
respond_as!(BYTES: Bytes, Vec<u8>, &'static [u8]);

impl IntoResponse for Cow<'static, str> {
    fn into_response(self) -> Response {
        match self {
            Cow::Borrowed(text) => text.into_response(),
            Cow::Owned(text) => text.into_response(),
        }
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
