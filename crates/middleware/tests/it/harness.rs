//! Small things the tests share: services, bodies, and reading answers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use plumego_contract::{
    Body, BoxError, Connection, Params, Request, RequestContext, Response, RouteInfo,
};
use serde_json::Value;
use tower::{Layer, Service, ServiceExt};

/// Runs one request through a layer around an async function.
pub(crate) async fn run<L, F, Fut>(layer: L, handler: F, request: Request) -> Response
where
    F: FnMut(Request) -> Fut + Clone,
    Fut: Future<Output = Response>,
    L: Layer<Handler<F>>,
    L::Service: Service<Request, Response = Response, Error = Infallible>,
{
    layer
        .layer(Handler(handler))
        .oneshot(request)
        .await
        .unwrap()
}

/// An async function as a tower service.
#[derive(Clone)]
pub(crate) struct Handler<F>(pub(crate) F);

impl<F, Fut> Service<Request> for Handler<F>
where
    F: FnMut(Request) -> Fut,
    Fut: Future<Output = Response>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answer<Fut>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Answer(Box::pin((self.0)(request)))
    }
}

pub(crate) struct Answer<F>(Pin<Box<F>>);

impl<F: Future<Output = Response>> Future for Answer<F> {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

pub(crate) fn get(path: &str) -> Request {
    http::Request::get(path).body(Body::empty()).unwrap()
}

/// A request as it came from that address.
pub(crate) fn get_from(ip: &str, path: &str) -> Request {
    from(ip, get(path))
}

/// The same request, from that address and a port of its own.
pub(crate) fn from(ip: &str, mut request: Request) -> Request {
    static PORT: AtomicU16 = AtomicU16::new(1024);
    let port = PORT.fetch_add(1, Ordering::Relaxed);
    let peer = SocketAddr::new(ip.parse().unwrap(), port);
    request.extensions_mut().insert(Connection::from_peer(peer));
    request
}

/// The same request, below a router that found this route.
pub(crate) fn routed(request: Request, route: RouteInfo) -> Request {
    let connection = request.extensions().get().copied().unwrap_or_default();
    let (mut parts, body) = request.into_parts();
    let route = Some(Arc::new(route));
    let context = RequestContext::routed(Arc::default(), connection, &parts, route, Params::new());
    parts.extensions.insert(context);
    Request::from_parts(parts, body)
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// A body that yields what the script says.
pub(crate) struct Script(pub(crate) Vec<Step>);

pub(crate) enum Step {
    Data(&'static [u8]),
    Fail,
    Panic(&'static str),
    Hang,
}

impl HttpBody for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        match self.0.remove(0) {
            Step::Data(data) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(data))))),
            Step::Fail => Poll::Ready(Some(Err("broken".into()))),
            Step::Panic(text) => panic!("{text}"),
            Step::Hang => Poll::Pending,
        }
    }
}

pub(crate) fn stream(steps: Vec<Step>) -> Body {
    Body::new(Script(steps))
}

pub(crate) async fn bytes(response: Response) -> Bytes {
    response
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap()
}

pub(crate) async fn json(response: Response) -> Value {
    serde_json::from_slice(&bytes(response).await).unwrap()
}
