//! What once was wrong.

use std::time::Duration;

use plumego_contract::auth::{
    AuthErrorKind as Kind, Principal, RefreshManager as _, Rotation, Session, SessionStatus,
    SessionStore as _, Tokens, claims,
};
use plumego_identity::api_key::{ApiKeyConfig, ApiKeys, MemoryApiKeyStore};
use plumego_identity::ring::{KeyRing, Schedule};
use plumego_identity::tokens::TokenConfig;

use crate::world::{Clock, HOUR, World, key};

fn capped(sessions: usize) -> World {
    let mut config = TokenConfig::new("https://id.example", "orders");
    config.sessions_per_subject = sessions;
    World::with(config)
}

async fn alive(world: &World, all: &[Tokens]) -> usize {
    let mut alive = 0;
    for tokens in all {
        alive += usize::from(world.verify(tokens).await.is_ok());
    }
    alive
}

/// Those that were signed out filled the list of which the live ones were counted, so that a
/// subject could have as many as it liked.
#[tokio::test]
async fn sessions_that_ended_hide_none_from_the_bound() {
    let world = capped(3);
    let mut all = Vec::new();
    for _ in 0..4 {
        for _ in 0..2 {
            all.push(world.sign_in("ada").await);
            world.clock.advance(1);
        }
        for _ in 0..12 {
            let short = world.sign_in("ada").await;
            world.clock.advance(1);
            world.tokens.sign_out(&short.refresh_token).await.unwrap();
        }
    }
    assert_eq!(alive(&world, &all).await, 2, "the third was signed out");
    let shown = world.tokens.sessions().list("ada", 100).await.unwrap();
    assert_eq!(shown.len(), 2, "and those are what the owner sees");
}

/// Those that signed in at the same time were over the bound, and stayed so.
#[tokio::test]
async fn the_next_to_sign_in_ends_all_that_are_too_many() {
    let world = capped(3);
    let sessions = world.tokens.sessions();
    for number in 0..50 {
        let mut session = Session::new(format!("{number:032}"), "ada");
        session.created_at = world.clock.now();
        sessions.create(session).await.unwrap();
        world.clock.advance(1);
    }
    let last = world.sign_in("ada").await;
    assert_eq!(sessions.list("ada", 100).await.unwrap().len(), 3);
    world.verify(&last).await.unwrap();
}

/// Whoever checks the session alone, and shows a list of them, saw them good.
#[tokio::test]
async fn what_is_withdrawn_has_no_session_any_more() {
    let world = World::new();
    let (old, eve) = (world.sign_in("ada").await, world.sign_in("eve").await);
    let principal = world.verify(&old).await.unwrap();
    world.tokens.withdraw("ada").await.unwrap();
    let sessions = world.tokens.sessions();
    let id = principal.claim(claims::SESSION_ID).unwrap();
    let session = sessions.get(id).await.unwrap().unwrap();
    assert_eq!(session.status, SessionStatus::Revoked);
    let checked = session.check(&principal, world.clock.now());
    assert_eq!(checked.unwrap_err().kind(), Kind::SessionRevoked);
    assert!(sessions.list("ada", 10).await.unwrap().is_empty());
    assert_eq!(sessions.list("eve", 10).await.unwrap().len(), 1);
    world.verify(&eve).await.unwrap();
    world.sign_in("ada").await;
    assert_eq!(sessions.list("ada", 10).await.unwrap().len(), 1);
}

/// A token of another issuer that named a session of ours could end it.
#[tokio::test]
async fn tokens_of_others_end_no_session_of_ours() {
    let world = World::new();
    let victim = world.sign_in("ada").await;
    let known = world.verify(&victim).await.unwrap();
    let mut foreign = Principal::new("eve").with_claim("iss", "https://other.example");
    for name in [claims::SESSION_ID, "jti"] {
        foreign = foreign.with_claim(name, known.claim(name).unwrap());
    }
    let ended = world.tokens.end_session_of(&foreign).await;
    assert_eq!(ended.unwrap_err().kind(), Kind::InvalidToken);
    let revoked = world.tokens.revoke(&foreign).await;
    assert_eq!(revoked.unwrap_err().kind(), Kind::InvalidToken);
    world.verify(&victim).await.unwrap();
    world.tokens.end_session_of(&known).await.unwrap();
    assert_eq!(world.verify(&victim).await, Err(Kind::SessionRevoked));
}

