use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;
use http::request::Parts;
use plumego_contract::auth::{AuthError, AuthErrorKind, Principal, Session};
use plumego_contract::{Error, FromParts};

use super::cookie::SessionId;
use super::record::{SessionRecord, Swap};
use super::sessions::{Found, Sessions};

/// How often a write is done again when others write at the same time.
const MAX_TRIES: usize = 64;

/// The session of the request: an extractor below a [`SessionLayer`](super::SessionLayer).
///
/// Nothing is stored before something is to be kept: a visitor who only reads has no session. Every
/// write is in the store when its call returns, and the cookie goes out with the response.
#[derive(Clone)]
pub struct CurrentSession(Arc<Shared>);

struct Shared {
    sessions: Sessions,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    id: Option<SessionId>,
    record: Option<SessionRecord>,
    cookie: Option<HeaderValue>,
    /// Whether the store was away, so that it is not known what there is.
    is_unknown: bool,
}

impl CurrentSession {
    pub(super) fn new(sessions: Sessions, found: Result<Found, AuthError>) -> Self {
        let mut held = Held::default();
        match found {
            Ok(Found::Live(id, record)) => {
                held.id = Some(id);
                held.record = Some(*record);
            }
            Ok(Found::Stale) => held.cookie = sessions.shape().clear(),
            Ok(Found::Nothing) => {}
            Err(_) => held.is_unknown = true,
        }
        Self(Arc::new(Shared {
            sessions,
            held: Mutex::new(held),
        }))
    }

    /// Names the session in [`Sessions::list`]; it lets nobody in. `None` when there is none yet.
    pub fn id(&self) -> Option<String> {
        let held = self.held();
        held.record.as_ref().map(|record| record.session.id.clone())
    }

    /// Who signed in.
    pub fn principal(&self) -> Option<Principal> {
        self.held().record.as_ref()?.principal.clone()
    }

    /// A value, as this request found or left it.
    pub fn get(&self, name: &str) -> Option<String> {
        self.held().record.as_ref()?.data().get(name).cloned()
    }

    /// Changes the data, and begins a session when there is none. The function is called again,
    /// on what the other left, when another request wrote at the same time: no write is lost.
    ///
    /// # Errors
    /// `503` when the store is away; `401` when the session was ended meanwhile; `500` when the
    /// data would be more than the bound.
    pub async fn update<T>(
        &self,
        mut change: impl FnMut(&mut BTreeMap<String, String>) -> T,
    ) -> Result<T, Error> {
        self.known()?;
        let Some((key, mut record)) = self.there() else {
            let mut data = BTreeMap::new();
            let value = change(&mut data);
            self.begin(None, data).await?;
            return Ok(value);
        };
        for _ in 0..MAX_TRIES {
            let mut next = record.clone();
            let value = change(&mut next.session.attributes);
            self.fits(&next.session.attributes)?;
            next.version += 1;
            self.0.sessions.note_use(&mut next);
            match self.replace(&key, &next).await? {
                Swap::Done => {
                    self.held().record = Some(next);
                    return Ok(value);
                }
                Swap::Conflict => record = self.reload(&key).await?,
                Swap::Gone => return Err(AuthError::new(AuthErrorKind::SessionRevoked).into()),
            }
        }
        Err(AuthError::outage("others changed the session all the time").into())
    }

    /// Signs somebody in: the session gets a new id and a new end, the old id is worth nothing from
    /// now on. What was kept for the visitor stays, unless somebody else was signed in.
    ///
    /// # Errors
    /// `503` when the store is away or full; `500` for a principal without a subject.
    pub async fn sign_in(&self, principal: Principal) -> Result<(), Error> {
        self.known()?;
        if principal.subject.is_empty() {
            return Err(Error::internal(
                "a principal without a subject cannot sign in",
            ));
        }
        let subject = principal.subject.clone();
        let Some((key, mut record)) = self.there() else {
            self.begin(Some(principal), BTreeMap::new()).await?;
            return self.cap(&subject).await;
        };
        for _ in 0..MAX_TRIES {
            let before = record.principal.as_ref();
            let is_other = before.is_some_and(|before| before.subject != subject);
            let data = if is_other {
                BTreeMap::new()
            } else {
                record.session.attributes.clone()
            };
            let (id, mut next) = self.fresh(Some(principal.clone()), data)?;
            next.version = record.version + 1;
            match self.replace(&key, &next).await? {
                Swap::Done => {
                    self.hold(id, next)?;
                    return self.cap(&subject).await;
                }
                Swap::Conflict => record = self.reload(&key).await?,
                // Ended meanwhile: nothing of it is taken along.
                Swap::Gone => {
                    self.begin(Some(principal), BTreeMap::new()).await?;
                    return self.cap(&subject).await;
                }
            }
        }
        Err(AuthError::outage("others changed the session all the time").into())
    }

    /// Changes the rights of who is signed in, and the id with them. The end stays.
    ///
    /// # Errors
    /// `401` when nobody is signed in, or the session was ended meanwhile; `500` for another
    /// subject; `503` when the store is away.
    pub async fn set_principal(&self, principal: Principal) -> Result<(), Error> {
        self.renew(|record| {
            if record.session.subject != principal.subject {
                return Err(Error::internal("another subject has to sign in"));
            }
            record.session.tenant.clone_from(&principal.tenant);
            record.principal = Some(principal.clone());
            Ok(())
        })
        .await
    }

