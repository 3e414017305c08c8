use std::sync::Arc;

use plumego_contract::auth::{AuthError, AuthFuture, Principal, Session, SessionStatus};
use plumego_stdx::Timestamp;

/// One sign-in: its session, and which refresh token of it is good.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Family {
    /// The session. Its `refresh_id` is the id of the refresh token that is good.
    pub session: Session,
    /// The number of the refresh token that is good: one more at each exchange.
    pub generation: u64,
    /// Counts the writes. A store compares it before it writes.
    pub revision: u64,
    /// Who signed in, as the next access tokens say it.
    pub principal: Principal,
}

impl Family {
    /// A family that begins with this session.
    pub fn new(session: Session, principal: Principal) -> Self {
        Self {
            session,
            generation: 1,
            revision: 1,
            principal,
        }
    }

    /// Whether it can still be exchanged: its session is active, and neither that nor the refresh
    /// token is over.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        let session = &self.session;
        let over = |end: Option<Timestamp>| end.is_some_and(|end| end <= now);
        session.status == SessionStatus::Active
            && !over(session.expires_at)
            && !over(session.refresh_expires_at)
    }
}

/// Keeps families of tokens.
///
/// All that a store has to do at once is [`replace`](Self::replace); the rules of the exchange are
/// not its business. An implementation proves itself with
/// [`conformance::refresh_store`](crate::conformance::refresh_store). Whoever reads the
/// store can make no token: what it holds of tokens are their ids, which only a signature makes
/// good.
pub trait RefreshStore: Send + Sync + 'static {
    /// Keeps a new family, under the id of its session.
    ///
    /// # Errors
    /// `Outage`, also when there is one of that id, or no room.
    fn create(&self, family: Family) -> impl Future<Output = Result<(), AuthError>> + Send;

    /// The family of that session; `None` when there is none.
    ///
    /// # Errors
    /// `Outage`.
    fn get(&self, id: &str) -> impl Future<Output = Result<Option<Family>, AuthError>> + Send;

    /// Writes `next` if the family of its session is there with the revision `expected`, and says
    /// whether it was. Of two calls that expect the same revision, at most one writes.
    ///
    /// # Errors
    /// `Outage`. It may have written then.
    fn replace(
        &self,
        expected: u64,
        next: Family,
    ) -> impl Future<Output = Result<bool, AuthError>> + Send;

    /// The families of a subject that are [alive](Family::is_alive), the newest first, at most
    /// `limit`. Those that ended do not count: they would hide the others behind them.
    ///
    /// # Errors
    /// `Outage`.
    fn list(
        &self,
        subject: &str,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Family>, AuthError>> + Send;
}

/// [`RefreshStore`] as a trait object. Implemented for all of them, never by hand.
pub trait ErasedRefreshStore: Send + Sync + 'static {
    /// See [`RefreshStore::create`].
    fn create_erased(&self, family: Family) -> AuthFuture<'_, ()>;

    /// See [`RefreshStore::get`].
    fn get_erased<'a>(&'a self, id: &'a str) -> AuthFuture<'a, Option<Family>>;

    /// See [`RefreshStore::replace`].
    fn replace_erased(&self, expected: u64, next: Family) -> AuthFuture<'_, bool>;

    /// See [`RefreshStore::list`].
    fn list_erased<'a>(
        &'a self,
        subject: &'a str,
        now: Timestamp,
        limit: usize,
    ) -> AuthFuture<'a, Vec<Family>>;
}

impl<T: RefreshStore> ErasedRefreshStore for T {
    fn create_erased(&self, family: Family) -> AuthFuture<'_, ()> {
        Box::pin(self.create(family))
    }

    fn get_erased<'a>(&'a self, id: &'a str) -> AuthFuture<'a, Option<Family>> {
        Box::pin(self.get(id))
    }

    fn replace_erased(&self, expected: u64, next: Family) -> AuthFuture<'_, bool> {
        Box::pin(self.replace(expected, next))
    }

    fn list_erased<'a>(
        &'a self,
        subject: &'a str,
        now: Timestamp,
        limit: usize,
    ) -> AuthFuture<'a, Vec<Family>> {
        Box::pin(self.list(subject, now, limit))
    }
}

impl RefreshStore for Arc<dyn ErasedRefreshStore> {
    async fn create(&self, family: Family) -> Result<(), AuthError> {
        (**self).create_erased(family).await
    }

    async fn get(&self, id: &str) -> Result<Option<Family>, AuthError> {
        (**self).get_erased(id).await
    }

    async fn replace(&self, expected: u64, next: Family) -> Result<bool, AuthError> {
        (**self).replace_erased(expected, next).await
    }

    async fn list(
        &self,
        subject: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Family>, AuthError> {
        (**self).list_erased(subject, now, limit).await
    }
}
