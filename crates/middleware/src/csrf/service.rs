use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, Method};
use http_body::Body as HttpBody;
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response, codes};
use tower_service::Service;

use super::CsrfLayer;
use crate::early::EarlyFuture;
use crate::origin;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The service of [`CsrfLayer`].
#[derive(Debug, Clone)]
pub struct CsrfService<S> {
    pub(super) inner: S,
    pub(super) config: CsrfLayer,
}

impl<S, B, R> Service<http::Request<B>> for CsrfService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = EarlyFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        if !is_safe(request.method()) {
            let context = RequestContext::of(&mut request);
            let headers = request.headers();
            if !passes(headers, &context) && !self.exempt(headers, &context) {
                let error = Error::new(codes::CSRF_REJECTED)
                    .with_detail("A page of another origin must not make this request.");
                return EarlyFuture::answer(error.respond(&context));
            }
        }
        EarlyFuture::run(self.inner.call(request.map(Body::new)))
    }
}

impl<S> CsrfService<S> {
    fn exempt(&self, headers: &HeaderMap, context: &RequestContext) -> bool {
        let rules = &self.config.rules;
        let origin = only(headers, &ORIGIN).flatten();
        origin.is_some_and(|origin| rules.trusts(origin))
            || rules.lets_out(context.method(), context.path(), route(context))
    }
}

/// The pattern of the route that was found.
fn route(context: &RequestContext) -> Option<&str> {
    context.route().map(|route| route.pattern.as_str())
}

/// Unlike RFC 9110, without TRACE, which nobody needs.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn passes(headers: &HeaderMap, context: &RequestContext) -> bool {
    match (only(headers, &SEC_FETCH_SITE), only(headers, &ORIGIN)) {
        (Some(site), _) => matches!(site, Some("same-origin" | "none")),
        (None, None) => true,
        (None, Some(None)) => false,
        (None, Some(Some(origin))) => context
            .host()
            .is_some_and(|host| origin::is_of_host(origin, host)),
    }
}

/// `None` when the header is not there, `Some(None)` when it is there twice or is no text.
#[expect(
    clippy::option_option,
    reason = "not there and not readable are different"
)]
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() {
        return Some(None);
    }
    Some(first.to_str().ok())
}
