//! Foreign services below a prefix.

use std::panic::Location;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{Method, Uri};
use http_body::Body as HttpBody;
use plumego_contract::extract::Needs;
use plumego_contract::{BoxError, Methods, Request};
use tower_service::Service;

use super::reads::Reads;
use super::{End, Item, Reach, Router};
use crate::Endpoint;

impl Router {
    /// A tower service that answers every method at a prefix and below it.
    ///
    /// The service sees the path without the prefix, byte for byte as it came (`/` for the prefix
    /// itself), and the query. The whole target is in
    /// [`RequestContext::uri`](plumego_contract::RequestContext::uri). Routes written out come
    /// before it. Its errors are answered as
    /// [`Error::from_boxed`](plumego_contract::Error::from_boxed) says.
    ///
    /// It is listed as `ANY /prefix/{*path}`.
    ///
    /// ```
    /// use plumego_router::Router;
    ///
    /// let legacy: axum::Router = axum::Router::new();
    /// let router = Router::new().mount("/legacy", legacy);
    /// assert_eq!(router.route_count(), 1);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn mount<S, B>(self, prefix: &str, service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.below(Methods::Any, prefix, Reach::Mount, service)
    }

    /// A tower service that answers GET and HEAD at a prefix and below it, where **no other route
    /// has the path**: for the files of a web site, whose names nobody lists.
    ///
    /// It gives way whatever the method: with a route `POST /login`, `GET /login` stays
    /// `405 method_not_allowed` below a site at `/`. So does a redirect to the other form of a
    /// path. Where nothing else has the path, OPTIONS is answered, and any other method is 405; it
    /// is 404 where the service, asked by HEAD in its place, answers 404. The service sees GET and
    /// HEAD alone.
    ///
    /// The service sees the path as that of a [`mount`](Self::mount) does. It is listed as
    /// `GET /prefix/{*path}`.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use plumego_contract::{Request, Response};
    /// use plumego_router::Router;
    ///
    /// let pages = tower::service_fn(async |_: Request| {
    ///     Ok::<Response, Infallible>(Response::default())
    /// });
    /// let router = Router::new().post("/login", async || "in").site("/", pages);
    /// assert_eq!(router.route_count(), 2);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn site<S, B>(self, prefix: &str, service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.below(
            Methods::One(Method::GET),
            prefix,
            Reach::Site,
            Reads(service),
        )
    }

    #[track_caller]
    fn below<S, B>(self, methods: Methods, prefix: &str, reach: Reach, service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let end = End {
            endpoint: Endpoint::service(StripPrefix(service)),
            needs: Needs::new(),
            location: Location::caller(),
        };
        let mut router = self.route(methods, prefix, end);
        if let Some(Item::Route(route)) = router.items.last_mut() {
            route.reach = reach;
        }
        router
    }
}

/// Where the part of the path begins that a mounted service sees. The router puts it into the
/// extensions of the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tail(pub(crate) usize);

/// Takes the prefix off, right before the mounted service: the layers around see it still.
#[derive(Clone)]
struct StripPrefix<S>(S);

impl<S: Service<Request>> Service<Request> for StripPrefix<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> S::Future {
        if let Some(Tail(start)) = request.extensions_mut().remove::<Tail>()
            && let Some(uri) = tail_of(request.uri(), start)
        {
            *request.uri_mut() = uri;
        }
        self.0.call(request)
    }
}

fn tail_of(uri: &Uri, start: usize) -> Option<Uri> {
    let tail = uri.path().get(start..)?;
    let slash = if tail.starts_with('/') { "" } else { "/" };
    let target = match uri.query() {
        Some(query) => format!("{slash}{tail}?{query}"),
        None => format!("{slash}{tail}"),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}
