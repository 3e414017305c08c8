//! A URL-encoded form, typed.

use http::{HeaderMap, Method};
use serde::de::DeserializeOwned;

use super::media::MediaType;
use super::urlencoded::{self, Source};
use super::whole::read_body;
use super::{FromRequest, Query, ViaRequest};
use crate::{Error, Request, codes};

const KIND: &str = "application/x-www-form-urlencoded";

const FORM: Source = Source {
    code: codes::INVALID_FORM,
    name: "form",
    pair: "form field",
};

/// A form of `application/x-www-form-urlencoded`, typed.
///
/// With GET and HEAD it is read from the query string, as browsers send it there, and is
/// [`Query`] then. With every other method it is the body. What `T` may be is as with [`Query`].
/// Files come as `Multipart`.
///
/// At most the body limit of the route, and [`MAX_PAIRS`](super::MAX_PAIRS).
///
/// `Option<Form<T>>` is `None` when there is neither a `Content-Type` nor a body.
///
/// # Errors
/// `400 invalid_form` with the field in `errors`; `415 unsupported_media_type` for another content
/// type, another charset than UTF-8, or none with a body; `413 body_too_large`; `400 body_read`.
///
/// # Cancel safety
/// Not cancel safe: what was read of the body is lost.
///
/// ```
/// use plumego_contract::extract::Form;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Login {
///     name: String,
///     password: String,
/// }
///
/// async fn login(Form(login): Form<Login>) -> String {
///     format!("hello {}", login.name)
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequest<ViaRequest> for Form<T> {
    async fn from_request(request: Request) -> Result<Self, Error> {
        if is_in_query(request.method()) {
            return Query::from_uri(request.uri()).map(|Query(value)| Self(value));
        }
        let typed = check_type(request.headers())?;
        let body = read_body(request).await?;
        parse(&body, typed).map(Self)
    }
}

/// Whether the form of a request with this method is its query string.
pub(super) fn is_in_query(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// Whether there is a content type; an error when it is another one.
pub(super) fn check_type(headers: &HeaderMap) -> Result<bool, Error> {
    match MediaType::of(headers)? {
        None => Ok(false),
        Some(media) if media.is(KIND) && media.is_utf8() => Ok(true),
        Some(_) => Err(unsupported()),
    }
}

/// Reads the body, which had a content type or not.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8], typed: bool) -> Result<T, Error> {
    match (typed, body.is_empty()) {
        (true, _) => urlencoded::parse(body, FORM),
        (false, true) => Err(Error::new(codes::INVALID_FORM)
            .with_detail("The request has no body; a form was expected.")
            .absent()),
        (false, false) => Err(unsupported()),
    }
}

fn unsupported() -> Error {
    Error::new(codes::UNSUPPORTED_MEDIA_TYPE)
        .with_detail("Content-Type must be application/x-www-form-urlencoded in UTF-8.")
}
