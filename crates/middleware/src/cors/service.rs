use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{HeaderValue, Method};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, Request, Response};
use tower_service::Service;

use super::policy::Policy;
use crate::early::EarlyFuture;

/// The service of [`CorsLayer`](super::CorsLayer).
#[derive(Clone)]
pub struct CorsService<S> {
    pub(super) inner: S,
    pub(super) policy: Arc<Policy>,
}

impl<S: fmt::Debug> fmt::Debug for CorsService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CorsService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, B, R> Service<http::Request<B>> for CorsService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = CorsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        if is_preflight(&request) {
            return CorsFuture {
                inner: EarlyFuture::answer(self.policy.preflight(request.headers())),
                mark: None,
            };
        }
        let mark = Mark {
            origin: self.policy.allowed(request.headers()),
            policy: Arc::clone(&self.policy),
        };
        CorsFuture {
            inner: EarlyFuture::run(self.inner.call(request.map(Body::new))),
            mark: Some(mark),
        }
    }
}

/// Whether the browser asks before it sends the request.
pub(crate) fn is_preflight<B>(request: &http::Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// What an answer is to say.
struct Mark {
    origin: Option<HeaderValue>,
    policy: Arc<Policy>,
}

pin_project! {
    /// The future of [`CorsService`].
    pub struct CorsFuture<F> {
        #[pin]
        inner: EarlyFuture<F>,
        mark: Option<Mark>,
    }
}

impl<F, R, E> Future for CorsFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut result = ready!(this.inner.poll(cx));
        if let (Ok(response), Some(mark)) = (&mut result, this.mark.take()) {
            mark.policy.mark(response.headers_mut(), mark.origin);
        }
        Poll::Ready(result)
    }
}
