use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use plumego_client::{Client, Trusted};
use plumego_contract::auth::AuthError;
use plumego_contract::{BoxError, Problem, Problems};
use plumego_security::jwt::{Claims, KeySet, MAX_JWKS_BYTES, RsaAlgorithm, Rules, TokenErrorKind};
use plumego_stdx::Timestamp;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

/// How long somebody waits for newer keys who has some to go on with.
const PATIENCE: Duration = Duration::from_millis(500);

/// How the keys of another issuer are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteConfig {
    /// After this time the keys are fetched again. Default: 10 minutes.
    pub fresh_for: Duration,
    /// After this time keys that could not be fetched again are used no more. Default: 24 hours.
    pub stale_for: Duration,
    /// Two fetches are never closer, whatever the reason: a failure, or a token that names an
    /// unknown key. Default: 30 s, at least 1 s.
    pub min_interval: Duration,
    /// How long a fetch may take. Default: 5 s.
    pub timeout: Duration,
    /// What an RSA key of the issuer is taken for that names no algorithm; `None`, the default:
    /// for nothing.
    pub rsa_without_algorithm: Option<RsaAlgorithm>,
}

impl Default for RemoteConfig {
    fn default() -> Self {
        Self {
            fresh_for: Duration::from_mins(10),
            stale_for: Duration::from_hours(24),
            min_interval: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            rsa_without_algorithm: None,
        }
    }
}

impl RemoteConfig {
    /// Whether it makes sense.
    ///
    /// # Errors
    /// All that is wrong: an interval below 1 s, a timeout of zero, keys that are stale before they
    /// are old.
    pub fn check(&self) -> Result<(), Problems> {
        let mut problems = Problems::new();
        let mut expect = |right: bool, text: &str| {
            if !right {
                problems.push(Problem::new(text));
            }
        };
        expect(
            self.min_interval >= Duration::from_secs(1),
            "`min_interval` is below 1 s: tokens with made-up key names would flood the issuer",
        );
        expect(
            !self.timeout.is_zero(),
            "`timeout` is zero: no key could be fetched",
        );
        expect(
            self.fresh_for <= self.stale_for,
            "`fresh_for` is longer than `stale_for`: keys would be too old before they are old",
        );
        problems.into_result(())
    }
}

/// Where key sets come from, when not from a URL.
pub trait FetchKeys: Send + Sync + 'static {
    /// The JWK set of the issuer, in JSON.
    ///
    /// # Errors
    /// Any: the keys at hand stay. It is for the log alone.
    fn fetch(&self) -> impl Future<Output = Result<Bytes, BoxError>> + Send;
}

/// The keys of another issuer, kept for a while. A clone is the same.
///
/// Nothing is fetched until the first token comes.
pub struct RemoteKeys<F = FromUrl> {
    shared: Arc<Shared<F>>,
}

struct Shared<F> {
    source: F,
    config: RemoteConfig,
    kept: ArcSwapOption<Kept>,
    /// Held by the task that fetches.
    fetching: Arc<Mutex<Attempt>>,
}

struct Kept {
    keys: KeySet,
    since: Instant,
}

/// When it was last tried.
#[derive(Default)]
struct Attempt {
    at: Option<Instant>,
}

/// A URL that the operator chose.
pub struct FromUrl {
    client: Client<Trusted>,
    url: String,
}

impl FetchKeys for FromUrl {
    async fn fetch(&self) -> Result<Bytes, BoxError> {
        let answer = self.client.get(self.url.as_str()).send().await?.ok()?;
        Ok(answer.bytes().await?)
    }
}

impl RemoteKeys {
    /// The keys at this URL.
    ///
    /// # Errors
    /// All that is wrong with the URL and the settings.
    pub fn new(url: &str, config: RemoteConfig) -> Result<Self, Problems> {
        let client = Client::trusted("jwks", url)
            .timeout(config.timeout)
            .max_response_bytes(MAX_JWKS_BYTES as u64)
            .build();
        Self::with_client(client?, url, config)
    }

    /// As [`RemoteKeys::new`], by a client that was made for this origin: with certificates of its
    /// own, say.
    ///
    /// # Errors
    /// All that is wrong with the settings.
    pub fn with_client(
        client: Client<Trusted>,
        url: &str,
        config: RemoteConfig,
    ) -> Result<Self, Problems> {
        let url = url.to_owned();
        Self::from_source(FromUrl { client, url }, config)
    }
}

