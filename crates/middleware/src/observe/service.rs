use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, Request, RequestContext, Response};
use plumego_observe::record::Outcome;
use plumego_observe::trace::TraceContext;
use tower_service::Service;

use super::ObserveLayer;
use super::body::{CountedBody, ObservedBody};
use super::exchange::{Exchange, Followed, Received};
use crate::recover::Panicked;

/// The trace of the request, told to who asked (W3C Trace Context, level 2).
pub(crate) const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// The span of the request, where spans are exported.
pub(crate) const SPAN_ID: HeaderName = HeaderName::from_static("x-span-id");

/// The service of [`ObserveLayer`].
#[derive(Debug, Clone)]
pub struct ObserveService<S> {
    pub(super) inner: S,
    pub(super) config: ObserveLayer,
}

impl<S, B, R> Service<http::Request<B>> for ObserveService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ObserveFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let context = RequestContext::of(&mut request);
        let mut exchange = self.config.begin(&request);
        let request = request.map(|body| count(Body::new(body), &mut exchange));
        let followed = Followed {
            context,
            sinks: self.config.sinks.here().clone(),
            exchange,
        };
        let inner = {
            let _current = followed.context.trace().enter();
            self.inner.call(request)
        };
        ObserveFuture {
            inner,
            followed: Some(followed),
            trace_response: self.config.trace_response,
            span_id: self.config.span_id,
        }
    }
}

impl ObserveLayer {
    /// Begins to gather what the record of this request will say.
    pub(crate) fn begin<B>(&self, request: &http::Request<B>) -> Exchange {
        Exchange::begin(request, self.sinks.here())
    }

    /// Ends the exchange when the whole response is known, else follows its body.
    pub(crate) fn end(
        &self,
        response: &mut Response,
        mut exchange: Exchange,
        context: &RequestContext,
    ) {
        if let Some((outcome, sent)) = known(response, context) {
            exchange.answered(response.status().as_u16());
            exchange.end(context, self.sinks.here(), outcome, sent);
            return;
        }
        let followed = Followed {
            context: context.clone(),
            sinks: self.sinks.here().clone(),
            exchange,
        };
        *response = followed.conclude(std::mem::take(response));
    }

    /// Makes the record of an exchange that is given up.
    pub(crate) fn abandon(&self, exchange: &mut Exchange, context: &RequestContext) {
        exchange.abandon(context, self.sinks.here());
    }
}

/// Counts the bytes of the request body.
pub(crate) fn count(body: Body, exchange: &mut Exchange) -> Body {
    if !body.is_stream() {
        exchange.receives_known(&body);
        return body;
    }
    let count = Arc::new(AtomicU64::new(0));
    exchange.receives(Received::Counted(Arc::clone(&count)));
    Body::new(CountedBody::new(body, count))
}

pin_project! {
    /// The future of [`ObserveService`].
    pub struct ObserveFuture<F> {
        #[pin]
        inner: F,
        followed: Option<Followed>,
        trace_response: bool,
        span_id: bool,
    }
}

impl<F, R, E> Future for ObserveFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = {
            let followed = this.followed.as_ref();
            let _current = followed.map(|followed| followed.context.trace().enter());
            ready!(this.inner.poll(cx))
        };
        let Some(followed) = this.followed.take() else {
            return Poll::Ready(to_ours(result));
        };
        Poll::Ready(to_ours(result).map(|mut response| {
            let headers = response.headers_mut();
            if *this.span_id
                && let Some(value) = span_value(followed.context.trace())
            {
                headers.insert(SPAN_ID, value);
            }
            if *this.trace_response
                && let Some(value) = trace_value(followed.context.trace())
            {
                headers.insert(TRACERESPONSE, value);
            }
            followed.conclude(response)
        }))
    }
}

fn to_ours<R, E>(result: Result<http::Response<R>, E>) -> Result<Response, E>
where
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    result.map(|response| response.map(Body::new))
}

/// What `traceresponse` says.
pub(crate) fn trace_value(trace: &TraceContext) -> Option<HeaderValue> {
    HeaderValue::from_bytes(trace.traceparent().as_bytes()).ok()
}

/// What `X-Span-ID` says.
pub(crate) fn span_value(trace: &TraceContext) -> Option<HeaderValue> {
    HeaderValue::from_bytes(trace.span_id().to_hex().as_bytes()).ok()
}

impl Followed {
    /// Ends the exchange when the whole response is known, else follows its body.
    fn conclude(mut self, response: Response) -> Response {
        self.exchange.answered(response.status().as_u16());
        if let Some((outcome, sent)) = known(&response, &self.context) {
            self.end(outcome, sent);
            return response;
        }
        response.map(|body| Body::new(ObservedBody::new(body, self)))
    }
}

/// How a response ends, and how many bytes of its body are sent, when that is known.
fn known(response: &Response, context: &RequestContext) -> Option<(Outcome, u64)> {
    let bytes = response.body().as_bytes()?;
    let panicked = response.extensions().get::<Panicked>().is_some();
    let outcome = if panicked {
        Outcome::Panicked
    } else {
        Outcome::Completed
    };
    let head_only = context.method() == Method::HEAD;
    Some((outcome, if head_only { 0 } else { bytes.len() as u64 }))
}
