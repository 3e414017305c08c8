//! Layers that ask before a request goes on, and may add to its answer.
//!
//! [`Around`] is what such a layer does, [`AroundService`] the service that does it. Not for a
//! layer that is a function, see [`from_fn`](crate::from_fn()), nor for one that waits for nothing:
//! there a [`Service`] of its own is cheaper. It costs one boxed future a request.
//!
//! ```
//! use std::sync::Arc;
//!
//! use http::HeaderValue;
//! use http::request::Parts;
//! use plumego_contract::{Error, Response};
//! use plumego_middleware::around::{Around, AroundService};
//! use tower_layer::Layer;
//!
//! /// Hands the answer the language that the client asked for.
//! #[derive(Clone)]
//! struct Language;
//!
//! impl Around for Language {
//!     type Kept = Option<HeaderValue>;
//!
//!     async fn before(&self, parts: &mut Parts) -> Result<Self::Kept, Error> {
//!         Ok(parts.headers.get("accept-language").cloned())
//!     }
//!
//!     fn after(&self, kept: Self::Kept, mut response: Response) -> Response {
//!         if let Some(language) = kept {
//!             response.headers_mut().insert("content-language", language);
//!         }
//!         response
//!     }
//! }
//!
//! impl<S> Layer<S> for Language {
//!     type Service = AroundService<Self, S>;
//!
//!     fn layer(&self, inner: S) -> Self::Service {
//!         AroundService::new(Arc::new(self.clone()), inner)
//!     }
//! }
//! ```
//!
//! # Limits and defaults
//! None here: what is asked has its own time limit, or that of the request.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http_body::Body as HttpBody;
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response};
use tower_service::Service;

/// What a layer does before the rest of the way, and after it.
pub trait Around: Send + Sync + 'static {
    /// What it keeps of the request until there is an answer.
    type Kept: Send + 'static;

    /// Looks at the head of a request, and may add to its extensions.
    ///
    /// # Errors
    /// What is answered in place of the rest; [`Around::after`] does not see it.
    fn before(&self, parts: &mut Parts) -> impl Future<Output = Result<Self::Kept, Error>> + Send;

    /// Looks at the answer, and may change it.
    fn after(&self, kept: Self::Kept, response: Response) -> Response;
}

/// The service of a layer that is [`Around`] what comes below.
pub struct AroundService<A, S> {
    around: Arc<A>,
    inner: S,
}

impl<A, S> AroundService<A, S> {
    /// With what lies below.
    pub fn new(around: Arc<A>, inner: S) -> Self {
        Self { around, inner }
    }
}

impl<A, S: Clone> Clone for AroundService<A, S> {
    fn clone(&self) -> Self {
        Self {
            around: Arc::clone(&self.around),
            inner: self.inner.clone(),
        }
    }
}

impl<A, S: fmt::Debug> fmt::Debug for AroundService<A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AroundService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<A, S, B, R> Service<http::Request<B>> for AroundService<A, S>
where
    A: Around,
    S: Service<Request, Response = http::Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let context = RequestContext::of(&mut request);
        let request = request.map(Body::new);
        // The service that said it is ready is the one to call (tower's contract).
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        let around = Arc::clone(&self.around);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match around.before(&mut parts).await {
                Ok(kept) => {
                    let response = inner.call(Request::from_parts(parts, body)).await?;
                    Ok(around.after(kept, response.map(Body::new)))
                }
                Err(error) => Ok(error.respond(&context)),
            }
        })
    }
}