impl<F: FetchKeys> RemoteKeys<F> {
    /// The keys that come from somewhere else.
    ///
    /// # Errors
    /// All that is wrong with the settings.
    pub fn from_source(source: F, config: RemoteConfig) -> Result<Self, Problems> {
        config.check()?;
        Ok(Self {
            shared: Arc::new(Shared {
                source,
                config,
                kept: ArcSwapOption::empty(),
                fetching: Arc::default(),
            }),
        })
    }

    /// The claims of a token of the issuer, by these rules.
    ///
    /// # Errors
    /// What is wrong with the token; `Outage` when there are no keys to verify it with.
    pub async fn verify(
        &self,
        token: &str,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Claims, AuthError> {
        let shared = &self.shared;
        let kept = shared.current().await?;
        let verified = rules.verify(token, &kept.keys, now);
        match verified {
            Err(error) if error.kind() == TokenErrorKind::UnknownKey => {
                match shared.newer_than(&kept).await {
                    Some(newer) => Ok(rules.verify(token, &newer.keys, now)?),
                    None => Err(error.into()),
                }
            }
            other => Ok(other?),
        }
    }
}

impl<F: FetchKeys> Shared<F> {
    /// The keys to verify with now, fetched if need be.
    async fn current(self: &Arc<Self>) -> Result<Arc<Kept>, AuthError> {
        let kept = self.kept.load_full();
        match kept {
            Some(kept) if kept.since.elapsed() < self.config.fresh_for => Ok(kept),
            // Old: one request has them fetched and waits a little, the others go on at once.
            Some(kept) if kept.since.elapsed() < self.config.stale_for => {
                let Ok(attempt) = Arc::clone(&self.fetching).try_lock_owned() else {
                    return Ok(kept);
                };
                let newer = tokio::time::timeout(PATIENCE, self.fetch(attempt)).await;
                Ok(newer.ok().flatten().unwrap_or(kept))
            }
            // Nothing to go on with: everybody waits for the one that fetches.
            _ => {
                let attempt = Arc::clone(&self.fetching).lock_owned().await;
                if let Some(kept) = self.usable() {
                    return Ok(kept);
                }
                let fetched = self.fetch(attempt).await;
                fetched.ok_or_else(|| AuthError::outage("the keys of the issuer are not there"))
            }
        }
    }

    /// Other keys than these, when somebody has fetched them meanwhile or they may be fetched now.
    async fn newer_than(self: &Arc<Self>, kept: &Arc<Kept>) -> Option<Arc<Kept>> {
        let attempt = Arc::clone(&self.fetching).lock_owned().await;
        let there = self.kept.load_full();
        match there {
            Some(there) if !Arc::ptr_eq(&there, kept) => Some(there),
            _ => self.fetch(attempt).await,
        }
    }

    fn usable(&self) -> Option<Arc<Kept>> {
        let kept = self.kept.load_full();
        kept.filter(|kept| kept.since.elapsed() < self.config.stale_for)
    }

    /// Fetches, unless that was tried a moment ago.
    async fn fetch(self: &Arc<Self>, mut attempt: OwnedMutexGuard<Attempt>) -> Option<Arc<Kept>> {
        let interval = self.config.min_interval;
        if attempt.at.is_some_and(|at| at.elapsed() < interval) {
            return None;
        }
        attempt.at = Some(Instant::now());
        let shared = Arc::clone(self);
        // In a task of its own: else somebody who asks and hangs up, again and again, could keep
        // the keys from ever coming.
        let task = tokio::spawn(async move {
            let fetched = shared.fetch_now().await;
            drop(attempt);
            fetched
        });
        task.await.ok().flatten()
    }

    async fn fetch_now(&self) -> Option<Arc<Kept>> {
        let since = Instant::now();
        let fetched = tokio::time::timeout(self.config.timeout, self.source.fetch()).await;
        let read = match fetched {
            Ok(Ok(json)) => {
                let assumed = self.config.rsa_without_algorithm;
                KeySet::public_from_jwks(&json, assumed).map_err(BoxError::from)
            }
            Ok(Err(error)) => Err(error),
            Err(elapsed) => Err(elapsed.into()),
        };
        match read {
            Ok(keys) => {
                let kept = Arc::new(Kept { keys, since });
                self.kept.store(Some(Arc::clone(&kept)));
                Some(kept)
            }
            Err(error) => {
                tracing::warn!(error = &*error, "the keys of an issuer were not fetched");
                None
            }
        }
    }
}

impl<F> Clone for RemoteKeys<F> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<F> fmt::Debug for RemoteKeys<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for FromUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromUrl")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
