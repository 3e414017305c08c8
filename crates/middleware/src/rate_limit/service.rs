use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, Request, RequestContext, Response};
use plumego_security::limit::Decision;
use tokio::time::Instant;
use tower_service::Service;

use super::layer::Shared;

/// The service of [`RateLimitLayer`](super::RateLimitLayer) and of
/// [`AbuseGuardLayer`](super::AbuseGuardLayer).
#[derive(Clone)]
pub struct RateLimitService<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

impl<S, B, R> Service<http::Request<B>> for RateLimitService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = RateLimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let context = RequestContext::of(&mut request);
        let counted = match self.shared.check(&context, &request, Instant::now()) {
            None => None,
            Some(decision) if decision.allowed => Some((Arc::clone(&self.shared), decision)),
            Some(decision) => {
                let response = Some(self.shared.refuse(&context, &decision));
                return RateLimitFuture {
                    state: State::Refused { response },
                };
            }
        };
        let future = self.inner.call(request.map(Body::new));
        RateLimitFuture {
            state: State::Running { future, counted },
        }
    }
}

pin_project! {
    /// The future of [`RateLimitService`].
    pub struct RateLimitFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Running { #[pin] future: F, counted: Option<(Arc<Shared>, Decision)> },
        Refused { response: Option<Response> },
    }
}

impl<F, R, E> Future for RateLimitFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Running { future, counted } => {
                let mut response = ready!(future.poll(cx))?.map(Body::new);
                if let Some((shared, decision)) = counted.take() {
                    shared.mark(response.headers_mut(), &decision);
                }
                Poll::Ready(Ok(response))
            }
            StateProj::Refused { response } => Poll::Ready(Ok(response.take().unwrap_or_default())),
        }
    }
}
