//! What a route asks of those who call it, held where no layer can be forgotten.

use std::sync::Arc;

use plumego_contract::auth::bearer_challenge;
use plumego_contract::auth::{AuthError, AuthRequirement, DEFAULT_REALM, Principal};
use plumego_contract::{Error, IntoResponse as _, Request, RequestContext, Response};

use crate::Endpoint;

/// The end of a route that asks for something.
#[derive(Clone)]
pub(crate) struct Guard {
    requirement: Arc<AuthRequirement>,
}

impl Guard {
    /// The endpoint behind what is asked for; the endpoint itself when nothing is.
    pub(crate) fn around(requirement: Option<&AuthRequirement>, end: Endpoint) -> Endpoint {
        match requirement {
            Some(requirement) if !requirement.is_public() => {
                let requirement = Arc::new(requirement.clone());
                Endpoint::guarded(Self { requirement }, end)
            }
            _ => end,
        }
    }

    /// `None` when the request may go on.
    pub(crate) fn refuse(&self, request: &Request) -> Option<Response> {
        let principal = request.extensions().get::<Principal>();
        let error = self.requirement.check(principal).err()?;
        Some(answer(error, RequestContext::get(request.extensions())))
    }
}

fn answer(error: AuthError, cx: Option<&RequestContext>) -> Response {
    let error = bearer_challenge(Error::from(error), DEFAULT_REALM);
    match cx {
        Some(cx) => error.respond(cx),
        None => error.into_response(),
    }
}
