use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use plumego_contract::auth::AuthError;
use plumego_stdx::Timestamp;

use super::{Family, RefreshStore, RevocationStore, Standing};

/// How many families are kept, unless chosen otherwise.
const DEFAULT_FAMILIES: usize = 100_000;
/// How many ids, and how many subjects, unless chosen otherwise.
const DEFAULT_REVOCATIONS: usize = 100_000;

/// Families of tokens in the memory of this process: gone at a restart, unknown to other instances.
///
/// At most 100,000 families, or as many as stated. Those of a subject that ended or are over go
/// with its next sign-in, and beyond the bound those of everybody, looked for once a second; when
/// none does, a sign-in is `503`.
#[derive(Debug)]
pub struct MemoryRefreshStore {
    families: Mutex<Families>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Families {
    by_id: HashMap<String, Family>,
    /// The ids of each subject, the oldest first.
    by_subject: HashMap<String, BTreeSet<(Timestamp, String)>>,
    sweeps: Sweeps,
}

/// When what is over was last looked for. All entries are looked at, so a full store does it once a
/// second, however many knock.
#[derive(Debug, Default)]
struct Sweeps {
    last: Option<i64>,
}

impl Sweeps {
    fn may_sweep(&mut self, now: Timestamp) -> bool {
        let second = now.unix_seconds();
        self.last.replace(second) != Some(second)
    }
}

impl MemoryRefreshStore {
    /// A store for at most so many families, at least one.
    pub fn with_capacity(families: usize) -> Self {
        Self {
            families: Mutex::default(),
            capacity: families.max(1),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Families> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryRefreshStore {
    fn default() -> Self {
        Self::with_capacity(DEFAULT_FAMILIES)
    }
}

impl Families {
    fn insert(&mut self, family: Family) {
        let session = &family.session;
        let entry = (session.created_at, session.id.clone());
        let of_subject = self.by_subject.entry(session.subject.clone());
        of_subject.or_default().insert(entry);
        self.by_id.insert(session.id.clone(), family);
    }

    /// Lets go of the families that can be exchanged no more.
    fn sweep(&mut self, now: Timestamp) {
        self.by_id.retain(|_, there| there.is_alive(now));
        let by_id = &self.by_id;
        self.by_subject.retain(|_, entries| {
            entries.retain(|(_, id)| by_id.contains_key(id));
            !entries.is_empty()
        });
    }

    /// The same for one subject, so that its list is no longer than what it may have.
    fn sweep_subject(&mut self, subject: &str, now: Timestamp) {
        let Some(entries) = self.by_subject.get_mut(subject) else {
            return;
        };
        let by_id = &mut self.by_id;
        entries.retain(|(_, id)| {
            let alive = by_id.get(id).is_some_and(|there| there.is_alive(now));
            if !alive {
                by_id.remove(id);
            }
            alive
        });
    }
}

impl RefreshStore for MemoryRefreshStore {
    async fn create(&self, family: Family) -> Result<(), AuthError> {
        let mut families = self.lock();
        if families.by_id.contains_key(&family.session.id) {
            return Err(AuthError::outage("there is a family of that id"));
        }
        // The newcomer's own beginning is the time.
        let now = family.session.created_at;
        families.sweep_subject(&family.session.subject, now);
        if families.by_id.len() >= self.capacity && families.sweeps.may_sweep(now) {
            families.sweep(now);
        }
        if families.by_id.len() >= self.capacity {
            return Err(AuthError::outage("the store of refresh tokens is full"));
        }
        families.insert(family);
        Ok(())
    }

    async fn get(&self, id: &str) -> Result<Option<Family>, AuthError> {
        Ok(self.lock().by_id.get(id).cloned())
    }

    async fn replace(&self, expected: u64, next: Family) -> Result<bool, AuthError> {
        let mut families = self.lock();
        let there = families.by_id.get_mut(&next.session.id);
        let fitting = there.filter(|there| there.revision == expected);
        Ok(fitting.map(|there| *there = next).is_some())
    }

    async fn list(
        &self,
        subject: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Family>, AuthError> {
        let families = self.lock();
        let entries = families.by_subject.get(subject).into_iter().flatten();
        let newest = entries.rev().filter_map(|(_, id)| families.by_id.get(id));
        let alive = newest.filter(|family| family.is_alive(now));
        Ok(alive.take(limit).cloned().collect())
    }
}

/// Revocations in the memory of this process: gone at a restart, unknown to other instances.
///
/// At most 100,000 ids and 100,000 subjects, or as many as stated. Ids whose tokens are over make
/// room, looked for once a second; when none has, a revocation is `503`, and nothing is forgotten.
#[derive(Debug)]
pub struct MemoryRevocations {
    state: Mutex<Revoked>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Revoked {
    ids: HashMap<String, Timestamp>,
    versions: HashMap<String, u64>,
    sweeps: Sweeps,
}

impl MemoryRevocations {
    /// A store for at most so many ids and so many subjects, at least one.
    pub fn with_capacity(entries: usize) -> Self {
        Self {
            state: Mutex::default(),
            capacity: entries.max(1),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Revoked> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryRevocations {
    fn default() -> Self {
        Self::with_capacity(DEFAULT_REVOCATIONS)
    }
}

impl RevocationStore for MemoryRevocations {
    async fn revoke(&self, id: &str, until: Timestamp, now: Timestamp) -> Result<(), AuthError> {
        if until <= now {
            return Ok(());
        }
        let mut state = self.lock();
        if let Some(there) = state.ids.get_mut(id) {
            *there = until.max(*there);
            return Ok(());
        }
        if state.ids.len() >= self.capacity && state.sweeps.may_sweep(now) {
            state.ids.retain(|_, until| *until > now);
        }
        if state.ids.len() >= self.capacity {
            return Err(AuthError::outage("the store of revoked tokens is full"));
        }
        state.ids.insert(id.to_owned(), until);
        Ok(())
    }

    async fn raise_version(&self, subject: &str) -> Result<u64, AuthError> {
        let mut state = self.lock();
        let full = state.versions.len() >= self.capacity;
        if full && !state.versions.contains_key(subject) {
            return Err(AuthError::outage("the store of token versions is full"));
        }
        let version = state.versions.entry(subject.to_owned()).or_default();
        *version += 1;
        Ok(*version)
    }

    async fn standing(&self, ids: &[&str], subject: &str) -> Result<Standing, AuthError> {
        let state = self.lock();
        Ok(Standing {
            revoked: ids.iter().any(|id| state.ids.contains_key(*id)),
            version: state.versions.get(subject).copied().unwrap_or_default(),
        })
    }
}
