use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use plumego_contract::auth::{AuthError, AuthFuture, Principal, Session, SessionStatus};
use plumego_stdx::Timestamp;

/// A session as it is stored.
///
/// The session's `id` is the SHA-256 of the one in the cookie: it names the session in lists and
/// lets nobody in.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionRecord {
    /// Whose it is, since when and until when. The subject is empty while nobody signed in; the
    /// data is in `attributes`.
    pub session: Session,
    /// Who signed in.
    pub principal: Option<Principal>,
    /// Goes up by one with every write.
    pub version: u64,
    /// When it is over unless it is used before; goes on with each use that is noted. A store that
    /// removes by time takes the earlier of this and the end of the session.
    pub idle_until: Option<Timestamp>,
}

impl SessionRecord {
    /// The first version of a session.
    pub fn new(session: Session, principal: Option<Principal>) -> Self {
        Self {
            session,
            principal,
            version: 1,
            idle_until: None,
        }
    }

    /// Whether nobody can use it any more, so that a store may remove it.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let over = |end: Option<Timestamp>| end.is_some_and(|end| end <= now);
        let session = &self.session;
        session.status != SessionStatus::Active || over(session.expires_at) || over(self.idle_until)
    }

    /// What the application keeps in it.
    pub fn data(&self) -> &BTreeMap<String, String> {
        &self.session.attributes
    }
}

/// Without the data.
impl fmt::Debug for SessionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRecord")
            .field("session", &self.session)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// It was done.
    Done,
    /// Somebody else wrote before: nothing was done.
    Conflict,
    /// There is no such session any more: nothing was done.
    Gone,
}

/// Keeps sessions, and changes them so that no write is lost.
///
/// A failure to reach the store is `Outage`, never a missing session. What is over may be removed
/// at any time: whoever reads checks the times too.
/// `plumego_identity::conformance::session_records` tests an implementation.
pub trait SessionRecords: Send + Sync + 'static {
    /// Keeps a new session.
    ///
    /// # Errors
    /// `Outage`, also when there is one of that id, or no room.
    fn insert(&self, record: SessionRecord) -> impl Future<Output = Result<(), AuthError>> + Send;

    /// The session of that id; `None` when there is none.
    ///
    /// # Errors
    /// `Outage`.
    fn load(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<Option<SessionRecord>, AuthError>> + Send;

    /// Puts `next` in the place of the session `id`, in one step and only when that has the version
    /// before `next.version`. The id of `next` may be another one: then the old one is gone.
    ///
    /// # Errors
    /// `Outage`.
    fn replace(
        &self,
        id: &str,
        next: SessionRecord,
    ) -> impl Future<Output = Result<Swap, AuthError>> + Send;

    /// Removes a session; `false` when there was none.
    ///
    /// # Errors
    /// `Outage`.
    fn remove(&self, id: &str) -> impl Future<Output = Result<bool, AuthError>> + Send;

    /// The sessions of a subject, the one that was used last first, at most `limit`.
    ///
    /// # Errors
    /// `Outage`.
    fn list(
        &self,
        subject: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<SessionRecord>, AuthError>> + Send;

    /// Removes every session of a subject but the one that is to stay, and says how many.
    ///
    /// # Errors
    /// `Outage`.
    fn remove_all(
        &self,
        subject: &str,
        keep: Option<&str>,
    ) -> impl Future<Output = Result<u64, AuthError>> + Send;
}

/// [`SessionRecords`] as a trait object. Implemented for all of them, never by hand.
pub trait ErasedSessionRecords: Send + Sync + 'static {
    /// See [`SessionRecords::insert`].
    fn insert_erased(&self, record: SessionRecord) -> AuthFuture<'_, ()>;

    /// See [`SessionRecords::load`].
    fn load_erased<'a>(&'a self, id: &'a str) -> AuthFuture<'a, Option<SessionRecord>>;

    /// See [`SessionRecords::replace`].
    fn replace_erased<'a>(&'a self, id: &'a str, next: SessionRecord) -> AuthFuture<'a, Swap>;

    /// See [`SessionRecords::remove`].
    fn remove_erased<'a>(&'a self, id: &'a str) -> AuthFuture<'a, bool>;

    /// See [`SessionRecords::list`].
    fn list_erased<'a>(
        &'a self,
        subject: &'a str,
        limit: usize,
    ) -> AuthFuture<'a, Vec<SessionRecord>>;

    /// See [`SessionRecords::remove_all`].
    fn remove_all_erased<'a>(
        &'a self,
        subject: &'a str,
        keep: Option<&'a str>,
    ) -> AuthFuture<'a, u64>;
}

impl<T: SessionRecords> ErasedSessionRecords for T {
    fn insert_erased(&self, record: SessionRecord) -> AuthFuture<'_, ()> {
        Box::pin(self.insert(record))
    }

    fn load_erased<'a>(&'a self, id: &'a str) -> AuthFuture<'a, Option<SessionRecord>> {
        Box::pin(self.load(id))
    }

    fn replace_erased<'a>(&'a self, id: &'a str, next: SessionRecord) -> AuthFuture<'a, Swap> {
        Box::pin(self.replace(id, next))
    }

    fn remove_erased<'a>(&'a self, id: &'a str) -> AuthFuture<'a, bool> {
        Box::pin(self.remove(id))
    }

    fn list_erased<'a>(
        &'a self,
        subject: &'a str,
        limit: usize,
    ) -> AuthFuture<'a, Vec<SessionRecord>> {
        Box::pin(self.list(subject, limit))
    }

    fn remove_all_erased<'a>(
        &'a self,
        subject: &'a str,
        keep: Option<&'a str>,
    ) -> AuthFuture<'a, u64> {
        Box::pin(self.remove_all(subject, keep))
    }
}

impl SessionRecords for Arc<dyn ErasedSessionRecords> {
    async fn insert(&self, record: SessionRecord) -> Result<(), AuthError> {
        (**self).insert_erased(record).await
    }

    async fn load(&self, id: &str) -> Result<Option<SessionRecord>, AuthError> {
        (**self).load_erased(id).await
    }

    async fn replace(&self, id: &str, next: SessionRecord) -> Result<Swap, AuthError> {
        (**self).replace_erased(id, next).await
    }

    async fn remove(&self, id: &str) -> Result<bool, AuthError> {
        (**self).remove_erased(id).await
    }

    async fn list(&self, subject: &str, limit: usize) -> Result<Vec<SessionRecord>, AuthError> {
        (**self).list_erased(subject, limit).await
    }

    async fn remove_all(&self, subject: &str, keep: Option<&str>) -> Result<u64, AuthError> {
        (**self).remove_all_erased(subject, keep).await
    }
}
