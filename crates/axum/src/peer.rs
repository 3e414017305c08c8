//! Who is at the other end, as axum's server knows it.

use std::net::SocketAddr;
use std::task::{Context, Poll};

use axum::extract::ConnectInfo;
use http::{Extensions, Request};
use plumego_contract::Connection;
use tower_service::Service;

/// A Plumego router or application in an axum router, told who is at the other end.
///
/// Without it the client's address is unknown, and limits by client hold all clients as one. axum
/// knows the address when it is served with `into_make_service_with_connect_info::<SocketAddr>()`.
///
/// ```
/// use plumego_axum::WithPeer;
/// use plumego_contract::AppContext;
/// use plumego_router::Router;
///
/// let inner = Router::new().get("/ping", async || "pong");
/// let inner = inner.freeze(AppContext::default()).unwrap();
/// let outer: axum::Router = axum::Router::new().nest_service("/inner", WithPeer::new(inner));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct WithPeer<S> {
    inner: S,
}

impl<S> WithPeer<S> {
    /// Around this service.
    pub fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B> Service<Request<B>> for WithPeer<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let connection = connection(request.extensions());
        request.extensions_mut().insert(connection);
        self.inner.call(request)
    }
}

/// The connection as we know it, else as axum does.
pub(crate) fn connection(extensions: &Extensions) -> Connection {
    let axum = || {
        let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(Connection::from_peer(*peer))
    };
    let ours = extensions.get::<Connection>().copied();
    ours.or_else(axum).unwrap_or_default()
}
