use std::fmt;
use std::sync::Arc;

use plumego_contract::auth::{AuthError, AuthFuture, Principal};
use plumego_stdx::Timestamp;

/// A key as it is stored.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiKeyRecord {
    /// Names the key; it lets nobody in.
    pub id: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// What its owner calls it.
    pub name: String,
    /// Who its holder is, with the scopes of the key.
    pub principal: Principal,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it is over.
    pub expires_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKeyRecord {
    /// A key that begins now and has no end.
    pub fn new(id: impl Into<String>, hash: [u8; 32], principal: Principal) -> Self {
        Self {
            id: id.into(),
            hash,
            name: String::new(),
            principal,
            created_at: Timestamp::now(),
            expires_at: None,
            revoked_at: None,
        }
    }
}

/// Without the hash.
impl fmt::Debug for ApiKeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyRecord")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("subject", &self.principal.subject)
            .field("expires_at", &self.expires_at)
            .field("revoked_at", &self.revoked_at)
            .finish_non_exhaustive()
    }
}

/// Keeps API keys. A failure to reach the store is `Outage`, never a missing key.
/// `plumego_identity::conformance::api_key_store` tests an implementation.
pub trait ApiKeyStore: Send + Sync + 'static {
    /// Keeps a new key.
    ///
    /// # Errors
    /// `Outage`, also when there is one of that id, or no room.
    fn insert(&self, record: ApiKeyRecord) -> impl Future<Output = Result<(), AuthError>> + Send;

    /// The key of that id, withdrawn ones too.
    ///
    /// # Errors
    /// `Outage`.
    fn get(&self, id: &str)
    -> impl Future<Output = Result<Option<ApiKeyRecord>, AuthError>> + Send;

    /// Withdraws a key of this subject; `false` when it has none of that id. The first time stays.
    ///
    /// # Errors
    /// `Outage`.
    fn revoke(
        &self,
        subject: &str,
        id: &str,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool, AuthError>> + Send;

    /// The keys of a subject, the newest first, at most `limit`.
    ///
    /// # Errors
    /// `Outage`.
    fn list(
        &self,
        subject: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ApiKeyRecord>, AuthError>> + Send;
}

/// [`ApiKeyStore`] as a trait object. Implemented for all of them, never by hand.
pub trait ErasedApiKeyStore: Send + Sync + 'static {
    /// See [`ApiKeyStore::insert`].
    fn insert_erased(&self, record: ApiKeyRecord) -> AuthFuture<'_, ()>;

    /// See [`ApiKeyStore::get`].
    fn get_erased<'a>(&'a self, id: &'a str) -> AuthFuture<'a, Option<ApiKeyRecord>>;

    /// See [`ApiKeyStore::revoke`].
    fn revoke_erased<'a>(
        &'a self,
        subject: &'a str,
        id: &'a str,
        at: Timestamp,
    ) -> AuthFuture<'a, bool>;

    /// See [`ApiKeyStore::list`].
    fn list_erased<'a>(
        &'a self,
        subject: &'a str,
        limit: usize,
    ) -> AuthFuture<'a, Vec<ApiKeyRecord>>;
}

impl<T: ApiKeyStore> ErasedApiKeyStore for T {
    fn insert_erased(&self, record: ApiKeyRecord) -> AuthFuture<'_, ()> {
        Box::pin(self.insert(record))
    }

    fn get_erased<'a>(&'a self, id: &'a str) -> AuthFuture<'a, Option<ApiKeyRecord>> {
        Box::pin(self.get(id))
    }

    fn revoke_erased<'a>(
        &'a self,
        subject: &'a str,
        id: &'a str,
        at: Timestamp,
    ) -> AuthFuture<'a, bool> {
        Box::pin(self.revoke(subject, id, at))
    }

    fn list_erased<'a>(
        &'a self,
        subject: &'a str,
        limit: usize,
    ) -> AuthFuture<'a, Vec<ApiKeyRecord>> {
        Box::pin(self.list(subject, limit))
    }
}

impl ApiKeyStore for Arc<dyn ErasedApiKeyStore> {
    async fn insert(&self, record: ApiKeyRecord) -> Result<(), AuthError> {
        (**self).insert_erased(record).await
    }

    async fn get(&self, id: &str) -> Result<Option<ApiKeyRecord>, AuthError> {
        (**self).get_erased(id).await
    }

    async fn revoke(&self, subject: &str, id: &str, at: Timestamp) -> Result<bool, AuthError> {
        (**self).revoke_erased(subject, id, at).await
    }

    async fn list(&self, subject: &str, limit: usize) -> Result<Vec<ApiKeyRecord>, AuthError> {
        (**self).list_erased(subject, limit).await
    }
}
