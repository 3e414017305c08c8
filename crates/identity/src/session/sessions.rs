use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::HeaderMap;
use plumego_contract::Problems;
use plumego_contract::auth::{AuthError, Session, SessionStatus};
use plumego_stdx::Timestamp;

use super::cookie::{CookieKeys, CookieShape, SessionId};
use super::record::{ErasedSessionRecords, SessionRecord, SessionRecords, Swap};
use super::{IdleLimit, SessionConfig};

/// How many sessions a subject may have beyond its bound, when many sign in at the same time. The
/// next sign-in ends them.
const MARGIN: usize = 1024;

type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Sessions of browsers. Cheap to clone; see the [module](super).
#[derive(Clone)]
pub struct Sessions {
    inner: Arc<Inner>,
    now: Now,
}

struct Inner {
    records: Arc<dyn ErasedSessionRecords>,
    keys: ArcSwap<CookieKeys>,
    shape: CookieShape,
    config: SessionConfig,
}

/// A session as its owner may see it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionView {
    /// Names the session for [`Sessions::end`]; it lets nobody in.
    pub id: String,
    /// When its owner signed in.
    pub created_at: Timestamp,
    /// When it was last used, to about a minute.
    pub last_seen_at: Option<Timestamp>,
    /// When it is over whatever happens.
    pub expires_at: Option<Timestamp>,
}

/// What the cookie of a request leads to.
pub(super) enum Found {
    /// There is no cookie.
    Nothing,
    /// There is one, and it is wrong or its session is over.
    Stale,
    Live(SessionId, Box<SessionRecord>),
}

impl Sessions {
    /// Sessions in this store.
    ///
    /// # Errors
    /// Settings out of their bounds, all of them.
    pub fn new(
        records: impl SessionRecords,
        keys: CookieKeys,
        config: SessionConfig,
    ) -> Result<Self, Problems> {
        config.check()?;
        Ok(Self {
            inner: Arc::new(Inner {
                records: Arc::new(records),
                keys: ArcSwap::from_pointee(keys),
                shape: CookieShape::of(&config),
                config,
            }),
            now: Arc::new(Timestamp::now),
        })
    }

    /// Takes the time from another clock than the system's.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
        self
    }

    /// Signs with other keys from now on. Cookies that none of them signed are good no more.
    pub fn set_keys(&self, keys: CookieKeys) {
        self.inner.keys.store(Arc::new(keys));
    }

    /// What it was made of.
    pub fn config(&self) -> &SessionConfig {
        &self.inner.config
    }

    /// The sessions of a subject that are not over, the one that was used last first.
    ///
    /// # Errors
    /// `Outage`.
    pub async fn list(&self, subject: &str) -> Result<Vec<SessionView>, AuthError> {
        let limit = self.config().max_per_subject;
        let found = self.ask(self.records().list_erased(subject, limit)).await?;
        let live = found
            .into_iter()
            .filter(|record| self.is_live(&record.session));
        Ok(live.map(|record| SessionView::of(record.session)).collect())
    }

    /// Ends a session of this subject, as one picked from [`Sessions::list`]; `false` when it has
    /// none of that id.
    ///
    /// # Errors
    /// `Outage`.
    pub async fn end(&self, subject: &str, id: &str) -> Result<bool, AuthError> {
        let record = self.ask(self.records().load_erased(id)).await?;
        match record {
            Some(record) if record.session.subject == subject => {
                self.ask(self.records().remove_erased(id)).await
            }
            _ => Ok(false),
        }
    }

    /// Ends every session of this subject but the one that is to stay, and says how many. For a
    /// changed password, and for an account that is closed (ASVS 5.0, 7.4.2 and 7.4.3).
    ///
    /// # Errors
    /// `Outage`.
    pub async fn end_all(&self, subject: &str, keep: Option<&str>) -> Result<u64, AuthError> {
        self.ask(self.records().remove_all_erased(subject, keep))
            .await
    }

    pub(super) fn records(&self) -> &dyn ErasedSessionRecords {
        &*self.inner.records
    }

    pub(super) fn shape(&self) -> &CookieShape {
        &self.inner.shape
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.now)()
    }

    pub(super) fn sign(&self, id: &SessionId) -> Option<String> {
        self.inner.keys.load().sign(&self.shape().name, id)
    }

    /// An answer of the store, in time.
    pub(super) async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, AuthError>>,
    ) -> Result<T, AuthError> {
        let answer = tokio::time::timeout(self.config().store_timeout, question).await;
        answer.unwrap_or_else(|_| Err(AuthError::outage("the session store gave no answer")))
    }

    pub(super) fn is_live(&self, session: &Session) -> bool {
        let now = self.now();
        session.status == SessionStatus::Active
            && session.expires_at.is_some_and(|end| now < end)
            && !IdleLimit(self.config().idle_timeout).is_over(session, now)
    }

    /// Notes that the session is used now.
    pub(super) fn note_use(&self, record: &mut SessionRecord) {
        let now = self.now();
        record.session.last_seen_at = Some(now);
        record.idle_until = Some(now.saturating_add(self.config().idle_timeout));
    }

    /// The session of the cookie. Its use is noted when the last note is old.
    pub(super) async fn find(&self, headers: &HeaderMap) -> Result<Found, AuthError> {
        let keys = self.inner.keys.load_full();
        let shape = self.shape();
        let Some(value) = shape.find(headers) else {
            return Ok(Found::Nothing);
        };
        let Some(id) = keys.open(&shape.name, value) else {
            return Ok(Found::Stale);
        };
        let key = id.key();
        let Some(record) = self.ask(self.records().load_erased(&key)).await? else {
            return Ok(Found::Stale);
        };
        if !self.is_live(&record.session) {
            self.ask(self.records().remove_erased(&key)).await?;
            return Ok(Found::Stale);
        }
        match self.touch(&key, record).await? {
            Some(record) => Ok(Found::Live(id, Box::new(record))),
            None => Ok(Found::Stale),
        }
    }

    /// `None` when it was ended meanwhile.
    async fn touch(
        &self,
        key: &str,
        record: SessionRecord,
    ) -> Result<Option<SessionRecord>, AuthError> {
        let last = record
            .session
            .last_seen_at
            .unwrap_or(record.session.created_at);
        if self.now() < last.saturating_add(self.config().touch_interval) {
            return Ok(Some(record));
        }
        let mut next = record.clone();
        next.version += 1;
        self.note_use(&mut next);
        let swap = self
            .ask(self.records().replace_erased(key, next.clone()))
            .await?;
        Ok(match swap {
            Swap::Done => Some(next),
            // Another request noted it, or changed something.
            Swap::Conflict => self.ask(self.records().load_erased(key)).await?,
            Swap::Gone => None,
        })
    }

    /// Ends what is too much for one subject, those that were used longest ago.
    pub(super) async fn cap(&self, subject: &str, keep: &str) -> Result<(), AuthError> {
        let most = self.config().max_per_subject;
        let found = self
            .ask(self.records().list_erased(subject, most + MARGIN))
            .await?;
        let others = found.iter().filter(|record| record.session.id != keep);
        for record in others.skip(most - 1) {
            self.ask(self.records().remove_erased(&record.session.id))
                .await?;
        }
        Ok(())
    }
}

impl SessionView {
    fn of(session: Session) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}
