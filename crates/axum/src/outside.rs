//! Plumego inside of axum.

use axum::body::Body as AxumBody;
use axum::response::Response as AxumResponse;
use http::Extensions;
use http::request::Parts;
use plumego_contract::extract::ViaRequest;
use plumego_contract::{Body, FromParts, IntoResponse, Request, RequestContext};

use crate::peer::connection;

/// An extractor, a response or an error of Plumego, in an axum handler.
///
/// As an argument it takes `T` out of the request. A refusal is answered as Plumego answers it,
/// with the trace id of the request. There is no application around it, so limits are at their
/// defaults, no proxy is trusted, and [`State`](plumego_contract::State) finds nothing. As the
/// return value it answers with `T`.
///
/// ```
/// use axum::routing::get;
/// use plumego_axum::Plumego;
/// use plumego_contract::{Error, RequestContext};
///
/// async fn show(Plumego(cx): Plumego<RequestContext>) -> Result<String, Plumego<Error>> {
///     let host = cx.host().ok_or_else(|| Plumego(Error::bad_request("no_host", "no host")))?;
///     Ok(host.to_owned())
/// }
/// let app: axum::Router = axum::Router::new().route("/", get(show));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plumego<T>(pub T);

impl<S, T> axum::extract::FromRequestParts<S> for Plumego<T>
where
    S: Send + Sync,
    T: FromParts,
{
    type Rejection = AxumResponse;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AxumResponse> {
        let cx = context(parts);
        match T::from_parts(parts).await {
            Ok(value) => Ok(Self(value)),
            Err(error) => Err(error.respond(&cx).map(AxumBody::new)),
        }
    }
}

impl<S, T> axum::extract::FromRequest<S> for Plumego<T>
where
    S: Send + Sync,
    T: plumego_contract::FromRequest<ViaRequest>,
{
    type Rejection = AxumResponse;

    async fn from_request(request: http::Request<AxumBody>, _: &S) -> Result<Self, AxumResponse> {
        let (mut parts, body) = request.into_parts();
        let cx = context(&mut parts);
        match T::from_request(Request::from_parts(parts, Body::new(body))).await {
            Ok(value) => Ok(Self(value)),
            Err(error) => Err(error.respond(&cx).map(AxumBody::new)),
        }
    }
}

impl<T: IntoResponse> axum::response::IntoResponse for Plumego<T> {
    fn into_response(self) -> AxumResponse {
        self.0.into_response().map(AxumBody::new)
    }
}

/// The context of the request; a fresh one, kept for the next extractor, when there is none.
fn context(parts: &mut Parts) -> RequestContext {
    if let Some(cx) = RequestContext::get(&parts.extensions) {
        return cx.clone();
    }
    let known: &Extensions = &parts.extensions;
    let cx = RequestContext::new(std::sync::Arc::default(), connection(known), parts);
    parts.extensions.insert(cx.clone());
    cx
}
