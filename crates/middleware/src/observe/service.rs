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
use tower_service::Service;

use super::ObserveLayer;
use super::body::{CountedBody, ObservedBody};
use super::exchange::{Exchange, Received};
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
        let mut exchange = self.config.begin(&request, context);
        let request = request.map(|body| count(Body::new(body), &mut exchange));
        let inner = {
            let _current = exchange.context().trace().enter();
            self.inner.call(request)
        };
        let exchange = Some(exchange);
        ObserveFuture {
            inner,
            exchange,
            trace_response: self.config.trace_response,
            span_id: self.config.span_id,
        }
    }
}

impl ObserveLayer {
    /// Begins to gather what the record of this request will say.
    pub(crate) fn begin<B>(&self, request: &http::Request<B>, context: RequestContext) -> Exchange {
        Exchange::begin(request, context, self.sinks.here().clone())
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
        exchange: Option<Exchange>,
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
            let _current = this
                .exchange
                .as_ref()
                .map(|exchange| exchange.context().trace().enter());
            ready!(this.inner.poll(cx))
        };
        let Some(exchange) = this.exchange.take() else {
            return Poll::Ready(to_ours(result));
        };
        Poll::Ready(to_ours(result).map(|mut response| {
            if *this.span_id
                && let Some(value) = span_value(&exchange)
            {
                response.headers_mut().insert(SPAN_ID, value);
            }
            follow(response, exchange, *this.trace_response)
        }))
    }
}

fn to_ours<R, E>(result: Result<http::Response<R>, E>) -> Result<Response, E>
where
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    result.map(|response| response.map(Body::new))
}

/// Marks the response, and ends or follows its exchange.
fn follow(mut response: Response, exchange: Exchange, trace_response: bool) -> Response {
    if trace_response && let Some(value) = trace_value(&exchange) {
        response.headers_mut().insert(TRACERESPONSE, value);
    }
    end(response, exchange)
}

/// What `traceresponse` says.
pub(crate) fn trace_value(exchange: &Exchange) -> Option<HeaderValue> {
    HeaderValue::from_bytes(exchange.context().trace().traceparent().as_bytes()).ok()
}

/// What `X-Span-ID` says.
pub(crate) fn span_value(exchange: &Exchange) -> Option<HeaderValue> {
    HeaderValue::from_str(exchange.context().trace().span_id().to_hex().as_str()).ok()
}

/// Ends the exchange when the whole response is known, else follows its body.
pub(crate) fn end(response: Response, mut exchange: Exchange) -> Response {
    exchange.answered(response.status().as_u16());
    let panicked = response.extensions().get::<Panicked>().is_some();
    let outcome = if panicked {
        Outcome::Panicked
    } else {
        Outcome::Completed
    };
    if let Some(bytes) = response.body().as_bytes() {
        let head_only = exchange.context().method() == Method::HEAD;
        exchange.end(outcome, if head_only { 0 } else { bytes.len() as u64 });
        return response;
    }
    response.map(|body| Body::new(ObservedBody::new(body, exchange)))
}
