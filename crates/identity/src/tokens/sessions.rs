use std::fmt;

use plumego_contract::auth::{
    AuthError, AuthErrorKind, Principal, Rotation, Session, SessionStore,
};

use super::{Family, TokenService};

/// How often a write is tried that somebody else was faster with.
const ATTEMPTS: usize = 8;

/// The sessions behind the tokens of a [`TokenService`], as a store of sessions.
///
/// For the layer that checks sessions, and for pages where somebody sees where they are signed in.
/// A session that ends here ends its tokens with it. [`list`](SessionStore::list) shows those that
/// are good; [`get`](SessionStore::get) says of one that ended when and why, as long as the store
/// keeps it.
#[derive(Clone)]
pub struct FamilySessions {
    tokens: TokenService,
}

impl FamilySessions {
    pub(super) fn new(tokens: TokenService) -> Self {
        Self { tokens }
    }
}

impl SessionStore for FamilySessions {
    async fn create(&self, session: Session) -> Result<(), AuthError> {
        let mut principal = Principal::new(&session.subject);
        principal.tenant.clone_from(&session.tenant);
        let families = &self.tokens.inner.families;
        families
            .create_erased(Family::new(session, principal))
            .await
    }

    async fn get(&self, id: &str) -> Result<Option<Session>, AuthError> {
        let family = self.tokens.inner.families.get_erased(id).await?;
        Ok(family.map(|family| family.session))
    }

    async fn rotate_refresh(
        &self,
        id: &str,
        presented: &str,
        next: Rotation,
    ) -> Result<Session, AuthError> {
        let families = &self.tokens.inner.families;
        for _ in 0..ATTEMPTS {
            let family = families.get_erased(id).await?;
            let family = family.ok_or(AuthError::new(AuthErrorKind::SessionRevoked))?;
            let mut changed = family.clone();
            let rotated = changed.session.rotate(presented, &next);
            if changed != family {
                changed.revision += 1;
                changed.generation += u64::from(rotated.is_ok());
                if !families
                    .replace_erased(family.revision, changed.clone())
                    .await?
                {
                    continue;
                }
            }
            return rotated.map(|()| changed.session);
        }
        Err(AuthError::outage("the session changes all the time"))
    }

    async fn revoke(&self, id: &str, reason: &str) -> Result<(), AuthError> {
        self.tokens.end_session(id, reason).await
    }

    async fn list(&self, subject: &str, limit: usize) -> Result<Vec<Session>, AuthError> {
        let inner = &self.tokens.inner;
        let now = (inner.now)();
        let families = inner.families.list_erased(subject, now, limit).await?;
        Ok(families.into_iter().map(|family| family.session).collect())
    }
}

impl fmt::Debug for FamilySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FamilySessions").finish_non_exhaustive()
    }
}
