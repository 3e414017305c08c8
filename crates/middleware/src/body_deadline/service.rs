use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body as HttpBody;
use plumego_contract::{Body, BoxError, Request, RequestContext};
use tower_service::Service;

use super::BodyDeadlineConfig;
use super::body::DeadlineBody;

/// The service of [`BodyDeadlineLayer`](super::BodyDeadlineLayer).
#[derive(Debug, Clone)]
pub struct BodyDeadlineService<S> {
    pub(super) inner: S,
    pub(super) config: BodyDeadlineConfig,
}

impl<S, B> Service<http::Request<B>> for BodyDeadlineService<S>
where
    S: Service<Request>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let context = RequestContext::of(&mut request);
        let request = request.map(|body| self.config.watch(Body::new(body), &context));
        self.inner.call(request)
    }
}

impl BodyDeadlineConfig {
    /// The body, held to these times if it is still to come.
    pub(crate) fn watch(self, body: Body, context: &RequestContext) -> Body {
        if body.is_stream() {
            Body::new(DeadlineBody::new(body, self, context.started()))
        } else {
            body
        }
    }
}
