use std::sync::Arc;
use std::time::Duration;

use plumego_stdx::Secret;

use super::{AuthError, AuthFuture, Principal};

/// What a client gets when it signs in or refreshes.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The token for requests.
    pub access_token: Secret<String>,
    /// The token for the next exchange, good once.
    pub refresh_token: Secret<String>,
    /// How long the access token is good.
    pub expires_in: Duration,
}

/// Makes tokens, and exchanges old ones for new.
pub trait RefreshManager: Send + Sync + 'static {
    /// The first tokens of a new session of this principal.
    ///
    /// # Errors
    /// `Outage` when the session cannot be kept.
    fn issue(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<Tokens, AuthError>> + Send;

    /// The next tokens of the session that the refresh token belongs to. A refresh token is good
    /// once: the second use ends the session.
    ///
    /// # Errors
    /// `InvalidToken`, `TokenExpired`, `RefreshReused`, `SessionRevoked`, `SessionExpired`;
    /// `Outage`.
    fn refresh(
        &self,
        refresh_token: &Secret<String>,
    ) -> impl Future<Output = Result<Tokens, AuthError>> + Send;

    /// Ends the session that the refresh token belongs to.
    ///
    /// # Errors
    /// `InvalidToken`; `Outage`.
    fn sign_out(
        &self,
        refresh_token: &Secret<String>,
    ) -> impl Future<Output = Result<(), AuthError>> + Send;
}

/// [`RefreshManager`] as a trait object. Implemented for all of them, never by hand.
pub trait ErasedRefreshManager: Send + Sync + 'static {
    /// See [`RefreshManager::issue`].
    fn issue_erased<'a>(&'a self, principal: &'a Principal) -> AuthFuture<'a, Tokens>;

    /// See [`RefreshManager::refresh`].
    fn refresh_erased<'a>(&'a self, refresh_token: &'a Secret<String>) -> AuthFuture<'a, Tokens>;

    /// See [`RefreshManager::sign_out`].
    fn sign_out_erased<'a>(&'a self, refresh_token: &'a Secret<String>) -> AuthFuture<'a, ()>;
}

impl<T: RefreshManager> ErasedRefreshManager for T {
    fn issue_erased<'a>(&'a self, principal: &'a Principal) -> AuthFuture<'a, Tokens> {
        Box::pin(self.issue(principal))
    }

    fn refresh_erased<'a>(&'a self, refresh_token: &'a Secret<String>) -> AuthFuture<'a, Tokens> {
        Box::pin(self.refresh(refresh_token))
    }

    fn sign_out_erased<'a>(&'a self, refresh_token: &'a Secret<String>) -> AuthFuture<'a, ()> {
        Box::pin(self.sign_out(refresh_token))
    }
}

impl RefreshManager for Arc<dyn ErasedRefreshManager> {
    async fn issue(&self, principal: &Principal) -> Result<Tokens, AuthError> {
        (**self).issue_erased(principal).await
    }

    async fn refresh(&self, refresh_token: &Secret<String>) -> Result<Tokens, AuthError> {
        (**self).refresh_erased(refresh_token).await
    }

    async fn sign_out(&self, refresh_token: &Secret<String>) -> Result<(), AuthError> {
        (**self).sign_out_erased(refresh_token).await
    }
}
