use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body as HttpBody;
use plumego_contract::{Body, BoxError, Error, IntoResponse, Request, RequestContext, Response};
use tower_service::Service;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The service of [`FromFnLayer`](super::FromFnLayer).
#[derive(Debug, Clone)]
pub struct FromFnService<F, S> {
    pub(super) inner: S,
    pub(super) function: F,
}

impl<F, Fut, S, B, R> Service<http::Request<B>> for FromFnService<F, S>
where
    F: Fn(Request, Next) -> Fut + Clone + Send + 'static,
    Fut: Future<Output: IntoResponse> + Send + 'static,
    S: Service<Request, Response = http::Response<R>, Error: Into<BoxError>> + Clone,
    S: Send + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<Result<Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let context = RequestContext::of(&mut request);
        // The service that said it is ready is the one to call (tower's contract).
        let fresh = self.inner.clone();
        let next = Next::new(std::mem::replace(&mut self.inner, fresh), context.clone());
        let answer = (self.function)(request.map(Body::new), next);
        Box::pin(async move { Ok(answer.await.respond(&context)) })
    }
}

/// What comes below a [`from_fn`](super::from_fn()) layer: other layers and the handler.
pub struct Next {
    run: Box<dyn FnOnce(Request) -> BoxFuture<Response> + Send>,
}

impl Next {
    fn new<S, R>(mut service: S, context: RequestContext) -> Self
    where
        S: Service<Request, Response = http::Response<R>, Error: Into<BoxError>> + Send + 'static,
        S::Future: Send,
        R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Self {
            run: Box::new(move |request| {
                Box::pin(async move {
                    match service.call(request).await {
                        Ok(response) => response.map(Body::new),
                        Err(error) => Error::from_boxed(error.into()).respond(&context),
                    }
                })
            }),
        }
    }

    /// Runs the rest of the stack. An error of a service below is rendered as a response.
    ///
    /// Cancel safe as far as the handler below is: dropping the future drops it.
    pub async fn run(self, request: Request) -> Response {
        (self.run)(request).await
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next")
    }
}
