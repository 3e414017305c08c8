use std::sync::Arc;

use http::request::Parts;
use plumego_contract::auth::{
    AuthError, AuthErrorKind, Authenticator, ErasedAuthenticator, Principal, Session,
};

use super::gate::{Gate, Manner, Stated, manners, stated};

/// Finds out who asks. See the [module](super).
#[derive(Clone)]
pub struct AuthenticateLayer {
    gate: AuthenticateGate,
    manner: Manner,
}

#[derive(Clone)]
struct AuthenticateGate {
    authenticator: Arc<dyn ErasedAuthenticator>,
    optional: bool,
}

impl AuthenticateLayer {
    /// Lets those through whom the authenticator knows, and everybody to a route that is
    /// [public](plumego_contract::auth::AuthRequirement::public).
    pub fn new(authenticator: impl Authenticator) -> Self {
        Self::shared(Arc::new(authenticator))
    }

    /// As [`AuthenticateLayer::new`], with one that others use too.
    pub fn shared(authenticator: Arc<dyn ErasedAuthenticator>) -> Self {
        Self {
            gate: AuthenticateGate {
                authenticator,
                optional: false,
            },
            manner: Manner::default(),
        }
    }

    /// Lets requests without any credentials through, with no principal. Wrong credentials stay
    /// 401. A route that asks for somebody known is refused all the same.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.gate.optional = true;
        self
    }
}

manners!(AuthenticateLayer);

impl AuthenticateGate {
    /// Whether a request of nobody goes on. What the route says comes before what the layer says.
    fn lets_pass(&self, error: &AuthError, stated: Option<Stated>) -> bool {
        let is_nobody = error.kind() == AuthErrorKind::Unauthenticated;
        self.optional && is_nobody && stated != Some(Stated::Known)
    }
}

impl Gate for AuthenticateGate {
    async fn check(&self, parts: &mut Parts) -> Result<(), AuthError> {
        parts.extensions.remove::<Principal>();
        parts.extensions.remove::<Session>();
        match (*self.authenticator).authenticate_erased(parts).await {
            Ok(principal) => {
                parts.extensions.insert(principal);
                Ok(())
            }
            Err(error) if self.lets_pass(&error, stated(parts)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn identifies(&self) -> bool {
        true
    }
}
