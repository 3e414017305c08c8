use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plumego_contract::auth::AuthError;
use plumego_stdx::Timestamp;

use crate::api_key::{ApiKeyRecord, ApiKeyStore};
use crate::session::{SessionRecord, SessionRecords, Swap};
use crate::tokens::{Family, RefreshStore, RevocationStore, Standing};

/// A store that is away while a test wants it so, to see what an application answers then. Clones
/// are the same store and go away together.
///
/// ```
/// use plumego_identity::conformance::Switched;
/// use plumego_identity::tokens::{MemoryRefreshStore, RefreshStore as _};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = Switched::new(MemoryRefreshStore::default());
/// store.go_away(true);
/// assert!(store.get("session").await.is_err());
/// store.go_away(false);
/// assert!(store.get("session").await.is_ok());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Switched<S> {
    store: Arc<S>,
    is_away: Arc<AtomicBool>,
}

impl<S> Switched<S> {
    /// The store, and it is there.
    pub fn new(store: S) -> Self {
        Self {
            store: Arc::new(store),
            is_away: Arc::default(),
        }
    }

    /// From now on each call is an `Outage`, or none is.
    pub fn go_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    /// The store itself, which is always there.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The error says what the one of a real store would, which no answer may tell.
    fn there(&self) -> Result<&S, AuthError> {
        if self.is_away.load(Ordering::SeqCst) {
            let why = "redis at 10.0.0.7:6379 refused the connection";
            return Err(AuthError::outage(why));
        }
        Ok(&self.store)
    }
}

impl<S> Clone for Switched<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            is_away: Arc::clone(&self.is_away),
        }
    }
}

impl<S: RefreshStore> RefreshStore for Switched<S> {
    async fn create(&self, family: Family) -> Result<(), AuthError> {
        self.there()?.create(family).await
    }

    async fn get(&self, id: &str) -> Result<Option<Family>, AuthError> {
        self.there()?.get(id).await
    }

    async fn replace(&self, expected: u64, next: Family) -> Result<bool, AuthError> {
        self.there()?.replace(expected, next).await
    }

    async fn list(
        &self,
        subject: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Family>, AuthError> {
        self.there()?.list(subject, now, limit).await
    }
}

impl<S: RevocationStore> RevocationStore for Switched<S> {
    async fn revoke(&self, id: &str, until: Timestamp, now: Timestamp) -> Result<(), AuthError> {
        self.there()?.revoke(id, until, now).await
    }

    async fn raise_version(&self, subject: &str) -> Result<u64, AuthError> {
        self.there()?.raise_version(subject).await
    }

    async fn standing(&self, ids: &[&str], subject: &str) -> Result<Standing, AuthError> {
        self.there()?.standing(ids, subject).await
    }
}

impl<S: SessionRecords> SessionRecords for Switched<S> {
    async fn insert(&self, record: SessionRecord) -> Result<(), AuthError> {
        self.there()?.insert(record).await
    }

    async fn load(&self, id: &str) -> Result<Option<SessionRecord>, AuthError> {
        self.there()?.load(id).await
    }

    async fn replace(&self, id: &str, next: SessionRecord) -> Result<Swap, AuthError> {
        self.there()?.replace(id, next).await
    }

    async fn remove(&self, id: &str) -> Result<bool, AuthError> {
        self.there()?.remove(id).await
    }

    async fn list(&self, subject: &str, limit: usize) -> Result<Vec<SessionRecord>, AuthError> {
        self.there()?.list(subject, limit).await
    }

    async fn remove_all(&self, subject: &str, keep: Option<&str>) -> Result<u64, AuthError> {
        self.there()?.remove_all(subject, keep).await
    }
}

impl<S: ApiKeyStore> ApiKeyStore for Switched<S> {
    async fn insert(&self, record: ApiKeyRecord) -> Result<(), AuthError> {
        self.there()?.insert(record).await
    }

    async fn get(&self, id: &str) -> Result<Option<ApiKeyRecord>, AuthError> {
        self.there()?.get(id).await
    }

    async fn revoke(&self, subject: &str, id: &str, at: Timestamp) -> Result<bool, AuthError> {
        self.there()?.revoke(subject, id, at).await
    }

    async fn list(&self, subject: &str, limit: usize) -> Result<Vec<ApiKeyRecord>, AuthError> {
        self.there()?.list(subject, limit).await
    }
}
