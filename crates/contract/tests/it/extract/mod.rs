//! Extractors, over requests made by hand.

mod client;
mod context;
#[cfg(feature = "cookies")]
mod cookie;
mod form;
mod header;
mod json;
#[cfg(feature = "multipart")]
mod multipart;
mod path;
mod proxy;
mod query;
#[cfg(feature = "validate")]
mod valid;

use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use http::Method;
use plumego_contract::{
    AppContext, Body, BoxError, Connection, Error, FromRequest, Methods, Params, Request,
    RequestContext, RouteInfo,
};

/// A request under construction.
pub(crate) struct Ask {
    request: http::request::Builder,
    app: AppContext,
    connection: Connection,
    route: RouteInfo,
    params: Params,
}

impl Ask {
    pub(crate) fn new(method: Method, uri: &str) -> Self {
        Self {
            request: http::Request::builder().method(method.clone()).uri(uri),
            app: AppContext::default(),
            connection: Connection::default(),
            route: RouteInfo::new(Methods::One(method), "/"),
            params: Params::new(),
        }
    }

    pub(crate) fn get(uri: &str) -> Self {
        Self::new(Method::GET, uri)
    }

    pub(crate) fn post(uri: &str) -> Self {
        Self::new(Method::POST, uri)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let value = http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn param(mut self, name: &str, value: &str) -> Self {
        self.route.parameters.push(name.to_owned());
        self.params.push(value);
        self
    }

    /// The address that the connection comes from.
    pub(crate) fn peer(mut self, peer: &str) -> Self {
        self.connection = Connection::from_peer(peer.parse().unwrap());
        self
    }

    pub(crate) fn app(mut self, change: impl FnOnce(&mut AppContext)) -> Self {
        change(&mut self.app);
        self
    }

    /// The request, as a router hands it to a handler.
    pub(crate) fn body(self, body: impl Into<Body>) -> Request {
        let request = self.request.body(body.into()).unwrap();
        let (mut parts, body) = request.into_parts();
        let context = RequestContext::routed(
            Arc::new(self.app),
            self.connection,
            &parts,
            Some(Arc::new(self.route)),
            self.params,
        );
        parts.extensions.insert(context);
        Request::from_parts(parts, body)
    }

    /// The extractor's answer for a request without a body.
    pub(crate) async fn take<T: FromRequest<M>, M>(self) -> Result<T, Error> {
        T::from_request(self.body(Body::empty())).await
    }

    /// The extractor's answer for a request with this body.
    pub(crate) async fn take_from<T: FromRequest<M>, M>(
        self,
        body: impl Into<Body>,
    ) -> Result<T, Error> {
        T::from_request(self.body(body)).await
    }
}

/// A body that arrives in these chunks.
pub(crate) fn chunked(chunks: impl IntoIterator<Item = impl Into<Bytes>>) -> Body {
    let chunks: Vec<Bytes> = chunks.into_iter().map(Into::into).collect();
    Body::from_stream(Chunks(chunks.into_iter()))
}

/// A stream of chunks that are there already.
struct Chunks<I>(I);

impl<I: Iterator<Item = Bytes> + Unpin> Stream for Chunks<I> {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next().map(Ok))
    }
}

/// Status, code and absence of an error.
pub(crate) fn told<T>(result: Result<T, Error>) -> (u16, &'static str) {
    match result {
        Ok(_) => (200, "ok"),
        Err(error) => (error.status().as_u16(), error.code()),
    }
}

/// The fields of an error, as pointer and code.
pub(crate) fn fields<T>(result: Result<T, Error>) -> Vec<(String, String)> {
    let error = result.err().expect("an error");
    error
        .errors()
        .iter()
        .map(|field| (field.pointer.clone(), field.code.to_string()))
        .collect()
}
