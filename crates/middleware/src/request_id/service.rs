use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{Entry, OccupiedEntry};
use http::{HeaderName, HeaderValue};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, Request, RequestContext, RequestId};
use tower_service::Service;

use super::RequestIdLayer;

/// The service of [`RequestIdLayer`].
#[derive(Debug, Clone)]
pub struct RequestIdService<S> {
    pub(super) inner: S,
    pub(super) config: RequestIdLayer,
}

impl<S, B, R> Service<http::Request<B>> for RequestIdService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RequestIdFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let context = RequestContext::of(&mut request);
        let id = self.config.identify(&mut request);
        let value = id.to_header();
        context.set_request_id(id);
        let inner = self.inner.call(request.map(Body::new));
        RequestIdFuture {
            inner,
            header: Some((self.config.header.clone(), value)),
        }
    }
}

impl RequestIdLayer {
    /// Gives the request its id; the answer is to carry it too.
    pub(crate) fn identify<B>(&self, request: &mut http::Request<B>) -> RequestId {
        // One look for the header serves both: what came in, and the place for what did not.
        match request.headers_mut().entry(&self.header) {
            Entry::Vacant(place) => {
                let id = RequestId::generate();
                place.insert(id.to_header());
                id
            }
            Entry::Occupied(mut there) => self.inbound(&there).unwrap_or_else(|| {
                let id = RequestId::generate();
                there.insert(id.to_header());
                id
            }),
        }
    }

    /// The id that came in: one, well formed, and wanted.
    fn inbound(&self, there: &OccupiedEntry<'_, HeaderValue>) -> Option<RequestId> {
        if !self.keep_inbound {
            return None;
        }
        let mut values = there.iter();
        match (values.next(), values.next()) {
            (Some(value), None) => RequestId::from_header(value),
            _ => None,
        }
    }
}

pin_project! {
    /// The future of [`RequestIdService`]: adds the header to the response.
    #[derive(Debug)]
    pub struct RequestIdFuture<F> {
        #[pin]
        inner: F,
        header: Option<(HeaderName, HeaderValue)>,
    }
}

impl<F, R, E> Future for RequestIdFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut result = ready!(this.inner.poll(cx));
        if let (Ok(response), Some((name, value))) = (&mut result, this.header.take()) {
            response.headers_mut().insert(name, value);
        }
        Poll::Ready(result)
    }
}
