use std::fmt;

use plumego_contract::auth::{
    AuthError, AuthErrorKind, Principal, Rotation, Session, SessionStatus, SessionStore,
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

    /// Ends a session of this subject and all its tokens, as one picked from
    /// [`list`](SessionStore::list); `false` when it has none of that id. For a page where somebody
    /// ends sessions of their own: the ids of others do nothing there.
    ///
    /// # Errors
    /// `Outage`. Nothing may be done then, or half of it: ask again.
    pub async fn end(&self, subject: &str, id: &str) -> Result<bool, AuthError> {
        let family = self.tokens.inner.families.get_erased(id).await?;
        let is_own = family.is_some_and(|family| family.session.subject == subject);
        if is_own {
            self.tokens.end_session(id, "ended by its owner").await?;
        }
        Ok(is_own)
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
            if changed.session.status == SessionStatus::Revoked {
                // With its tokens, also those that are not asked for their session.
                self.tokens.inner.revoke_id(id).await?;
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
