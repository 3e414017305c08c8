//! axum inside of Plumego.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, DefaultBodyLimit};
use http::Extensions;
use http::request::Parts;
use plumego_contract::extract::ViaRequest;
use plumego_contract::{
    Body, Error, FromParts, FromRequest, IntoResponse, Limit, Request, RequestContext, Response,
};

use crate::rejection::rejected;

/// An extractor or a response of axum, in a Plumego handler.
///
/// As an argument it takes `E` out of the request as axum does, without axum's state (`()`).
/// `ConnectInfo<SocketAddr>` is the peer of the connection. An extractor that takes the body must
/// be the last argument, and the body limit is Plumego's. As the return value it answers with `E`.
///
/// A rejection becomes an [`Error`] with its status and headers; one that is no error, such as a
/// redirect, becomes 500.
///
/// ```
/// use axum::extract::Query;
/// use plumego_axum::Axum;
///
/// #[derive(serde::Deserialize)]
/// struct Page {
///     page: u32,
/// }
///
/// async fn list(Axum(Query(page)): Axum<Query<Page>>) -> String {
///     format!("page {}", page.page)
/// }
/// # plumego_router::Router::new().get("/", list);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Axum<E>(pub E);

impl<E> FromParts for Axum<E>
where
    E: axum::extract::FromRequestParts<()> + Send,
{
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        tell_peer(&mut parts.extensions);
        let taken = E::from_request_parts(parts, &()).await;
        accept(taken.map_err(axum::response::IntoResponse::into_response)).await
    }
}

impl<E> FromRequest<ViaRequest> for Axum<E>
where
    E: axum::extract::FromRequest<()> + Send,
{
    async fn from_request(mut request: Request) -> Result<Self, Error> {
        tell_peer(request.extensions_mut());
        let limit = RequestContext::get(request.extensions()).map(RequestContext::max_body_bytes);
        match limit {
            None => {}
            Some(Limit::Unlimited) => DefaultBodyLimit::disable().apply(&mut request),
            Some(Limit::At(bytes)) => {
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
                DefaultBodyLimit::max(bytes).apply(&mut request);
            }
        }
        let taken = E::from_request(request.map(axum::body::Body::new), &()).await;
        accept(taken.map_err(axum::response::IntoResponse::into_response)).await
    }
}

impl<E: axum::response::IntoResponse> IntoResponse for Axum<E> {
    fn into_response(self) -> Response {
        self.0.into_response().map(Body::new)
    }
}

async fn accept<E>(taken: Result<E, axum::response::Response>) -> Result<Axum<E>, Error> {
    match taken {
        Ok(value) => Ok(Axum(value)),
        Err(rejection) => Err(rejected(rejection).await),
    }
}

/// What axum's server would have put there.
fn tell_peer(extensions: &mut Extensions) {
    let peer = RequestContext::get(extensions).and_then(|cx| cx.connection().peer);
    if let (Some(peer), None) = (peer, extensions.get::<ConnectInfo<SocketAddr>>()) {
        extensions.insert(ConnectInfo(peer));
    }
}
