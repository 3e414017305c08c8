use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response, codes};
use tower_service::Service;

use super::place::place_of;
use super::{Panicked, RecoverBody, panic_text};

/// The service of [`RecoverLayer`](super::RecoverLayer).
#[derive(Debug, Clone)]
pub struct RecoverService<S> {
    pub(super) inner: S,
}

impl<S, B, R> Service<http::Request<B>> for RecoverService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = RecoverFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let context = RequestContext::of(&mut request);
        let request = request.map(Body::new);
        // What is left of the service after a panic is dropped with it: the service is a clone made
        // for this request, so a broken invariant reaches nobody else.
        let state = match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(future) => State::Running { future },
            Err(panic) => State::Panicked { panic: Some(panic) },
        };
        RecoverFuture { state, context }
    }
}

pin_project! {
    /// The future of [`RecoverService`].
    pub struct RecoverFuture<F> {
        #[pin]
        state: State<F>,
        context: RequestContext,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Running { #[pin] future: F },
        Panicked { panic: Option<Box<dyn Any + Send>> },
    }
}

impl<F, R, E> Future for RecoverFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let panic = match this.state.project() {
            StateProj::Running { future } => {
                match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
                    Ok(result) => {
                        let result = ready!(result);
                        return Poll::Ready(result.map(|ok| follow(ok, this.context)));
                    }
                    Err(panic) => panic,
                }
            }
            StateProj::Panicked { panic } => panic.take().unwrap_or_else(|| Box::new(())),
        };
        Poll::Ready(Ok(answer(&*panic, this.context)))
    }
}

/// Follows a body that is still to be produced; one in memory cannot panic.
pub(crate) fn follow<R>(response: http::Response<R>, context: &RequestContext) -> Response
where
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    response.map(|body| {
        let body = Body::new(body);
        if body.is_stream() {
            Body::new(RecoverBody::new(body, context.clone()))
        } else {
            body
        }
    })
}

/// The 500 that a panic becomes.
pub(crate) fn answer(panic: &(dyn Any + Send), context: &RequestContext) -> Response {
    let text = panic_text(panic);
    let source = match place_of(panic) {
        Some(place) => format!("panic at {place}: {text}"),
        None => format!("panic: {text}"),
    };
    let error = Error::new(codes::INTERNAL).with_source(source);
    let mut response = error.respond(context);
    response.extensions_mut().insert(Panicked);
    response
}
