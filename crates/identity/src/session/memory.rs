use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plumego_contract::auth::{AuthError, AuthErrorKind, Rotation, Session, SessionStore};
use plumego_stdx::Timestamp;

use super::record::{SessionRecord, SessionRecords, Swap};

const DEFAULT_CAPACITY: usize = 100_000;

/// Sessions in the memory of this process: for one process, and for tests.
///
/// They are gone with the process, and another process knows nothing of them. At most 100,000;
/// beyond that what is over goes first, also by its idle timeout, then the oldest session that
/// nobody signed in to, and a new one is refused (`503`) rather than somebody signed out. Every
/// call takes a lock for a short time; what is over is looked for at most once a second.
///
/// It is a [`SessionStore`] too, for sessions behind tokens.
pub struct MemorySessionStore {
    capacity: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    records: HashMap<String, SessionRecord>,
    by_subject: HashMap<String, BTreeSet<String>>,
    /// Those without a subject in the order they came; some may be gone by now.
    nobodys: VecDeque<String>,
    swept_at: Option<i64>,
}

impl Default for MemorySessionStore {
    fn default() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }
}

impl MemorySessionStore {
    /// With room for so many sessions, at least one.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            inner: Mutex::default(),
        }
    }

    /// How many there are, those included that are over and not removed yet.
    pub fn len(&self) -> usize {
        self.lock().records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, record: SessionRecord) -> Result<(), AuthError> {
        let mut inner = self.lock();
        if inner.records.contains_key(&record.session.id) {
            return Err(AuthError::outage("a session of that id is there already"));
        }
        if inner.records.len() >= self.capacity && !inner.make_room(Timestamp::now()) {
            return Err(AuthError::outage("there is no room for another session"));
        }
        inner.put(record);
        Ok(())
    }
}

impl Inner {
    fn put(&mut self, record: SessionRecord) {
        let (id, subject) = (record.session.id.clone(), record.session.subject.clone());
        if subject.is_empty() {
            self.nobodys.push_back(id.clone());
        } else {
            self.by_subject
                .entry(subject)
                .or_default()
                .insert(id.clone());
        }
        self.records.insert(id, record);
    }

    fn take(&mut self, id: &str) -> Option<SessionRecord> {
        let record = self.records.remove(id)?;
        if let Some(ids) = self.by_subject.get_mut(&record.session.subject) {
            ids.remove(id);
            if ids.is_empty() {
                self.by_subject.remove(&record.session.subject);
            }
        }
        // Half of them gone: written anew, so that the queue is no longer than twice the rest.
        if self.nobodys.len() > 64 && self.nobodys.len() > 2 * self.records.len() {
            let records = &self.records;
            self.nobodys.retain(|id| records.contains_key(id));
        }
        Some(record)
    }

    fn make_room(&mut self, now: Timestamp) -> bool {
        let second = now.unix_seconds();
        if self.swept_at != Some(second) {
            self.swept_at = Some(second);
            let over = self.records.values().filter(|record| record.is_over(now));
            let over: Vec<String> = over.map(|record| record.session.id.clone()).collect();
            for id in &over {
                self.take(id);
            }
            if !over.is_empty() {
                return true;
            }
        }
        while let Some(id) = self.nobodys.pop_front() {
            let is_nobodys = |record: &SessionRecord| record.session.subject.is_empty();
            if self.records.get(&id).is_some_and(is_nobodys) {
                self.take(&id);
                return true;
            }
        }
        false
    }

    fn of(&self, subject: &str, limit: usize) -> Vec<SessionRecord> {
        let ids = self.by_subject.get(subject).into_iter().flatten();
        let mut found: Vec<&SessionRecord> = ids.filter_map(|id| self.records.get(id)).collect();
        found.sort_by_key(|record| std::cmp::Reverse(last_use(&record.session)));
        found.into_iter().take(limit).cloned().collect()
    }
}

fn last_use(session: &Session) -> Timestamp {
    session.last_seen_at.unwrap_or(session.created_at)
}

impl SessionRecords for MemorySessionStore {
    async fn insert(&self, record: SessionRecord) -> Result<(), AuthError> {
        self.keep(record)
    }

    async fn load(&self, id: &str) -> Result<Option<SessionRecord>, AuthError> {
        Ok(self.lock().records.get(id).cloned())
    }

    async fn replace(&self, id: &str, next: SessionRecord) -> Result<Swap, AuthError> {
        let mut inner = self.lock();
        let Some(there) = inner.records.get(id) else {
            return Ok(Swap::Gone);
        };
        if there.version.checked_add(1) != Some(next.version) {
            return Ok(Swap::Conflict);
        }
        if next.session.id != id && inner.records.contains_key(&next.session.id) {
            return Err(AuthError::outage("a session of that id is there already"));
        }
        let is_same = next.session.id == id && next.session.subject == there.session.subject;
        if is_same {
            // In its place: the queue of those without a subject stays as it is.
            inner.records.insert(id.to_owned(), next);
        } else {
            inner.take(id);
            inner.put(next);
        }
        Ok(Swap::Done)
    }

    async fn remove(&self, id: &str) -> Result<bool, AuthError> {
        Ok(self.lock().take(id).is_some())
    }

    async fn list(&self, subject: &str, limit: usize) -> Result<Vec<SessionRecord>, AuthError> {
        Ok(self.lock().of(subject, limit))
    }

    async fn remove_all(&self, subject: &str, keep: Option<&str>) -> Result<u64, AuthError> {
        let mut inner = self.lock();
        let ids: Vec<String> = inner
            .by_subject
            .get(subject)
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let gone = ids.iter().filter(|id| Some(id.as_str()) != keep);
        Ok(gone.filter(|id| inner.take(id).is_some()).count() as u64)
    }
}

impl SessionStore for MemorySessionStore {
    async fn create(&self, session: Session) -> Result<(), AuthError> {
        self.keep(SessionRecord::new(session, None))
    }

    async fn get(&self, id: &str) -> Result<Option<Session>, AuthError> {
        Ok(self
            .lock()
            .records
            .get(id)
            .map(|record| record.session.clone()))
    }

    async fn rotate_refresh(
        &self,
        id: &str,
        presented: &str,
        next: Rotation,
    ) -> Result<Session, AuthError> {
        let mut inner = self.lock();
        let record = inner.records.get_mut(id);
        let record = record.ok_or(AuthError::new(AuthErrorKind::SessionRevoked))?;
        record.version += 1;
        record.session.rotate(presented, &next)?;
        Ok(record.session.clone())
    }

    async fn revoke(&self, id: &str, reason: &str) -> Result<(), AuthError> {
        if let Some(record) = self.lock().records.get_mut(id) {
            record.version += 1;
            record.session.revoke(reason, Timestamp::now());
        }
        Ok(())
    }

    async fn list(&self, subject: &str, limit: usize) -> Result<Vec<Session>, AuthError> {
        let found = self.lock().of(subject, limit);
        Ok(found.into_iter().map(|record| record.session).collect())
    }
}

impl fmt::Debug for MemorySessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySessionStore")
            .field("sessions", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
