//! Redirects to places that the program chose.

use http::{HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::IntoResponse;
use crate::{Error, RequestContext, Response};

/// What a browser would percent-encode in a target anyway. Control characters never get here.
const UNPRINTABLE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');

/// A redirect to a place that the program chose.
///
/// The target is sent as it is, so it must not come from the client: for `?next=…` use
/// [`SafeRedirect`](super::SafeRedirect). Spaces and characters beyond ASCII are percent-encoded;
/// a target with a control character is `500 internal`.
///
/// ```
/// use plumego_contract::{IntoResponse, Redirect};
///
/// let response = Redirect::see_other("/orders/7").into_response();
/// assert_eq!(response.status(), 303);
/// assert_eq!(response.headers()["location"], "/orders/7");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    status: StatusCode,
    target: String,
}

impl Redirect {
    /// `303 See Other`: the answer to a form is elsewhere; the client comes with GET.
    pub fn see_other(target: impl Into<String>) -> Self {
        Self::with(StatusCode::SEE_OTHER, target)
    }

    /// `302 Found`: old clients may turn a POST into a GET.
    pub fn found(target: impl Into<String>) -> Self {
        Self::with(StatusCode::FOUND, target)
    }

    /// `307 Temporary Redirect`: the same method and body, this time.
    pub fn temporary(target: impl Into<String>) -> Self {
        Self::with(StatusCode::TEMPORARY_REDIRECT, target)
    }

    /// `308 Permanent Redirect`: the same method and body, from now on. Clients may remember it
    /// for ever.
    pub fn permanent(target: impl Into<String>) -> Self {
        Self::with(StatusCode::PERMANENT_REDIRECT, target)
    }

    fn with(status: StatusCode, target: impl Into<String>) -> Self {
        Self {
            status,
            target: target.into(),
        }
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        redirect(self.status, &self.target).into_response()
    }

    fn respond(self, cx: &RequestContext) -> Response {
        redirect(self.status, &self.target).respond(cx)
    }
}

/// A redirect without a body.
pub(super) fn redirect(status: StatusCode, target: &str) -> Result<Response, Error> {
    if target.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Error::internal(
            "the target of a redirect holds a control character",
        ));
    }
    let target = utf8_percent_encode(target, UNPRINTABLE).to_string();
    let location = HeaderValue::try_from(target).map_err(Error::internal)?;
    let mut response = Response::default();
    *response.status_mut() = status;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}
