//! A token service with a clock that the test sets, and stores that can be away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use plumego_contract::auth::{AuthError, AuthErrorKind, Principal, RefreshManager, Tokens};
use plumego_identity::ring::KeyRing;
use plumego_identity::tokens::{
    Family, MemoryRefreshStore, MemoryRevocations, RefreshStore, RevocationStore, Standing,
    TokenConfig, TokenService,
};
use plumego_security::jwt::{HmacAlgorithm, SigningKey};
use plumego_stdx::Timestamp;

pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// The time of a test, in seconds.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_800_000_000)))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_unix_nanos(self.seconds() * 1_000_000_000)
    }
}

/// A key of which every one is another.
pub(crate) fn key(number: usize) -> SigningKey {
    let secret = format!("{number:064}abcdefgh");
    SigningKey::hmac(HmacAlgorithm::Hs256, secret.as_bytes()).unwrap()
}

pub(crate) struct World {
    pub(crate) tokens: TokenService,
    pub(crate) clock: Clock,
    pub(crate) away: Arc<AtomicBool>,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut config = TokenConfig::new("https://id.example", "orders");
        config.leeway = Duration::ZERO;
        Self::with(config)
    }

    pub(crate) fn with(config: TokenConfig) -> Self {
        let clock = Clock::new();
        let away = Arc::new(AtomicBool::new(false));
        let ring = KeyRing::new("first", key(0)).unwrap();
        let families = Flaky(MemoryRefreshStore::default(), Arc::clone(&away));
        let revocations = Flaky(MemoryRevocations::default(), Arc::clone(&away));
        let tokens = TokenService::new(config, ring, families, revocations).unwrap();
        let now = clock.clone();
        Self {
            tokens: tokens.clock(move || now.now()),
            clock,
            away,
        }
    }

    pub(crate) async fn sign_in(&self, subject: &str) -> Tokens {
        self.tokens.issue(&Principal::new(subject)).await.unwrap()
    }

    pub(crate) async fn verify(&self, tokens: &Tokens) -> Result<Principal, AuthErrorKind> {
        let token = tokens.access_token.expose();
        self.tokens
            .verify(token)
            .await
            .map_err(|error| error.kind())
    }

    pub(crate) async fn refresh(&self, tokens: &Tokens) -> Result<Tokens, AuthErrorKind> {
        let refreshed = self.tokens.refresh(&tokens.refresh_token).await;
        refreshed.map_err(|error| error.kind())
    }
}

/// A store that is away when told so.
struct Flaky<S>(S, Arc<AtomicBool>);

impl<S> Flaky<S> {
    fn there(&self) -> Result<&S, AuthError> {
        if self.1.load(Ordering::SeqCst) {
            return Err(AuthError::outage("the store is away"));
        }
        Ok(&self.0)
    }
}

impl<S: RefreshStore> RefreshStore for Flaky<S> {
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

impl<S: RevocationStore> RevocationStore for Flaky<S> {
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
