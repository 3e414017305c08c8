use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response};
use plumego_stdx::Shards;
use tower_service::Service;

use super::gate::{Gate, Slot};
use crate::rate_limit::is_operational;

/// The service of [`ConcurrencyLimitLayer`](super::ConcurrencyLimitLayer).
#[derive(Debug, Clone)]
pub struct ConcurrencyLimitService<S> {
    pub(super) inner: S,
    pub(super) gate: Arc<Shards<Arc<Gate>>>,
}

impl<S, B, R> Service<http::Request<B>> for ConcurrencyLimitService<S>
where
    S: Service<Request, Response = http::Response<R>> + Clone,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ConcurrencyLimitFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let context = RequestContext::of(&mut request);
        let mut request = request.map(Body::new);
        let operational = is_operational(&context);
        let slot = if operational {
            None
        } else {
            Gate::enter(&self.gate)
        };
        let state = if let Some(mut slot) = slot {
            slot.follow(&mut request, &context);
            State::Running {
                future: self.inner.call(request),
                slot: Some(slot),
            }
        } else if operational {
            State::Running {
                future: self.inner.call(request),
                slot: None,
            }
        } else {
            match Gate::wait(self.gate.here().clone()) {
                Err(error) => State::Refused {
                    error: Some(error),
                    context,
                },
                Ok(wait) => State::Waiting {
                    waiting: Some(Box::new(Waiting {
                        slot: Box::pin(wait),
                        service: self.take_ready(),
                        request,
                        context,
                    })),
                },
            }
        };
        ConcurrencyLimitFuture { state }
    }
}

impl<S: Clone> ConcurrencyLimitService<S> {
    /// The inner service that said it was ready; a clone need not be.
    fn take_ready(&mut self) -> S {
        let clone = self.inner.clone();
        std::mem::replace(&mut self.inner, clone)
    }
}

type Turn = Pin<Box<dyn Future<Output = Result<Slot, Error>> + Send>>;

/// All that is kept of a request while it waits.
struct Waiting<S> {
    slot: Turn,
    service: S,
    request: Request,
    context: RequestContext,
}

pin_project! {
    /// The future of [`ConcurrencyLimitService`].
    pub struct ConcurrencyLimitFuture<S: Service<Request>> {
        #[pin]
        state: State<S, S::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, F> {
        Waiting { waiting: Option<Box<Waiting<S>>> },
        Running { #[pin] future: F, slot: Option<Slot> },
        Refused { error: Option<Error>, context: RequestContext },
    }
}

impl<S, R> Future for ConcurrencyLimitFuture<S>
where
    S: Service<Request, Response = http::Response<R>>,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Running { future, slot } => {
                    let result = ready!(future.poll(cx));
                    drop(slot.take());
                    return Poll::Ready(result.map(|response| response.map(Body::new)));
                }
                StateProj::Refused { error, context } => {
                    let response = error.take().map(|error| error.respond(context));
                    return Poll::Ready(Ok(response.unwrap_or_default()));
                }
                StateProj::Waiting { waiting } => ready!(Waiting::poll(waiting, cx)),
            };
            state.set(next);
        }
    }
}

impl<S: Service<Request>> Waiting<S> {
    /// The state that follows once the wait is over.
    fn poll(this: &mut Option<Box<Self>>, cx: &mut Context<'_>) -> Poll<State<S, S::Future>> {
        let Some(waiting) = this else {
            return Poll::Pending;
        };
        let slot = ready!(waiting.slot.as_mut().poll(cx));
        let Some(waiting) = this.take() else {
            return Poll::Pending;
        };
        let Self {
            mut service,
            mut request,
            context,
            ..
        } = *waiting;
        Poll::Ready(match slot {
            Ok(mut slot) => {
                slot.follow(&mut request, &context);
                State::Running {
                    future: service.call(request),
                    slot: Some(slot),
                }
            }
            Err(error) => State::Refused {
                error: Some(error),
                context,
            },
        })
    }
}
