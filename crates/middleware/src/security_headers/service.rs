use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use plumego_contract::{Body, BoxError, Request, RequestContext};
use plumego_security::headers::{CspNonce, HeaderPolicy};
use tower_service::Service;

/// The service of [`SecurityHeadersLayer`](super::SecurityHeadersLayer).
#[derive(Debug, Clone)]
pub struct SecurityHeadersService<S> {
    pub(super) inner: S,
    pub(super) policy: Arc<HeaderPolicy>,
}

impl<S, B, R> Service<http::Request<B>> for SecurityHeadersService<S>
where
    S: Service<Request, Response = http::Response<R>>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = SecurityHeadersFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let context = RequestContext::of(&mut request);
        let secure = is_secure(&context);
        let nonce = nonce(&self.policy);
        if let Some(nonce) = nonce {
            request.extensions_mut().insert(nonce);
        }
        SecurityHeadersFuture {
            inner: self.inner.call(request.map(Body::new)),
            policy: Arc::clone(&self.policy),
            secure,
            nonce,
        }
    }
}

/// A nonce, where the policy has a place for one. Without randomness there is none, and nothing is
/// allowed by it.
pub(crate) fn nonce(policy: &HeaderPolicy) -> Option<CspNonce> {
    if !policy.needs_nonce() {
        return None;
    }
    CspNonce::generate()
        .inspect_err(|error| tracing::error!(%error, "no nonce for a response"))
        .ok()
}

/// Whether the browser came by `https`, and not to a name of its own machine.
pub(crate) fn is_secure(context: &RequestContext) -> bool {
    context.client().https && !is_local(context.host().unwrap_or_default())
}

fn is_local(host: &str) -> bool {
    let name = host.split_once(':').map_or(host, |(name, _port)| name);
    let name = name.strip_suffix('.').unwrap_or(name);
    let top = name.rsplit('.').next().unwrap_or_default();
    top.eq_ignore_ascii_case("localhost")
}

pin_project! {
    /// The future of [`SecurityHeadersService`].
    #[derive(Debug)]
    pub struct SecurityHeadersFuture<F> {
        #[pin]
        inner: F,
        policy: Arc<HeaderPolicy>,
        secure: bool,
        nonce: Option<CspNonce>,
    }
}

impl<F, R, E> Future for SecurityHeadersFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        this.policy
            .apply(&mut response, *this.secure, this.nonce.as_ref());
        Poll::Ready(Ok(response))
    }
}
