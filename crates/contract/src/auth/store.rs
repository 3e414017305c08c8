use std::sync::Arc;

use http::request::Parts;

use super::{AuthError, AuthFuture, Principal, Rotation, Session};

/// Keeps sessions.
///
/// A failure to reach the store is `Outage`, never a missing session: a session that cannot be
/// read must not sign its owner out.
pub trait SessionStore: Send + Sync + 'static {
    /// Keeps a new session.
    ///
    /// # Errors
    /// `Outage`, also when there is one of that id.
    fn create(&self, session: Session) -> impl Future<Output = Result<(), AuthError>> + Send;

    /// The session of that id; `None` when there is none.
    ///
    /// # Errors
    /// `Outage`.
    fn get(&self, id: &str) -> impl Future<Output = Result<Option<Session>, AuthError>> + Send;

    /// Exchanges the refresh token of a session as [`Session::rotate`] says, so that of two calls
    /// with one token exactly one succeeds.
    ///
    /// # Errors
    /// Those of [`Session::rotate`]; `SessionRevoked` when there is no such session; `Outage`.
    fn rotate_refresh(
        &self,
        id: &str,
        presented: &str,
        next: Rotation,
    ) -> impl Future<Output = Result<Session, AuthError>> + Send;

    /// Ends a session. One that is gone or ended already is no error.
    ///
    /// # Errors
    /// `Outage`.
    fn revoke(&self, id: &str, reason: &str) -> impl Future<Output = Result<(), AuthError>> + Send;

    /// The sessions of a subject, the newest first, at most `limit`.
    ///
    /// # Errors
    /// `Outage`.
    fn list(
        &self,
        subject: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Session>, AuthError>> + Send;
}

/// [`SessionStore`] as a trait object. Implemented for all of them, never by hand.
pub trait ErasedSessionStore: Send + Sync + 'static {
    /// See [`SessionStore::create`].
    fn create_erased(&self, session: Session) -> AuthFuture<'_, ()>;

    /// See [`SessionStore::get`].
    fn get_erased<'a>(&'a self, id: &'a str) -> AuthFuture<'a, Option<Session>>;

    /// See [`SessionStore::rotate_refresh`].
    fn rotate_refresh_erased<'a>(
        &'a self,
        id: &'a str,
        presented: &'a str,
        next: Rotation,
    ) -> AuthFuture<'a, Session>;

    /// See [`SessionStore::revoke`].
    fn revoke_erased<'a>(&'a self, id: &'a str, reason: &'a str) -> AuthFuture<'a, ()>;

    /// See [`SessionStore::list`].
    fn list_erased<'a>(&'a self, subject: &'a str, limit: usize) -> AuthFuture<'a, Vec<Session>>;
}

impl<T: SessionStore> ErasedSessionStore for T {
    fn create_erased(&self, session: Session) -> AuthFuture<'_, ()> {
        Box::pin(self.create(session))
    }

    fn get_erased<'a>(&'a self, id: &'a str) -> AuthFuture<'a, Option<Session>> {
        Box::pin(self.get(id))
    }

    fn rotate_refresh_erased<'a>(
        &'a self,
        id: &'a str,
        presented: &'a str,
        next: Rotation,
    ) -> AuthFuture<'a, Session> {
        Box::pin(self.rotate_refresh(id, presented, next))
    }

    fn revoke_erased<'a>(&'a self, id: &'a str, reason: &'a str) -> AuthFuture<'a, ()> {
        Box::pin(self.revoke(id, reason))
    }

    fn list_erased<'a>(&'a self, subject: &'a str, limit: usize) -> AuthFuture<'a, Vec<Session>> {
        Box::pin(self.list(subject, limit))
    }
}

impl SessionStore for Arc<dyn ErasedSessionStore> {
    async fn create(&self, session: Session) -> Result<(), AuthError> {
        (**self).create_erased(session).await
    }

    async fn get(&self, id: &str) -> Result<Option<Session>, AuthError> {
        (**self).get_erased(id).await
    }

    async fn rotate_refresh(
        &self,
        id: &str,
        presented: &str,
        next: Rotation,
    ) -> Result<Session, AuthError> {
        (**self).rotate_refresh_erased(id, presented, next).await
    }

    async fn revoke(&self, id: &str, reason: &str) -> Result<(), AuthError> {
        (**self).revoke_erased(id, reason).await
    }

    async fn list(&self, subject: &str, limit: usize) -> Result<Vec<Session>, AuthError> {
        (**self).list_erased(subject, limit).await
    }
}

/// Checks what [`Session::check`] does not know: the device, the address, a step-up.
pub trait SessionValidator: Send + Sync + 'static {
    /// Whether the session may be used for this request. Called after [`Session::check`].
    ///
    /// # Errors
    /// Any kind: 401, 403 or, when it cannot be found out now, `Outage`.
    fn validate(
        &self,
        session: &Session,
        principal: &Principal,
        parts: &Parts,
    ) -> impl Future<Output = Result<(), AuthError>> + Send;
}

/// [`SessionValidator`] as a trait object. Implemented for all of them, never by hand.
pub trait ErasedSessionValidator: Send + Sync + 'static {
    /// See [`SessionValidator::validate`].
    fn validate_erased<'a>(
        &'a self,
        session: &'a Session,
        principal: &'a Principal,
        parts: &'a Parts,
    ) -> AuthFuture<'a, ()>;
}

impl<T: SessionValidator> ErasedSessionValidator for T {
    fn validate_erased<'a>(
        &'a self,
        session: &'a Session,
        principal: &'a Principal,
        parts: &'a Parts,
    ) -> AuthFuture<'a, ()> {
        Box::pin(self.validate(session, principal, parts))
    }
}

impl SessionValidator for Arc<dyn ErasedSessionValidator> {
    async fn validate(
        &self,
        session: &Session,
        principal: &Principal,
        parts: &Parts,
    ) -> Result<(), AuthError> {
        (**self).validate_erased(session, principal, parts).await
    }
}
