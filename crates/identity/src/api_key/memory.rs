use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plumego_contract::auth::AuthError;
use plumego_stdx::Timestamp;

use super::store::{ApiKeyRecord, ApiKeyStore};

const MAX_KEYS: usize = 10_000;
const MAX_OF_SUBJECT: usize = 100;

/// API keys in the memory of this process: for one process, and for tests. At most 10,000, and 100
/// of one subject; withdrawn ones count, so that their ids stay known.
#[derive(Debug, Default)]
pub struct MemoryApiKeyStore(Mutex<HashMap<String, ApiKeyRecord>>);

impl MemoryApiKeyStore {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, ApiKeyRecord>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ApiKeyStore for MemoryApiKeyStore {
    async fn insert(&self, record: ApiKeyRecord) -> Result<(), AuthError> {
        let mut keys = self.lock();
        if keys.contains_key(&record.id) {
            return Err(AuthError::outage("a key of that id is there already"));
        }
        let subject = &record.principal.subject;
        let own = keys
            .values()
            .filter(|key| key.principal.subject == *subject)
            .count();
        if keys.len() >= MAX_KEYS || own >= MAX_OF_SUBJECT {
            return Err(AuthError::outage("there is no room for another key"));
        }
        keys.insert(record.id.clone(), record);
        Ok(())
    }

    async fn get(&self, id: &str) -> Result<Option<ApiKeyRecord>, AuthError> {
        Ok(self.lock().get(id).cloned())
    }

    async fn revoke(&self, subject: &str, id: &str, at: Timestamp) -> Result<bool, AuthError> {
        let mut keys = self.lock();
        let own = keys
            .get_mut(id)
            .filter(|key| key.principal.subject == subject);
        Ok(own.is_some_and(|key| {
            key.revoked_at.get_or_insert(at);
            true
        }))
    }

    async fn list(&self, subject: &str, limit: usize) -> Result<Vec<ApiKeyRecord>, AuthError> {
        let keys = self.lock();
        let mut own: Vec<ApiKeyRecord> = keys
            .values()
            .filter(|key| key.principal.subject == subject)
            .cloned()
            .collect();
        own.sort_by_key(|key| std::cmp::Reverse(key.created_at));
        own.truncate(limit);
        Ok(own)
    }
}
