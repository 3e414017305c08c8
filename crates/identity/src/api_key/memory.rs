use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plumego_contract::auth::AuthError;
use plumego_stdx::Timestamp;

use super::store::{ApiKeyRecord, ApiKeyStore};

const MAX_KEYS: usize = 10_000;
const MAX_OF_SUBJECT: usize = 100;

/// API keys in the memory of this process: for one process, and for tests. At most 10,000, and 100
/// of one subject. Beyond that the oldest one goes that was withdrawn or is over; when there is
/// none, no key is issued (`503`).
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
        let (subject, now) = (&record.principal.subject, record.created_at);
        let is_own = |key: &ApiKeyRecord| key.principal.subject == *subject;
        let own = keys.values().filter(|key| is_own(key)).count();
        let has_room = own < MAX_OF_SUBJECT || let_one_go(&mut keys, now, is_own);
        let has_room = has_room && (keys.len() < MAX_KEYS || let_one_go(&mut keys, now, |_| true));
        if !has_room {
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

/// Lets go of the oldest of those that nobody can use any more; `false` when there is none.
fn let_one_go(
    keys: &mut HashMap<String, ApiKeyRecord>,
    now: Timestamp,
    among: impl Fn(&ApiKeyRecord) -> bool,
) -> bool {
    let is_over = |key: &ApiKeyRecord| {
        key.revoked_at.is_some() || key.expires_at.is_some_and(|end| end <= now)
    };
    let over = keys.values().filter(|key| is_over(key) && among(key));
    let oldest = over.min_by_key(|key| key.created_at);
    let id = oldest.map(|key| key.id.clone());
    id.is_some_and(|id| keys.remove(&id).is_some())
}
