use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use plumego_contract::BoxError;
use plumego_contract::auth::AuthErrorKind as Kind;
use plumego_identity::jwks::{FetchKeys, RemoteConfig, RemoteKeys};
use plumego_security::jwt::{
    Algorithm, Claims, KeySet, MAX_JWKS_BYTES, Rules, SigningKey, sign_claims,
};
use plumego_stdx::Timestamp;
use tokio::task::JoinSet;

use crate::world::Clock;

const MINUTE: Duration = Duration::from_mins(1);

/// An issuer whose answers the test chooses.
#[derive(Clone)]
struct Issuer(Arc<Inner>);

struct Inner {
    fetched: AtomicUsize,
    answer: Mutex<Answer>,
}

#[derive(Clone)]
enum Answer {
    Set(String),
    Refused,
    /// Nothing at all.
    Silent,
    /// A set, after so long.
    Slow(String, Duration),
}

impl FetchKeys for Issuer {
    async fn fetch(&self) -> Result<Bytes, BoxError> {
        self.0.fetched.fetch_add(1, Ordering::SeqCst);
        let answer = self.0.answer.lock().unwrap().clone();
        // Others get their turn meanwhile.
        tokio::task::yield_now().await;
        match answer {
            Answer::Set(json) => Ok(json.into()),
            Answer::Refused => Err("connection refused".into()),
            Answer::Silent => std::future::pending().await,
            Answer::Slow(json, after) => {
                let _over = tokio::time::timeout(after, std::future::pending::<()>()).await;
                Ok(json.into())
            }
        }
    }
}

struct Setting {
    issuer: Issuer,
    keys: RemoteKeys<Issuer>,
    clock: Clock,
}

impl Setting {
    fn new() -> Self {
        let inner = Inner {
            fetched: AtomicUsize::new(0),
            answer: Mutex::new(Answer::Refused),
        };
        let issuer = Issuer(Arc::new(inner));
        let keys = RemoteKeys::from_source(issuer.clone(), RemoteConfig::default()).unwrap();
        let clock = Clock::new();
        Self {
            issuer,
            keys,
            clock,
        }
    }

    fn shows(&self, keys: &[(&str, &SigningKey)]) {
        self.answers(Answer::Set(set(keys)));
    }

    fn answers(&self, answer: Answer) {
        *self.issuer.0.answer.lock().unwrap() = answer;
    }

    fn fetched(&self) -> usize {
        self.issuer.0.fetched.load(Ordering::SeqCst)
    }

    async fn verify(&self, token: &str) -> Result<(), Kind> {
        verify(&self.keys, token, self.clock.now()).await
    }
}

async fn verify(keys: &RemoteKeys<Issuer>, token: &str, now: Timestamp) -> Result<(), Kind> {
    let rules = Rules::new("them", "us", "at+jwt", MINUTE);
    let claims = keys.verify(token, &rules, now).await;
    claims.map(|_| ()).map_err(|error| error.kind())
}

fn set(keys: &[(&str, &SigningKey)]) -> String {
    let keys = keys
        .iter()
        .map(|(id, key)| (Some((*id).to_owned()), key.verifying_key().clone()));
    KeySet::new(keys).unwrap().to_jwks()
}

fn ed25519() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

