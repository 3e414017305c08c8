//! A service that is asked for what it has alone.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response, codes};
use tower_service::Service;

const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// Lets GET and HEAD through. For any other method the service is asked as by HEAD whether there is
/// anything at the path: then it is 405, else 404. The service never sees the method.
#[derive(Clone)]
pub(super) struct Reads<S>(pub(super) S);

impl<S, B> Service<Request> for Reads<S>
where
    S: Service<Request, Response = http::Response<B>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ReadsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let mut refuses = None;
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            refuses = Some(RequestContext::of(&mut request));
            *request.method_mut() = Method::HEAD;
        }
        ReadsFuture {
            inner: self.0.call(request),
            refuses,
        }
    }
}

pin_project! {
    /// The future of [`Reads`].
    pub(super) struct ReadsFuture<F> {
        #[pin]
        inner: F,
        refuses: Option<RequestContext>,
    }
}

impl<F, B, E> Future for ReadsFuture<F>
where
    F: Future<Output = Result<http::Response<B>, E>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        Poll::Ready(Ok(match this.refuses.take() {
            None => response.map(Body::new),
            Some(context) if response.status() == StatusCode::NOT_FOUND => {
                Error::new(codes::NOT_FOUND).respond(&context)
            }
            Some(context) => Error::new(codes::METHOD_NOT_ALLOWED)
                .with_header(ALLOW, ALLOWED)
                .respond(&context),
        }))
    }
}
