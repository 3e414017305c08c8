use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::request::Parts;
use http_body::Body as HttpBody;
use plumego_contract::auth::Principal;
use plumego_contract::{Body, BoxError, Error, Request, RequestContext, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::{CurrentSession, Sessions};

/// Finds the session of a request by its cookie, for the handlers below. See the [module](super).
///
/// A request without a good session goes on as one of nobody: what a route asks for is what its
/// record says. A principal that a layer outside found already stays. When the store is away the
/// answer is `503`, save for a public route, which is served to nobody then.
#[derive(Debug, Clone)]
pub struct SessionLayer {
    sessions: Sessions,
}

impl SessionLayer {
    /// With these sessions.
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        plumego_router::identifies();
        SessionService {
            inner,
            sessions: self.sessions.clone(),
        }
    }
}

/// The service of [`SessionLayer`].
#[derive(Clone)]
pub struct SessionService<S> {
    inner: S,
    sessions: Sessions,
}

impl<S: fmt::Debug> fmt::Debug for SessionService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, B, R> Service<http::Request<B>> for SessionService<S>
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
        let sessions = self.sessions.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let found = sessions.find(&parts.headers).await;
            if let Err(error) = found {
                if !is_public(&parts) {
                    return Ok(Error::from(error).respond(&context));
                }
                parts
                    .extensions
                    .insert(CurrentSession::new(sessions, Err(error)));
                let response = inner.call(Request::from_parts(parts, body)).await?;
                return Ok(response.map(Body::new));
            }
            let current = CurrentSession::new(sessions, found);
            enter(&mut parts, &current);
            let response = inner.call(Request::from_parts(parts, body)).await?;
            Ok(leave(response.map(Body::new), &current))
        })
    }
}

fn enter(parts: &mut Parts, current: &CurrentSession) {
    if parts.extensions.get::<Principal>().is_none()
        && let Some(principal) = current.principal()
    {
        parts.extensions.insert(principal);
        if let Some(session) = current.session() {
            parts.extensions.insert(session);
        }
    }
    parts.extensions.insert(current.clone());
}

/// The cookie goes out with the response, which nobody may keep then.
fn leave(mut response: Response, current: &CurrentSession) -> Response {
    if let Some(cookie) = current.take_cookie() {
        let headers = response.headers_mut();
        headers.append(SET_COOKIE, cookie);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn is_public(parts: &Parts) -> bool {
    let route = RequestContext::get(&parts.extensions).and_then(RequestContext::route);
    let requirement = route.and_then(|route| route.auth.as_ref());
    requirement.is_some_and(plumego_contract::auth::AuthRequirement::is_public)
}
