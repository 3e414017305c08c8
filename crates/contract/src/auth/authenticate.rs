use std::sync::Arc;

use http::request::Parts;

use super::{AuthError, AuthFuture, Principal};

/// Finds out whose credentials a request carries.
pub trait Authenticator: Send + Sync + 'static {
    /// The verified principal.
    ///
    /// # Errors
    /// `Unauthenticated` when there are no credentials at all, which a layer may let pass;
    /// `InvalidToken`, `TokenExpired` when there are wrong ones, which it never does; `Outage` when
    /// that cannot be found out now.
    fn authenticate(
        &self,
        parts: &Parts,
    ) -> impl Future<Output = Result<Principal, AuthError>> + Send;
}

/// [`Authenticator`] as a trait object. Implemented for all of them, never by hand.
pub trait ErasedAuthenticator: Send + Sync + 'static {
    /// See [`Authenticator::authenticate`].
    fn authenticate_erased<'a>(&'a self, parts: &'a Parts) -> AuthFuture<'a, Principal>;
}

impl<T: Authenticator> ErasedAuthenticator for T {
    fn authenticate_erased<'a>(&'a self, parts: &'a Parts) -> AuthFuture<'a, Principal> {
        Box::pin(self.authenticate(parts))
    }
}

impl Authenticator for Arc<dyn ErasedAuthenticator> {
    async fn authenticate(&self, parts: &Parts) -> Result<Principal, AuthError> {
        (**self).authenticate_erased(parts).await
    }
}
