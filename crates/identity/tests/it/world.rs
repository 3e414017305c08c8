//! A token service with a clock that the test sets, and stores that can be away.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use plumego_contract::auth::{AuthErrorKind, Principal, RefreshManager, Tokens};
use plumego_identity::conformance::Switched;
use plumego_identity::ring::KeyRing;
use plumego_identity::tokens::{MemoryRefreshStore, MemoryRevocations, TokenConfig, TokenService};
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
    families: Switched<MemoryRefreshStore>,
    revocations: Switched<MemoryRevocations>,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut config = TokenConfig::new("https://id.example", "orders");
        config.leeway = Duration::ZERO;
        Self::with(config)
    }

    pub(crate) fn with(config: TokenConfig) -> Self {
        let clock = Clock::new();
        let ring = KeyRing::new("first", key(0)).unwrap();
        let families = Switched::new(MemoryRefreshStore::default());
        let revocations = Switched::new(MemoryRevocations::default());
        let tokens =
            TokenService::new(config, ring, families.clone(), revocations.clone()).unwrap();
        let now = clock.clone();
        Self {
            tokens: tokens.clock(move || now.now()),
            clock,
            families,
            revocations,
        }
    }

    pub(crate) fn go_away(&self, is_away: bool) {
        self.families.go_away(is_away);
        self.revocations.go_away(is_away);
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