/// Who had issued and withdrawn a hundred keys never got another one.
#[tokio::test]
async fn keys_that_were_withdrawn_give_way() {
    let keys = ApiKeys::new(MemoryApiKeyStore::default(), ApiKeyConfig::new("shop")).unwrap();
    let issue = async || keys.issue("k", Principal::new("ada"), None).await;
    for _ in 0..250 {
        let issued = issue().await.unwrap();
        assert!(keys.revoke("ada", &issued.record.id).await.unwrap());
    }
    let mut live = Vec::new();
    for _ in 0..100 {
        live.push(issue().await.unwrap());
    }
    let refused = issue().await.unwrap_err();
    assert_eq!(refused.status().as_u16(), 503, "none of these gives way");
    for issued in &live {
        keys.verify(issued.key.expose()).await.unwrap();
    }
    keys.revoke("ada", &live[40].record.id).await.unwrap();
    issue().await.unwrap();
    assert_eq!(keys.list("ada", 1000).await.unwrap().len(), 100);
}

/// After a rotation the first key is gone, and a clock that was set back left nobody to sign.
#[test]
fn a_clock_that_is_set_back_leaves_a_signer() {
    let clock = Clock::new();
    let ring = KeyRing::new("a", key(0)).unwrap();
    let schedule = Schedule {
        announce: Duration::ZERO,
        overlap: Duration::ZERO,
    };
    for (number, id) in ["b", "c"].into_iter().enumerate() {
        clock.advance(1);
        ring.rotate(id, key(number + 1), &schedule, clock.now())
            .unwrap();
    }
    ring.prune(clock.now());
    let signer = |ring: &KeyRing| ring.at(clock.now()).signer().unwrap().0.to_owned();
    assert_eq!(signer(&ring), "c");
    clock.advance(-HOUR);
    assert_eq!(signer(&ring), "c");
}

/// The session was ended, and the tokens that were issued with it lived on.
#[tokio::test]
async fn a_reuse_that_the_session_store_sees_ends_the_tokens_too() {
    let world = World::new();
    let tokens = world.sign_in("ada").await;
    let principal = world.verify(&tokens).await.unwrap();
    let id = principal.claim(claims::SESSION_ID).unwrap();
    let sessions = world.tokens.sessions();
    let first = sessions.get(id).await.unwrap().unwrap().refresh_id.unwrap();
    let next = |refresh_id: &str| Rotation {
        refresh_id: refresh_id.into(),
        expires_at: world.clock.now().saturating_add(Duration::from_hours(1)),
        now: world.clock.now(),
    };
    sessions
        .rotate_refresh(id, &first, next("second"))
        .await
        .unwrap();
    world.verify(&tokens).await.unwrap();
    let reused = sessions.rotate_refresh(id, &first, next("third")).await;
    assert_eq!(reused.unwrap_err().kind(), Kind::RefreshReused);
    assert_eq!(world.verify(&tokens).await, Err(Kind::SessionRevoked));
}

/// There was no way to end a session by its id that asks whose it is.
#[tokio::test]
async fn a_subject_ends_sessions_of_its_own_alone() {
    let world = World::new();
    let (ada, eve) = (world.sign_in("ada").await, world.sign_in("eve").await);
    let sessions = world.tokens.sessions();
    let id = sessions.list("ada", 1).await.unwrap()[0].id.clone();
    assert!(!sessions.end("eve", &id).await.unwrap(), "not hers");
    assert!(!sessions.end("ada", "unknown").await.unwrap());
    world.verify(&ada).await.unwrap();
    assert!(sessions.end("ada", &id).await.unwrap());
    assert_eq!(world.verify(&ada).await, Err(Kind::SessionRevoked));
    assert_eq!(world.refresh(&ada).await.unwrap_err(), Kind::SessionRevoked);
    world.verify(&eve).await.unwrap();
}
