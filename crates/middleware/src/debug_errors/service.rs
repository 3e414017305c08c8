use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
};
use http::{HeaderMap, HeaderValue};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, ErrorReport, Request, RequestContext, Response};
use tower_service::Service;

use super::page::page;
use super::report::Told;
use super::{DebugErrorsLayer, RouteList};
use crate::vary;
use plumego_contract::accept::prefers_html;

/// The page has a style and nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                           form-action 'none'; frame-ancestors 'none'";

/// The service of [`DebugErrorsLayer`](super::DebugErrorsLayer).
#[derive(Debug, Clone)]
pub struct DebugErrorsService<S> {
    pub(super) inner: S,
    pub(super) layer: DebugErrorsLayer,
}

impl<S, B, R> Service<http::Request<B>> for DebugErrorsService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = DebugErrorsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let context = RequestContext::of(&mut request);
        let teller = Teller::of(&self.layer, &context, request.headers());
        DebugErrorsFuture {
            inner: self.inner.call(request.map(Body::new)),
            teller,
        }
    }
}

/// Tells more about the error of one request.
pub(crate) struct Teller {
    context: RequestContext,
    routes: RouteList,
    html: bool,
}

impl Teller {
    /// `None` for whom the layer does not tell.
    pub(crate) fn of(
        layer: &DebugErrorsLayer,
        context: &RequestContext,
        headers: &HeaderMap,
    ) -> Option<Self> {
        if !layer.tells(context, headers) {
            return None;
        }
        context.want_error_reports();
        Some(Self {
            context: context.clone(),
            routes: layer.routes.clone(),
            html: prefers_html(headers),
        })
    }

    /// Rewrites what an error became. Everything else, and every stream, is left as it is.
    pub(crate) fn tell(self, mut response: Response) -> Response {
        let status = response.status();
        let is_error = status.is_client_error() || status.is_server_error();
        if !is_error || response.headers().contains_key(CONTENT_ENCODING) {
            return response;
        }
        let Some(report) = response.extensions_mut().remove::<ErrorReport>() else {
            return response;
        };
        let Some(there) = response.body().as_bytes() else {
            return response;
        };
        let told = Told::new(&report, &self.context, &self.routes);
        let body = if self.html {
            page(status, &told).into_bytes()
        } else {
            match told.into_json(there) {
                Some(body) => body,
                None => return response,
            }
        };
        *response.body_mut() = Body::from(body);
        self.finish(&mut response);
        response
    }

    fn finish(&self, response: &mut Response) {
        let headers = response.headers_mut();
        headers.remove(CONTENT_LENGTH);
        headers.remove(ETAG);
        vary::add(headers, "Accept");
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.html {
            let kind = HeaderValue::from_static("text/html; charset=utf-8");
            headers.insert(CONTENT_TYPE, kind);
            let policy = HeaderValue::from_static(PAGE_POLICY);
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
    }
}

pin_project! {
    /// The future of [`DebugErrorsService`].
    pub struct DebugErrorsFuture<F> {
        #[pin]
        inner: F,
        teller: Option<Teller>,
    }
}

impl<F, R, E> Future for DebugErrorsFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx)).map(|response| response.map(Body::new));
        Poll::Ready(match this.teller.take() {
            Some(teller) => result.map(|response| teller.tell(response)),
            None => result,
        })
    }
}
