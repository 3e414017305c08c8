use std::sync::Arc;

use plumego_contract::auth::{AuthError, AuthFuture};
use plumego_stdx::Timestamp;

/// What a [`RevocationStore`] knows of a token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether one of the ids was revoked.
    pub revoked: bool,
    /// The version of the subject's tokens that are good; 0 when it was never raised.
    pub version: u64,
}

/// Keeps what was taken back before it was over.
///
/// An implementation proves itself with
/// [`conformance::revocation_store`](crate::conformance::revocation_store).
pub trait RevocationStore: Send + Sync + 'static {
    /// Takes an id back: that of a token or that of a session. It may be forgotten at `until`, when
    /// every token of that id is over; one that is over at `now` need not be kept.
    ///
    /// # Errors
    /// `Outage`, also when there is no room: nothing is forgotten early.
    fn revoke(
        &self,
        id: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), AuthError>> + Send;

    /// Raises the version of a subject by one and gives it. Never forgotten.
    ///
    /// # Errors
    /// `Outage`, also when there is no room.
    fn raise_version(&self, subject: &str) -> impl Future<Output = Result<u64, AuthError>> + Send;

    /// What is known of these ids and this subject, in one question.
    ///
    /// # Errors
    /// `Outage`.
    fn standing(
        &self,
        ids: &[&str],
        subject: &str,
    ) -> impl Future<Output = Result<Standing, AuthError>> + Send;
}

/// [`RevocationStore`] as a trait object. Implemented for all of them, never by hand.
pub trait ErasedRevocationStore: Send + Sync + 'static {
    /// See [`RevocationStore::revoke`].
    fn revoke_erased<'a>(
        &'a self,
        id: &'a str,
        until: Timestamp,
        now: Timestamp,
    ) -> AuthFuture<'a, ()>;

    /// See [`RevocationStore::raise_version`].
    fn raise_version_erased<'a>(&'a self, subject: &'a str) -> AuthFuture<'a, u64>;

    /// See [`RevocationStore::standing`].
    fn standing_erased<'a>(
        &'a self,
        ids: &'a [&'a str],
        subject: &'a str,
    ) -> AuthFuture<'a, Standing>;
}

impl<T: RevocationStore> ErasedRevocationStore for T {
    fn revoke_erased<'a>(
        &'a self,
        id: &'a str,
        until: Timestamp,
        now: Timestamp,
    ) -> AuthFuture<'a, ()> {
        Box::pin(self.revoke(id, until, now))
    }

    fn raise_version_erased<'a>(&'a self, subject: &'a str) -> AuthFuture<'a, u64> {
        Box::pin(self.raise_version(subject))
    }

    fn standing_erased<'a>(
        &'a self,
        ids: &'a [&'a str],
        subject: &'a str,
    ) -> AuthFuture<'a, Standing> {
        Box::pin(self.standing(ids, subject))
    }
}

impl RevocationStore for Arc<dyn ErasedRevocationStore> {
    async fn revoke(&self, id: &str, until: Timestamp, now: Timestamp) -> Result<(), AuthError> {
        (**self).revoke_erased(id, until, now).await
    }

    async fn raise_version(&self, subject: &str) -> Result<u64, AuthError> {
        (**self).raise_version_erased(subject).await
    }

    async fn standing(&self, ids: &[&str], subject: &str) -> Result<Standing, AuthError> {
        (**self).standing_erased(ids, subject).await
    }
}
