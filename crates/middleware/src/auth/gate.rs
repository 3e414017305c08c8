use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http_body::Body as HttpBody;
use plumego_contract::auth::{AuthError, DEFAULT_REALM, Principal, Session, bearer_challenge};
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response};
use tower_service::Service;

/// How long one question waits for its answer, unless chosen otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The future of a [`Gate`].
pub(super) type GateFuture<'a> = Pin<Box<dyn Future<Output = Result<(), AuthError>> + Send + 'a>>;

/// Lets a request through or not.
pub(super) trait Gate: Send + Sync + 'static {
    /// Checks the request, and may add to its extensions.
    fn check<'a>(&'a self, parts: &'a mut Parts) -> GateFuture<'a>;

    /// Whether who is not let through goes on as nobody when the route is public.
    fn yields_to_public(&self) -> bool {
        true
    }

    /// Whether it finds out who asks.
    fn identifies(&self) -> bool {
        false
    }
}

/// What the route of a request says of those who call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stated {
    Public,
    Known,
}

/// See [`Stated`]; `None` when it says nothing, or there is no route.
pub(super) fn stated(parts: &Parts) -> Option<Stated> {
    let route = RequestContext::get(&parts.extensions)?.route()?;
    let requirement = route.auth.as_ref()?;
    Some(if requirement.is_public() {
        Stated::Public
    } else {
        Stated::Known
    })
}

/// What the layers of this module have in common.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    pub(super) realm: Arc<str>,
    pub(super) timeout: Duration,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            realm: Arc::from(DEFAULT_REALM),
            timeout: TIMEOUT,
        }
    }
}

/// The service of the layers of this module.
#[derive(Clone)]
pub struct AuthService<S> {
    pub(super) inner: S,
    pub(super) gate: Arc<dyn Gate>,
    pub(super) manner: Manner,
}

impl<S: std::fmt::Debug> std::fmt::Debug for AuthService<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, B, R> Service<http::Request<B>> for AuthService<S>
where
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
        let (gate, manner) = (Arc::clone(&self.gate), self.manner.clone());
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let checked = tokio::time::timeout(manner.timeout, gate.check(&mut parts)).await;
            let checked = checked.unwrap_or_else(|_| Err(AuthError::outage("no answer in time")));
            let is_open = || gate.yields_to_public() && stated(&parts) == Some(Stated::Public);
            let checked = if checked.is_err() && is_open() {
                parts.extensions.remove::<Principal>();
                parts.extensions.remove::<Session>();
                Ok(())
            } else {
                checked
            };
            match checked {
                Ok(()) => {
                    let response = inner.call(Request::from_parts(parts, body)).await?;
                    Ok(response.map(Body::new))
                }
                Err(error) => {
                    let error = bearer_challenge(Error::from(error), &manner.realm);
                    Ok(error.respond(&context))
                }
            }
        })
    }
}

/// The choices that every layer of this module has.
macro_rules! manners {
    ($layer:ident) => {
        impl $layer {
            /// Names what is protected, for the challenge. What cannot stand in a header is left
            /// out.
            #[must_use]
            pub fn realm(mut self, realm: &str) -> Self {
                self.manner.realm = std::sync::Arc::from(realm);
                self
            }

            /// How long the question waits for its answer. Default: 5 s. Beyond it:
            /// `503 unavailable`.
            #[must_use]
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.manner.timeout = timeout;
                self
            }
        }

        impl<S> tower_layer::Layer<S> for $layer {
            type Service = $crate::auth::AuthService<S>;

            fn layer(&self, inner: S) -> Self::Service {
                if $crate::auth::gate::Gate::identifies(&self.gate) {
                    plumego_router::identifies();
                }
                $crate::auth::AuthService {
                    inner,
                    gate: std::sync::Arc::new(self.gate.clone()),
                    manner: self.manner.clone(),
                }
            }
        }

        impl std::fmt::Debug for $layer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($layer))
                    .field("manner", &self.manner)
                    .finish_non_exhaustive()
            }
        }
    };
}
pub(super) use manners;
