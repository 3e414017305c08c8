//! What the router answers itself.

use http::header::{ALLOW, CONNECTION, LOCATION};
use http::{HeaderValue, StatusCode};
use plumego_contract::{Error, Request, RequestContext, Response, codes};

/// What the router answers itself. It travels in the extensions of the request, so that one
/// endpoint for each group answers them all from within the layers.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    NotFound,
    MethodNotAllowed(HeaderValue),
    Options(HeaderValue),
    MalformedPath(&'static str),
    BadHost(&'static str),
    BadFraming,
    Redirect(HeaderValue),
}

impl Outcome {
    pub(crate) fn method_not_allowed(allow: String) -> Self {
        Self::MethodNotAllowed(header(allow))
    }

    pub(crate) fn options(allow: String) -> Self {
        Self::Options(header(allow))
    }

    pub(crate) const fn is_options(&self) -> bool {
        matches!(self, Self::Options(_))
    }

    fn answer(self, cx: &RequestContext) -> Response {
        match self {
            Self::NotFound => Error::new(codes::NOT_FOUND).respond(cx),
            Self::MethodNotAllowed(allow) => Error::new(codes::METHOD_NOT_ALLOWED)
                .with_header(ALLOW, allow)
                .respond(cx),
            Self::MalformedPath(detail) => Error::new(codes::MALFORMED_PATH)
                .with_detail(detail)
                .respond(cx),
            Self::BadHost(detail) => Error::new(codes::MISSING_HOST)
                .with_detail(detail)
                .respond(cx),
            // What follows on this connection cannot be told apart for sure.
            Self::BadFraming => Error::new(codes::BAD_REQUEST)
                .with_detail("The only transfer coding taken is `chunked`, named once.")
                .with_header(CONNECTION, HeaderValue::from_static("close"))
                .respond(cx),
            Self::Options(allow) => bodiless(StatusCode::NO_CONTENT, ALLOW, allow),
            Self::Redirect(to) => bodiless(StatusCode::PERMANENT_REDIRECT, LOCATION, to),
        }
    }
}

/// The end of every outcome endpoint.
pub(crate) async fn answer(mut request: Request) -> Response {
    let cx = RequestContext::of(&mut request);
    let outcome = request.extensions_mut().remove::<Outcome>();
    outcome.unwrap_or(Outcome::NotFound).answer(&cx)
}

fn bodiless(status: StatusCode, name: http::HeaderName, value: HeaderValue) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response.headers_mut().insert(name, value);
    response
}

/// Methods are tokens, so their list is a valid header.
fn header(allow: String) -> HeaderValue {
    HeaderValue::try_from(allow).unwrap_or(HeaderValue::from_static("OPTIONS"))
}
