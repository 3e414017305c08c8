use std::sync::Arc;

use http::HeaderValue;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::request::Parts;
use plumego_contract::auth::Principal;
use plumego_contract::{Error, RequestContext, Response};
use plumego_middleware::around::{Around, AroundService};
use tower_layer::Layer;

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
    type Service = AroundService<Self, S>;

    fn layer(&self, inner: S) -> Self::Service {
        plumego_router::identifies();
        AroundService::new(Arc::new(self.clone()), inner)
    }
}

impl Around for SessionLayer {
    type Kept = CurrentSession;

    async fn before(&self, parts: &mut Parts) -> Result<CurrentSession, Error> {
        let found = self.sessions.find(&parts.headers).await;
        let found = match found {
            Err(error) if !is_public(parts) => return Err(error.into()),
            other => other,
        };
        let current = CurrentSession::new(self.sessions.clone(), found);
        enter(parts, &current);
        Ok(current)
    }

    fn after(&self, current: CurrentSession, response: Response) -> Response {
        leave(response, &current)
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