fn token(id: &str, key: &SigningKey, now: Timestamp) -> String {
    let claims = Claims::new("them", "us", "ada", now, now.saturating_add(MINUTE));
    sign_claims(key, id, "at+jwt", &claims).unwrap()
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_when_needed_and_kept() {
    let (world, key) = (Setting::new(), ed25519());
    assert_eq!(world.fetched(), 0, "nothing before the first token");
    world.shows(&[("a", &key)]);
    let token = token("a", &key, world.clock.now());
    for _ in 0..100 {
        world.verify(&token).await.unwrap();
    }
    assert_eq!(world.fetched(), 1);
    tokio::time::advance(10 * MINUTE).await;
    world.verify(&token).await.unwrap();
    assert_eq!(world.fetched(), 2);
}

#[tokio::test(start_paused = true)]
async fn many_at_once_fetch_once() {
    let (world, key) = (Setting::new(), ed25519());
    world.shows(&[("a", &key)]);
    let token = token("a", &key, world.clock.now());
    let mut all = JoinSet::new();
    for _ in 0..64 {
        let (keys, token, now) = (world.keys.clone(), token.clone(), world.clock.now());
        all.spawn(async move { verify(&keys, &token, now).await });
    }
    assert!(
        all.join_all()
            .await
            .into_iter()
            .all(|result| result.is_ok())
    );
    assert_eq!(world.fetched(), 1);
}

#[tokio::test(start_paused = true)]
async fn made_up_key_names_fetch_once_in_an_interval() {
    let (world, key, other) = (Setting::new(), ed25519(), ed25519());
    world.shows(&[("a", &key)]);
    let now = world.clock.now();
    world.verify(&token("a", &key, now)).await.unwrap();
    for number in 0..1000 {
        let forged = token(&format!("made up {number}"), &other, now);
        assert_eq!(world.verify(&forged).await, Err(Kind::InvalidToken));
    }
    assert_eq!(world.fetched(), 1, "the first fetch was less than 30 s ago");
    tokio::time::advance(Duration::from_secs(30)).await;
    let mut all = JoinSet::new();
    for number in 0..1000 {
        let forged = token(&format!("made up {number}"), &other, now);
        let keys = world.keys.clone();
        all.spawn(async move { verify(&keys, &forged, now).await });
    }
    let refused = |result: Result<(), Kind>| result == Err(Kind::InvalidToken);
    assert!(all.join_all().await.into_iter().all(refused));
    assert_eq!(world.fetched(), 2);
    // Who has a real token waits for none of that.
    world.verify(&token("a", &key, now)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_new_key_of_the_issuer_is_found_before_the_old_ones_are_old() {
    let (world, old, new) = (Setting::new(), ed25519(), ed25519());
    world.shows(&[("old", &old)]);
    let now = world.clock.now();
    world.verify(&token("old", &old, now)).await.unwrap();
    world.shows(&[("new", &new)]);
    let fresh = token("new", &new, now);
    assert_eq!(
        world.verify(&fresh).await,
        Err(Kind::InvalidToken),
        "too soon to ask again"
    );
    tokio::time::advance(Duration::from_secs(30)).await;
    world.verify(&fresh).await.unwrap();
    // What the issuer shows no more is good no more.
    assert_eq!(
        world.verify(&token("old", &old, now)).await,
        Err(Kind::InvalidToken)
    );
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_away_is_no_refusal_and_stale_keys_have_an_end() {
    let (world, key) = (Setting::new(), ed25519());
    let token = token("a", &key, world.clock.now());
    assert_eq!(world.verify(&token).await, Err(Kind::Outage));
    assert_eq!(world.verify(&token).await, Err(Kind::Outage));
    assert_eq!(
        world.fetched(),
        1,
        "the failure is not asked for again at once"
    );
    tokio::time::advance(Duration::from_secs(30)).await;
    world.shows(&[("a", &key)]);
    world.verify(&token).await.unwrap();
    world.answers(Answer::Refused);
    for _ in 0..23 {
        tokio::time::advance(60 * MINUTE).await;
        world.verify(&token).await.unwrap();
    }
    assert_eq!(world.fetched(), 25, "each hour once");
    tokio::time::advance(60 * MINUTE).await;
    assert_eq!(world.verify(&token).await, Err(Kind::Outage));
    tokio::time::advance(Duration::from_secs(30)).await;
    world.shows(&[("a", &key)]);
    world.verify(&token).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_silent_issuer_is_waited_for_in_bounds_and_by_one() {
    let (world, key) = (Setting::new(), ed25519());
    world.shows(&[("a", &key)]);
    let token = token("a", &key, world.clock.now());
    world.verify(&token).await.unwrap();
    world.answers(Answer::Silent);
    tokio::time::advance(10 * MINUTE).await;
    let start = tokio::time::Instant::now();
    let (keys, one, now) = (world.keys.clone(), token.clone(), world.clock.now());
    let waiting = tokio::spawn(async move { verify(&keys, &one, now).await });
    while world.fetched() < 2 {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        world.verify(&token).await.unwrap();
    }
    assert_eq!(
        start.elapsed(),
        Duration::ZERO,
        "the others wait for nothing"
    );
    waiting.await.unwrap().unwrap();
    assert_eq!(
        start.elapsed(),
        Duration::from_millis(500),
        "nor the one for long"
    );
    assert_eq!(world.fetched(), 2);
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_taken_as_if_the_issuer_were_down() {
    let (world, key) = (Setting::new(), ed25519());
    world.shows(&[("a", &key)]);
    let token = token("a", &key, world.clock.now());
    world.verify(&token).await.unwrap();
    let secret = r#"{"keys":[{"kty":"oct","alg":"HS256","k":"AAAA"}]}"#.to_owned();
    let huge = " ".repeat(MAX_JWKS_BYTES + 1);
    for answer in [
        String::new(),
        "<html>".to_owned(),
        r#"{"keys":[]}"#.to_owned(),
        secret,
        huge,
    ] {
        world.answers(Answer::Set(answer));
        tokio::time::advance(10 * MINUTE).await;
        world.verify(&token).await.unwrap();
    }
    assert_eq!(world.fetched(), 6);
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_keeps_the_keys_from_nobody() {
    let (world, old, new) = (Setting::new(), ed25519(), ed25519());
    world.shows(&[("old", &old)]);
    let now = world.clock.now();
    world.verify(&token("old", &old, now)).await.unwrap();
    let both = set(&[("old", &old), ("new", &new)]);
    world.answers(Answer::Slow(both, Duration::from_secs(3)));
    tokio::time::advance(Duration::from_secs(30)).await;
    // Names a key that there is not, and hangs up before the issuer has answered.
    let forged = token("made up", &old, now);
    let hung_up = tokio::time::timeout(Duration::from_secs(1), world.verify(&forged)).await;
    assert!(hung_up.is_err());
    world.verify(&token("new", &new, now)).await.unwrap();
    assert_eq!(world.fetched(), 2, "the fetch went on");
}

#[tokio::test(start_paused = true)]
async fn a_silent_issuer_has_its_end_also_when_nobody_waits() {
    let (world, key) = (Setting::new(), ed25519());
    world.answers(Answer::Silent);
    let token = token("a", &key, world.clock.now());
    let hung_up = tokio::time::timeout(Duration::from_secs(1), world.verify(&token)).await;
    assert!(hung_up.is_err());
    world.shows(&[("a", &key)]);
    let start = tokio::time::Instant::now();
    assert_eq!(
        world.verify(&token).await,
        Err(Kind::Outage),
        "it counts as an attempt"
    );
    assert_eq!(
        start.elapsed(),
        Duration::from_secs(4),
        "the rest of the five"
    );
    tokio::time::advance(Duration::from_secs(30)).await;
    world.verify(&token).await.unwrap();
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let mut config = RemoteConfig::default();
    config.min_interval = Duration::from_millis(999);
    config.timeout = Duration::ZERO;
    config.stale_for = Duration::from_secs(1);
    let problems = config.check().unwrap_err().to_string();
    for word in ["min_interval", "timeout", "stale_for"] {
        assert!(problems.contains(word), "{problems}");
    }
    assert!(RemoteKeys::new("no url", RemoteConfig::default()).is_err());
}
