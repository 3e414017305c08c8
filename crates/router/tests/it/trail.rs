//! A layer that leaves its name on the way in, and a service error on demand.

use std::convert::Infallible;
use std::task::{Context, Poll};

use http::{HeaderValue, StatusCode};
use plumego_contract::{Body, Request, Response};
use plumego_router::{Endpoint, EndpointFuture};
use tower::{Layer, Service};

/// The names of the marks that a request passed, as the handler sees them.
pub(crate) const TRAIL: &str = "x-trail";

#[derive(Clone)]
pub(crate) struct Mark(pub(crate) &'static str);

#[derive(Clone)]
pub(crate) struct Marked<S> {
    name: &'static str,
    inner: S,
}

impl<S> Layer<S> for Mark {
    type Service = Marked<S>;

    fn layer(&self, inner: S) -> Marked<S> {
        Marked {
            name: self.0,
            inner,
        }
    }
}

impl<S: Service<Request>> Service<Request> for Marked<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> S::Future {
        let name = HeaderValue::from_static(self.name);
        request.headers_mut().append(TRAIL, name);
        self.inner.call(request)
    }
}

/// Puts the trail of the request on its response, whoever made that.
#[derive(Clone)]
pub(crate) struct Echo;

#[derive(Clone)]
pub(crate) struct Echoing(Endpoint);

impl Layer<Endpoint> for Echo {
    type Service = Echoing;

    fn layer(&self, inner: Endpoint) -> Echoing {
        Echoing(inner)
    }
}

impl Service<Request> for Echoing {
    type Response = Response;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let trail: Vec<_> = request.headers().get_all(TRAIL).iter().cloned().collect();
        let response: EndpointFuture = self.0.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            for name in trail {
                response.headers_mut().append(TRAIL, name);
            }
            Ok(response)
        })
    }
}

/// Refuses every request, whatever is inside.
#[derive(Clone)]
pub(crate) struct Deny;

#[derive(Clone)]
pub(crate) struct Denied;

impl<S> Layer<S> for Deny {
    type Service = Denied;

    fn layer(&self, _: S) -> Denied {
        Denied
    }
}

impl Service<Request> for Denied {
    type Response = Response;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        let mut response = Response::new(Body::from("denied"));
        *response.status_mut() = StatusCode::FORBIDDEN;
        std::future::ready(Ok(response))
    }
}
