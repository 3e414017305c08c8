use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response, codes};
use tokio::time::{Instant, Sleep, sleep_until};
use tower_service::Service;

use super::TimeoutLayer;

/// The service of [`TimeoutLayer`].
#[derive(Debug, Clone)]
pub struct TimeoutService<S> {
    pub(super) inner: S,
    pub(super) config: TimeoutLayer,
}

impl<S, B, R> Service<http::Request<B>> for TimeoutService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = TimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let context = RequestContext::of(&mut request);
        let bound = self.config.bound(&context).map(|bound| (bound, context));
        TimeoutFuture {
            state: State::Running {
                future: self.inner.call(request.map(Body::new)),
            },
            bound,
        }
    }
}

impl TimeoutLayer {
    /// The bound on this request, which its handler reads as its deadline; `None` for none.
    pub(crate) fn bound(self, context: &RequestContext) -> Option<Bound> {
        let timeout = self.of(context)?;
        // A time beyond what the clock can hold is none.
        let at = context.started().checked_add(timeout)?;
        context.limit_deadline(at);
        Some(Bound {
            at,
            timeout,
            timer: None,
        })
    }
}

/// When the time is over. A request that is answered at once needs no timer.
pub(crate) struct Bound {
    at: Instant,
    timeout: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Bound {
    /// Ready when the time is over. To be polled after the handler.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let at = self.at;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        timer.as_mut().poll(cx)
    }

    /// The answer when the time is over.
    pub(crate) fn error(&self) -> Error {
        Error::new(codes::TIMEOUT).with_detail(format!(
            "The answer was not ready within {:?}.",
            self.timeout
        ))
    }
}

pin_project! {
    /// The future of [`TimeoutService`].
    pub struct TimeoutFuture<F> {
        #[pin]
        state: State<F>,
        bound: Option<(Bound, RequestContext)>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Running { #[pin] future: F },
        Over,
    }
}

impl<F, R, E> Future for TimeoutFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let StateProj::Running { future } = this.state.as_mut().project()
            && let Poll::Ready(result) = future.poll(cx)
        {
            return Poll::Ready(result.map(|response| response.map(Body::new)));
        }
        let Some((bound, context)) = this.bound else {
            return Poll::Pending;
        };
        ready!(bound.poll(cx));
        // What the handler held is free before the client hears of it.
        this.state.set(State::Over);
        Poll::Ready(Ok(bound.error().respond(context)))
    }
}
