use std::sync::Arc;

use plumego_contract::auth::{AuthErrorKind, Principal, Session};
use plumego_identity::conformance;
use plumego_identity::tokens::{
    ErasedRefreshStore, ErasedRevocationStore, Family, MemoryRefreshStore, MemoryRevocations,
    RefreshStore as _, RevocationStore as _,
};

use crate::world::Clock;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stores_in_memory_conform() {
    conformance::refresh_store(async || MemoryRefreshStore::default()).await;
    conformance::revocation_store(async || MemoryRevocations::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_behind_a_trait_object_conforms() {
    conformance::refresh_store(async || {
        let store: Arc<dyn ErasedRefreshStore> = Arc::new(MemoryRefreshStore::default());
        store
    })
    .await;
    conformance::revocation_store(async || {
        let store: Arc<dyn ErasedRevocationStore> = Arc::new(MemoryRevocations::default());
        store
    })
    .await;
}

#[tokio::test]
async fn a_full_store_makes_room_only_by_what_is_over() {
    let (store, clock) = (MemoryRefreshStore::with_capacity(2), Clock::new());
    let family = |id: &str, lasts: i64| {
        let mut session = Session::new(id, "ada");
        session.created_at = clock.now();
        let end = clock.now().unix_nanos() + lasts * 1_000_000_000;
        session.expires_at = Some(plumego_stdx::Timestamp::from_unix_nanos(end));
        Family::new(session, Principal::new("ada"))
    };
    store.create(family("short", 10)).await.unwrap();
    store.create(family("long", 100)).await.unwrap();
    let refused = store.create(family("third", 100)).await.unwrap_err();
    assert_eq!(refused.kind(), AuthErrorKind::Outage);
    clock.advance(11);
    store.create(family("third", 100)).await.unwrap();
    assert!(store.get("short").await.unwrap().is_none());
    assert!(store.get("long").await.unwrap().is_some());
    let mut ended = store.get("long").await.unwrap().unwrap();
    ended.session.revoke("signed out", clock.now());
    ended.revision += 1;
    assert!(store.replace(1, ended).await.unwrap());
    store.create(family("fourth", 100)).await.unwrap();
    let listed = store.list("ada", clock.now(), 10).await.unwrap();
    assert_eq!(listed.len(), 2, "what went is listed no more");
}

/// Looking at each of 100,000 under the lock, for everybody who knocks, would stop all others.
#[tokio::test]
async fn a_full_store_looks_for_room_once_a_second() {
    let (store, clock) = (MemoryRefreshStore::with_capacity(1), Clock::new());
    let family = |id: &str, subject: &str| {
        let mut session = Session::new(id, subject);
        session.created_at = clock.now();
        Family::new(session, Principal::new(subject))
    };
    store.create(family("a", "ada")).await.unwrap();
    assert!(store.create(family("b", "bob")).await.is_err());
    let mut ended = store.get("a").await.unwrap().unwrap();
    ended.session.revoke("signed out", clock.now());
    ended.revision += 1;
    assert!(store.replace(1, ended).await.unwrap());
    assert!(store.create(family("b", "bob")).await.is_err());
    clock.advance(1);
    store.create(family("b", "bob")).await.unwrap();
}

#[tokio::test]
async fn a_full_store_of_revocations_forgets_nothing_early() {
    let (store, clock) = (MemoryRevocations::with_capacity(2), Clock::new());
    let start = clock.now();
    let end = |seconds: i64| {
        plumego_stdx::Timestamp::from_unix_nanos(start.unix_nanos() + seconds * 1_000_000_000)
    };
    store.revoke("over", end(0), start).await.unwrap();
    store.revoke("a", end(10), start).await.unwrap();
    store.revoke("b", end(100), start).await.unwrap();
    assert!(store.revoke("c", end(100), start).await.is_err(), "full");
    store.revoke("a", end(20), start).await.unwrap();
    assert!(
        store.revoke("c", end(100), end(15)).await.is_err(),
        "`a` was prolonged"
    );
    store.revoke("c", end(100), end(20)).await.unwrap();
    assert!(store.standing(&["b"], "x").await.unwrap().revoked);
    store.raise_version("ada").await.unwrap();
    store.raise_version("eve").await.unwrap();
    assert!(store.raise_version("third").await.is_err(), "full");
    assert_eq!(store.raise_version("ada").await.unwrap(), 2);
}
