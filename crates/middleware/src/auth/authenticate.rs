use std::sync::Arc;

use http::request::Parts;
use plumego_contract::auth::{
    AuthErrorKind, Authenticator, ErasedAuthenticator, Principal, Session,
};

use super::gate::{Gate, GateFuture, Manner, manners};

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
    /// Lets those through whom the authenticator knows.
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
    /// 401.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.gate.optional = true;
        self
    }
}

manners!(AuthenticateLayer);

impl Gate for AuthenticateGate {
    fn check<'a>(&'a self, parts: &'a mut Parts) -> GateFuture<'a> {
        Box::pin(async move {
            parts.extensions.remove::<Principal>();
            parts.extensions.remove::<Session>();
            match (*self.authenticator).authenticate_erased(parts).await {
                Ok(principal) => {
                    parts.extensions.insert(principal);
                    Ok(())
                }
                Err(error) if self.optional && error.kind() == AuthErrorKind::Unauthenticated => {
                    Ok(())
                }
                Err(error) => Err(error),
            }
        })
    }
}
