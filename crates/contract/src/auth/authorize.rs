use std::sync::Arc;

use super::{AuthError, AuthFuture, Principal};

/// Decides what a principal may do.
pub trait Authorizer: Send + Sync + 'static {
    /// Whether the principal may do `action` to `resource`, both words of the application.
    ///
    /// # Errors
    /// `Forbidden` when it may not; `Outage` when that cannot be found out now.
    fn authorize(
        &self,
        principal: &Principal,
        action: &str,
        resource: &str,
    ) -> impl Future<Output = Result<(), AuthError>> + Send;
}

/// [`Authorizer`] as a trait object. Implemented for all of them, never by hand.
pub trait ErasedAuthorizer: Send + Sync + 'static {
    /// See [`Authorizer::authorize`].
    fn authorize_erased<'a>(
        &'a self,
        principal: &'a Principal,
        action: &'a str,
        resource: &'a str,
    ) -> AuthFuture<'a, ()>;
}

impl<T: Authorizer> ErasedAuthorizer for T {
    fn authorize_erased<'a>(
        &'a self,
        principal: &'a Principal,
        action: &'a str,
        resource: &'a str,
    ) -> AuthFuture<'a, ()> {
        Box::pin(self.authorize(principal, action, resource))
    }
}

impl Authorizer for Arc<dyn ErasedAuthorizer> {
    async fn authorize(
        &self,
        principal: &Principal,
        action: &str,
        resource: &str,
    ) -> Result<(), AuthError> {
        (**self).authorize_erased(principal, action, resource).await
    }
}
