//! From a request to a response.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, StatusCode};
use http_body::Body as HttpBody;
use plumego_contract::{
    AutomaticOptions, Body, BoxError, Connection, ConnectionContext, NoHandler, Params, Request,
    RequestContext, Response,
};
use tower_service::Service;

use super::lookup::Target;
use super::{Frozen, Inner, params};
use crate::router::Tail;
use crate::{BoxResponse, Endpoint};

/// A request on its way: what is known of it, and the response that is being made.
#[derive(Debug)]
pub struct Dispatch {
    /// The context that every layer and the handler see.
    pub context: RequestContext,
    /// The response. Nothing happens until it is polled; dropping it cancels the handler.
    pub response: ResponseFuture,
}

/// The response of a dispatched request.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    inner: BoxResponse,
    is_head: bool,
}

/// The response of a [`Frozen`] router that is called as a tower service.
#[must_use = "futures do nothing unless polled"]
#[derive(Debug)]
pub struct FrozenFuture(ResponseFuture);

impl Frozen {
    /// Looks the route up and begins the response.
    ///
    /// The host is checked first (`400 missing_host`), then the route is looked up, then its record
    /// goes into the request's context, so that every layer knows it. What the router answers
    /// itself goes through the layers too. The response to HEAD has no body; its `Content-Length`
    /// is that of the body it would have had.
    pub fn dispatch(&self, connection: Connection, request: Request) -> Dispatch {
        self.dispatch_on(&self.connect(connection), request)
    }

    /// What the requests of a connection share, for [`Frozen::dispatch_on`].
    pub fn connect(&self, connection: Connection) -> Arc<ConnectionContext> {
        let app = Arc::clone(&self.0.app);
        let routes = Arc::clone(&self.0.infos);
        Arc::new(ConnectionContext::new(app, connection, routes))
    }

    /// [`Frozen::dispatch`] for one of many requests on a connection.
    pub fn dispatch_on(&self, home: &Arc<ConnectionContext>, mut request: Request) -> Dispatch {
        let router = &*self.0;
        let target = router.look_up(home, &request);
        let plan = Plan::of(router, target, request.uri().path());
        let is_head = request.method() == Method::HEAD;
        let mut context = RequestContext::of_route(home, &request, plan.route, plan.params);
        if let Some(tail) = plan.tail {
            request.extensions_mut().insert(tail);
        }
        if let Some(outcome) = plan.outcome {
            let extensions = request.extensions_mut();
            extensions.insert(NoHandler);
            if outcome.is_options() {
                extensions.insert(AutomaticOptions);
            }
            extensions.insert(outcome);
        }
        let inner = if let Some(endpoint) = plan.endpoint {
            endpoint.begin(request, &mut context)
        } else {
            context.clone().put_into(request.extensions_mut());
            Box::pin(crate::outcome::answer(request))
        };
        Dispatch {
            context,
            response: ResponseFuture { inner, is_head },
        }
    }
}

/// Everything a target stands for.
struct Plan<'a> {
    endpoint: Option<&'a Endpoint>,
    route: Option<usize>,
    params: Params,
    tail: Option<Tail>,
    outcome: Option<crate::outcome::Outcome>,
}

impl<'a> Plan<'a> {
    fn of(router: &'a Inner, target: Target, path: &str) -> Self {
        match target {
            Target::Route { route, params } => {
                let entry = router.entries.get(route);
                let depth = entry.and_then(|entry| entry.mount);
                Self {
                    endpoint: entry.map(|entry| &entry.endpoint),
                    route: Some(route),
                    params,
                    tail: depth.map(|depth| Tail(params::tail(path, depth))),
                    outcome: None,
                }
            }
            Target::Fallback(place) => Self {
                endpoint: router.fallbacks.get(place),
                route: None,
                params: Params::new(),
                tail: None,
                outcome: None,
            },
            Target::Outcome {
                outcome,
                scope,
                route,
            } => Self {
                endpoint: router.outcomes.get(scope),
                route,
                params: Params::new(),
                tail: None,
                outcome: Some(outcome),
            },
        }
    }
}

impl Future for ResponseFuture {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let polled = self.inner.as_mut().poll(cx);
        if self.is_head {
            polled.map(without_body)
        } else {
            polled
        }
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}

/// RFC 9110, section 9.3.2: the headers that GET would have had.
fn without_body(mut response: Response) -> Response {
    let status = response.status();
    let may_have_length = !status.is_informational()
        && status != StatusCode::NO_CONTENT
        && status != StatusCode::NOT_MODIFIED;
    let length = response.body().size_hint().exact();
    if may_have_length
        && let Some(length) = length
        && !response.headers().contains_key(CONTENT_LENGTH)
    {
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    *response.body_mut() = Body::empty();
    response
}

impl<B> Service<http::Request<B>> for Frozen
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = FrozenFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> FrozenFuture {
        let request = request.map(Body::new);
        let connection = request
            .extensions()
            .get::<Connection>()
            .copied()
            .unwrap_or_default();
        FrozenFuture(self.dispatch(connection, request).response)
    }
}

impl Future for FrozenFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(Ok)
    }
}
