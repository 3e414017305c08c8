use std::sync::Arc;

use http::request::Parts;
use plumego_contract::auth::{
    AuthError, AuthErrorKind, ErasedSessionStore, ErasedSessionValidator, Principal, Session,
    SessionStore, SessionValidator, claims,
};
use plumego_stdx::Timestamp;

use super::gate::{Gate, Manner, manners};

type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;
type SessionId = Arc<dyn Fn(&Parts, &Principal) -> Option<String> + Send + Sync>;

/// Checks the session behind the principal. See the [module](super).
///
/// The session is the one that the principal's claim [`claims::SESSION_ID`] names. It must be in
/// the store and pass [`Session::check`](plumego_contract::auth::Session::check). One that is not
/// in the store is `401 session_revoked`. To a route that is
/// [public](plumego_contract::auth::AuthRequirement::public) a request without a good session goes
/// on as one of nobody.
#[derive(Clone)]
pub struct SessionCheckLayer {
    gate: SessionGate,
    manner: Manner,
}

#[derive(Clone)]
struct SessionGate {
    store: Arc<dyn ErasedSessionStore>,
    validator: Option<Arc<dyn ErasedSessionValidator>>,
    session_id: SessionId,
    now: Now,
    optional: bool,
}

impl SessionCheckLayer {
    /// Lets principals through whose session in this store is good.
    pub fn new(store: impl SessionStore) -> Self {
        Self::shared(Arc::new(store))
    }

    /// As [`SessionCheckLayer::new`], with a store that others use too.
    pub fn shared(store: Arc<dyn ErasedSessionStore>) -> Self {
        Self {
            gate: SessionGate {
                store,
                validator: None,
                session_id: Arc::new(|_, principal| {
                    principal.claim(claims::SESSION_ID).map(str::to_owned)
                }),
                now: Arc::new(Timestamp::now),
                optional: false,
            },
            manner: Manner::default(),
        }
    }

    /// Asks this validator too, once the session itself is good.
    #[must_use]
    pub fn validator(mut self, validator: impl SessionValidator) -> Self {
        self.gate.validator = Some(Arc::new(validator));
        self
    }

    /// Finds the id of the session in another place than the claim.
    #[must_use]
    pub fn session_id(
        mut self,
        find: impl Fn(&Parts, &Principal) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.gate.session_id = Arc::new(find);
        self
    }

    /// Takes the time from another clock than the system's.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.gate.now = Arc::new(now);
        self
    }

    /// Lets requests without a principal, or whose principal names no session, through. A session
    /// that is named and not good stays 401.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.gate.optional = true;
        self
    }
}

manners!(SessionCheckLayer);

impl SessionGate {
    async fn find(&self, parts: &Parts) -> Result<Option<Session>, AuthError> {
        let Some(principal) = parts.extensions.get::<Principal>() else {
            return self.without(AuthError::unauthenticated());
        };
        let Some(id) = (self.session_id)(parts, principal) else {
            return self.without(AuthError::invalid_token());
        };
        let session = (*self.store).get_erased(&id).await?;
        let session = session.ok_or(AuthError::new(AuthErrorKind::SessionRevoked))?;
        session.check(principal, (self.now)())?;
        if let Some(validator) = &self.validator {
            (**validator)
                .validate_erased(&session, principal, parts)
                .await?;
        }
        Ok(Some(session))
    }

    /// What becomes of a request whose principal names no session.
    fn without(&self, error: AuthError) -> Result<Option<Session>, AuthError> {
        if self.optional { Ok(None) } else { Err(error) }
    }
}

impl Gate for SessionGate {
    async fn check(&self, parts: &mut Parts) -> Result<(), AuthError> {
        if let Some(session) = self.find(parts).await? {
            parts.extensions.insert(session);
        }
        Ok(())
    }
}