    /// Gives the session a new id, as before and after something that needs more trust.
    ///
    /// # Errors
    /// As [`CurrentSession::set_principal`].
    pub async fn rotate(&self) -> Result<(), Error> {
        self.renew(|_| Ok(())).await
    }

    /// Ends the session: it is gone from the store, and the browser forgets the cookie.
    ///
    /// # Errors
    /// `503` when the store is away: then it is not ended.
    pub async fn sign_out(&self) -> Result<(), Error> {
        self.known()?;
        let sessions = &self.0.sessions;
        if let Some((key, _)) = self.there() {
            sessions.ask(sessions.records().remove_erased(&key)).await?;
        }
        let mut held = self.held();
        held.id = None;
        held.record = None;
        held.cookie = sessions.shape().clear();
        Ok(())
    }

    pub(super) fn session(&self) -> Option<Session> {
        self.held()
            .record
            .as_ref()
            .map(|record| record.session.clone())
    }

    pub(super) fn take_cookie(&self) -> Option<HeaderValue> {
        self.held().cookie.take()
    }

    async fn renew(
        &self,
        change: impl Fn(&mut SessionRecord) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.known()?;
        let signed_in = |record: &SessionRecord| record.principal.is_some();
        let there = self.there().filter(|(_, record)| signed_in(record));
        let (key, mut record) = there.ok_or(AuthError::unauthenticated())?;
        for _ in 0..MAX_TRIES {
            let id = random_id()?;
            let mut next = record.clone();
            change(&mut next)?;
            next.session.id = id.key();
            next.version += 1;
            match self.replace(&key, &next).await? {
                Swap::Done => return self.hold(id, next),
                Swap::Conflict => record = self.reload(&key).await?,
                Swap::Gone => return Err(AuthError::new(AuthErrorKind::SessionRevoked).into()),
            }
        }
        Err(AuthError::outage("others changed the session all the time").into())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session that there is, with the id it is stored under.
    fn there(&self) -> Option<(String, SessionRecord)> {
        let record = self.held().record.clone()?;
        Some((record.session.id.clone(), record))
    }

    fn known(&self) -> Result<(), Error> {
        if self.held().is_unknown {
            return Err(AuthError::outage("the session store was away").into());
        }
        Ok(())
    }

    async fn replace(&self, key: &str, next: &SessionRecord) -> Result<Swap, Error> {
        let sessions = &self.0.sessions;
        let swap = sessions.records().replace_erased(key, next.clone());
        Ok(sessions.ask(swap).await?)
    }

    async fn reload(&self, key: &str) -> Result<SessionRecord, Error> {
        let sessions = &self.0.sessions;
        let record = sessions.ask(sessions.records().load_erased(key)).await?;
        let live = record.filter(|record| sessions.is_live(&record.session));
        Ok(live.ok_or(AuthError::new(AuthErrorKind::SessionRevoked))?)
    }

    async fn begin(
        &self,
        principal: Option<Principal>,
        data: BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let (id, record) = self.fresh(principal, data)?;
        let sessions = &self.0.sessions;
        sessions
            .ask(sessions.records().insert_erased(record.clone()))
            .await?;
        self.hold(id, record)
    }

    fn fresh(
        &self,
        principal: Option<Principal>,
        data: BTreeMap<String, String>,
    ) -> Result<(SessionId, SessionRecord), Error> {
        self.fits(&data)?;
        let id = random_id()?;
        let now = self.0.sessions.now();
        let subject = principal
            .as_ref()
            .map_or("", |principal| &principal.subject);
        let mut session = Session::new(id.key(), subject);
        session.tenant = principal
            .as_ref()
            .and_then(|principal| principal.tenant.clone());
        session.created_at = now;
        session.expires_at = Some(now.saturating_add(self.0.sessions.config().absolute_timeout));
        session.attributes = data;
        let mut record = SessionRecord::new(session, principal);
        self.0.sessions.note_use(&mut record);
        Ok((id, record))
    }

    fn hold(&self, id: SessionId, record: SessionRecord) -> Result<(), Error> {
        let value = self.0.sessions.sign(&id);
        let cookie = value.and_then(|value| self.0.sessions.shape().set(&value));
        let cookie = cookie.ok_or_else(|| Error::internal("the session cookie was not made"))?;
        let mut held = self.held();
        held.id = Some(id);
        held.record = Some(record);
        held.cookie = Some(cookie);
        Ok(())
    }

    async fn cap(&self, subject: &str) -> Result<(), Error> {
        let keep = self.id().unwrap_or_default();
        Ok(self.0.sessions.cap(subject, &keep).await?)
    }

    fn fits(&self, data: &BTreeMap<String, String>) -> Result<(), Error> {
        let bytes: usize = data
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        let most = self.0.sessions.config().max_data_bytes;
        if bytes > most {
            return Err(Error::internal(format!(
                "the session would have {bytes} bytes of data, at most {most}"
            )));
        }
        Ok(())
    }
}

fn random_id() -> Result<SessionId, Error> {
    SessionId::random().map_err(Error::internal)
}

/// Without ids and data.
impl fmt::Debug for CurrentSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = self.principal().map(|principal| principal.subject);
        f.debug_struct("CurrentSession")
            .field("subject", &subject)
            .finish_non_exhaustive()
    }
}

/// `500` without the layer, which is a mistake in the wiring.
impl FromParts for CurrentSession {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            Error::internal("no `SessionLayer` is around this route: `CurrentSession` needs one")
                .absent()
        })
    }
}
