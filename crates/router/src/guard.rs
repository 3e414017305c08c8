//! What a route asks of those who call it, held where no layer can be forgotten.

use std::sync::Arc;

use plumego_contract::auth::bearer_challenge;
use plumego_contract::auth::{AuthRequirement, DEFAULT_REALM, Principal};
use plumego_contract::{Error, Request, RequestContext, Response};

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
    pub(crate) fn refuse(&self, request: &Request, cx: &RequestContext) -> Option<Response> {
        let principal = request.extensions().get::<Principal>();
        let error = self.requirement.check(principal).err()?;
        let error = bearer_challenge(Error::from(error), DEFAULT_REALM);
        Some(error.respond(cx))
    }
}
