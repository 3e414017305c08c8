use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response};
use tower_service::Service;

use super::{BodyLimitLayer, LimitedBody, Own};

/// The service of [`BodyLimitLayer`].
#[derive(Debug, Clone)]
pub struct BodyLimitService<S> {
    pub(super) inner: S,
    pub(super) config: BodyLimitLayer,
}

impl<S, B, R> Service<http::Request<B>> for BodyLimitService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BodyLimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let context = RequestContext::of(&mut request);
        let mut request = request.map(Body::new);
        let state = match self.config.limit(&mut request, &context) {
            Ok(()) => State::Running {
                future: self.inner.call(request),
            },
            Err(response) => State::Refused {
                response: Some(*response),
            },
        };
        BodyLimitFuture { state }
    }
}

fn announced<B>(request: &http::Request<B>) -> Option<u64> {
    request
        .headers()
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

impl BodyLimitLayer {
    /// Bounds the body of the request. The error is the answer to one that announces too much.
    pub(crate) fn limit(
        self,
        request: &mut Request,
        context: &RequestContext,
    ) -> Result<(), Box<Response>> {
        if let Some(own) = self.own() {
            let outer = super::own(request.extensions()).unwrap_or(own.0);
            request.extensions_mut().insert(Own(own.0.min(outer)));
        }
        let Some(max) = self.max_bytes(context) else {
            return Ok(());
        };
        let fits = |bytes: &[u8]| bytes.len() as u64 <= max;
        if request.body().as_bytes().is_some_and(fits) {
            return Ok(());
        }
        if announced(request).is_some_and(|bytes| bytes > max) {
            return Err(Box::new(Error::body_too_large(max).respond(context)));
        }
        let body = request.body_mut();
        *body = Body::new(LimitedBody::new(std::mem::take(body), max));
        Ok(())
    }
}

pin_project! {
    /// The future of [`BodyLimitService`].
    pub struct BodyLimitFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Running { #[pin] future: F },
        Refused { response: Option<Response> },
    }
}

impl<F, R, E> Future for BodyLimitFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Running { future } => {
                future.poll(cx).map_ok(|response| response.map(Body::new))
            }
            StateProj::Refused { response } => Poll::Ready(Ok(response.take().unwrap_or_default())),
        }
    }
}
