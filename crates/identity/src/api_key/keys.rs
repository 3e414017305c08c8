use std::fmt;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::request::Parts as RequestParts;
use http::{HeaderMap, HeaderName, HeaderValue};
use plumego_contract::auth::{AuthError, AuthErrorKind, Authenticator, Principal};
use plumego_contract::{Error, Problem, Problems};
use plumego_stdx::{Secret, Timestamp, ct_eq};

use super::key::{self, Parts};
use super::store::{ApiKeyRecord, ApiKeyStore, ErasedApiKeyStore};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The claim of a principal that names the key it came with.
const KEY_ID: &str = "api_key_id";

const MAX_NAME_CHARS: usize = 100;

type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What keys look like.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiKeyConfig {
    /// What every key begins with, before a `_`: 1 to 16 of `a-z` and `0-9`. It tells whose keys
    /// these are, so that a leaked one is recognised.
    pub prefix: String,
}

impl ApiKeyConfig {
    /// With this prefix.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
        }
    }
}

/// Issues, checks and withdraws API keys. Cheap to clone; see the [module](super).
#[derive(Clone)]
pub struct ApiKeys {
    store: Arc<dyn ErasedApiKeyStore>,
    prefix: Arc<str>,
    now: Now,
}

/// A key that was issued right now.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IssuedKey {
    /// The key itself: show it once, it is kept nowhere.
    pub key: Secret<String>,
    /// What is kept of it.
    pub record: ApiKeyRecord,
}

impl ApiKeys {
    /// Keys in this store.
    ///
    /// # Errors
    /// A prefix that does not fit.
    pub fn new(store: impl ApiKeyStore, config: ApiKeyConfig) -> Result<Self, Problems> {
        let ApiKeyConfig { prefix } = config;
        let mut problems = Problems::new();
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        if !(1..=16).contains(&prefix.len()) || !prefix.bytes().all(fits) {
            let message =
                format!("API keys: prefix is {prefix:?}: expected 1 to 16 of a-z and 0-9");
            problems.push(Problem::new(message));
        }
        problems.into_result(Self {
            store: Arc::new(store),
            prefix: Arc::from(prefix),
            now: Arc::new(Timestamp::now),
        })
    }

    /// Takes the time from another clock than the system's.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
        self
    }

    /// A new key. Its holder is this principal, with its scopes; give a key fewer than its owner.
    ///
    /// # Errors
    /// `422` for a name that is too long; `500` for a principal without a subject; `503` when the
    /// store is away or full.
    pub async fn issue(
        &self,
        name: &str,
        principal: Principal,
        expires_at: Option<Timestamp>,
    ) -> Result<IssuedKey, Error> {
        if name.chars().count() > MAX_NAME_CHARS {
            let detail = format!("At most {MAX_NAME_CHARS} characters.");
            return Err(Error::validation("name", detail));
        }
        if principal.subject.is_empty() {
            return Err(Error::internal(
                "an API key needs a principal with a subject",
            ));
        }
        let key = key::make(&self.prefix).map_err(Error::internal)?;
        let parts = Parts::of(&self.prefix, key.expose());
        let parts = parts.ok_or_else(|| Error::internal("a new API key has another form"))?;
        let mut record = ApiKeyRecord::new(parts.id, parts.hash(), principal);
        name.clone_into(&mut record.name);
        record.created_at = (self.now)();
        record.expires_at = expires_at;
        self.store.insert_erased(record.clone()).await?;
        Ok(IssuedKey { key, record })
    }

    /// Withdraws a key of this subject; `false` when it has none of that id.
    ///
    /// # Errors
    /// `Outage`.
    pub async fn revoke(&self, subject: &str, id: &str) -> Result<bool, AuthError> {
        self.store.revoke_erased(subject, id, (self.now)()).await
    }

    /// The keys of a subject, withdrawn ones too, the newest first, at most `limit`.
    ///
    /// # Errors
    /// `Outage`.
    pub async fn list(&self, subject: &str, limit: usize) -> Result<Vec<ApiKeyRecord>, AuthError> {
        self.store.list_erased(subject, limit).await
    }

    /// The holder of a key.
    ///
    /// # Errors
    /// `InvalidToken`, also for one that was withdrawn; `TokenExpired`; `Outage`.
    pub async fn verify(&self, key: &str) -> Result<Principal, AuthError> {
        let parts = Parts::of(&self.prefix, key).ok_or(AuthError::invalid_token())?;
        let found = self.store.get_erased(parts.id).await?;
        let hash = parts.hash();
        // As much is compared for an id that there is not.
        let stored = found.as_ref().map_or([0; 32], |record| record.hash);
        let is_same = ct_eq(&hash, &stored);
        let record = found
            .filter(|_| is_same)
            .ok_or(AuthError::invalid_token())?;
        if record.revoked_at.is_some() {
            return Err(AuthError::invalid_token());
        }
        if record.expires_at.is_some_and(|end| end <= (self.now)()) {
            return Err(AuthError::new(AuthErrorKind::TokenExpired));
        }
        Ok(record.principal.with_claim(KEY_ID, record.id))
    }

    /// The one key in the headers; `Unauthenticated` when there is none. More credentials than one
    /// are refused, also those of another kind: who else reads them may believe the other ones.
    fn find<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, AuthError> {
        let own = only(headers, &X_API_KEY)?;
        let authorization = only(headers, &AUTHORIZATION)?;
        let bearer = authorization.and_then(|value| bearer(value.to_str().ok()?));
        let is_ours = |key: &&str| {
            let rest = key.strip_prefix(&*self.prefix);
            rest.is_some_and(|rest| rest.starts_with('_'))
        };
        match (own, bearer) {
            (Some(own), None) => own.to_str().map_err(|_| AuthError::invalid_token()),
            (Some(_), Some(_)) => Err(AuthError::invalid_token()),
            (None, bearer) => bearer.filter(is_ours).ok_or(AuthError::unauthenticated()),
        }
    }
}

/// The value of a header; one that is there twice is an error.
fn only<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, AuthError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(AuthError::invalid_token()),
    }
}

/// What stands after `Bearer` and one or more spaces (RFC 9110, section 11.4).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| rest.trim_start_matches(' '))
}

impl Authenticator for ApiKeys {
    async fn authenticate(&self, parts: &RequestParts) -> Result<Principal, AuthError> {
        let key = self.find(&parts.headers)?;
        self.verify(key).await
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Asks the first authenticator, and the second when the first sees no credentials of its kind.
/// Wrong ones are refused by the first, and the second is not asked.
///
/// ```
/// # use plumego_contract::auth::Authenticator;
/// # use plumego_identity::api_key::{ApiKeys, FirstOf};
/// # use plumego_middleware::auth::AuthenticateLayer;
/// fn programs_and_people(keys: ApiKeys, tokens: impl Authenticator) -> AuthenticateLayer {
///     AuthenticateLayer::new(FirstOf(keys, tokens))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct FirstOf<A, B>(pub A, pub B);

impl<A: Authenticator, B: Authenticator> Authenticator for FirstOf<A, B> {
    async fn authenticate(&self, parts: &RequestParts) -> Result<Principal, AuthError> {
        match self.0.authenticate(parts).await {
            Err(error) if error.kind() == AuthErrorKind::Unauthenticated => {
                self.1.authenticate(parts).await
            }
            answer => answer,
        }
    }
}
