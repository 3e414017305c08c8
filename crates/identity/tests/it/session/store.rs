//! The store in memory: what every store does, and its bounds.

use std::sync::Arc;

use plumego_contract::auth::{
    AuthErrorKind, Principal, Rotation, Session, SessionStatus, SessionStore as _,
};
use plumego_identity::conformance;
use plumego_identity::session::{
    ErasedSessionRecords, MemorySessionStore, SessionRecord, SessionRecords as _,
};
use plumego_stdx::Timestamp;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_in_memory_does_what_every_store_does() {
    conformance::session_records(async || MemorySessionStore::default()).await;
    conformance::session_records(async || {
        let erased: Arc<dyn ErasedSessionRecords> = Arc::new(MemorySessionStore::default());
        erased
    })
    .await;
}

fn session(id: &str, subject: &str, end: i64) -> SessionRecord {
    let mut session = Session::new(id, subject);
    session.expires_at = Some(Timestamp::from_unix_nanos(end));
    let principal = (!subject.is_empty()).then(|| Principal::new(subject));
    SessionRecord::new(session, principal)
}

#[tokio::test]
async fn a_full_store_signs_nobody_out() {
    let store = MemorySessionStore::with_capacity(3);
    for (id, subject) in [("a", "ada"), ("n1", ""), ("n2", "")] {
        store.insert(session(id, subject, i64::MAX)).await.unwrap();
    }
    store.insert(session("b", "bob", i64::MAX)).await.unwrap();
    assert_eq!(store.load("n1").await.unwrap(), None);
    store.insert(session("c", "eve", i64::MAX)).await.unwrap();
    assert_eq!(store.load("n2").await.unwrap(), None);
    let refused = store.insert(session("d", "dan", i64::MAX)).await;
    assert_eq!(refused.unwrap_err().kind(), AuthErrorKind::Outage);
    for id in ["a", "b", "c"] {
        assert!(store.load(id).await.unwrap().is_some(), "{id}");
    }
    assert_eq!(store.len(), 3);
}

#[tokio::test]
async fn what_is_over_gives_way_first() {
    let store = MemorySessionStore::with_capacity(2);
    store.insert(session("old", "ada", 1)).await.unwrap();
    store.insert(session("n", "", i64::MAX)).await.unwrap();
    store.insert(session("new", "bob", i64::MAX)).await.unwrap();
    assert_eq!(store.load("old").await.unwrap(), None);
    assert!(store.load("n").await.unwrap().is_some());
}

#[tokio::test]
async fn a_flood_of_visitors_keeps_within_the_bound() {
    let store = MemorySessionStore::with_capacity(100);
    store.insert(session("ada", "ada", i64::MAX)).await.unwrap();
    for i in 0..5000 {
        store
            .insert(session(&i.to_string(), "", i64::MAX))
            .await
            .unwrap();
    }
    assert_eq!(store.len(), 100);
    assert!(store.load("ada").await.unwrap().is_some());
}

/// Sessions that nobody had used for hours kept others from signing in until their absolute end.
#[tokio::test]
async fn what_is_over_by_idleness_gives_way() {
    let store = Arc::new(MemorySessionStore::with_capacity(3));
    let records: Arc<dyn ErasedSessionRecords> = store.clone();
    let idle = Timestamp::from_unix_nanos(1);
    for name in ["a", "b", "c"] {
        let mut record = session(name, name, i64::MAX);
        record.idle_until = (name != "c").then_some(idle);
        records.insert(record).await.unwrap();
    }
    store.insert(session("d", "d", i64::MAX)).await.unwrap();
    store.insert(session("e", "e", i64::MAX)).await.unwrap();
    assert!(store.load("c").await.unwrap().is_some());
    let full = store.insert(session("f", "f", i64::MAX)).await;
    assert_eq!(full.unwrap_err().kind(), AuthErrorKind::Outage);
}

#[tokio::test]
async fn it_keeps_sessions_behind_tokens_too() {
    let store = MemorySessionStore::default();
    let mut session = Session::new("s1", "ada");
    session.refresh_id = Some("r1".into());
    store.create(session.clone()).await.unwrap();
    let twice = store.create(session).await.unwrap_err();
    assert_eq!(twice.kind(), AuthErrorKind::Outage);
    let next = |id: &str| Rotation {
        refresh_id: id.into(),
        expires_at: Timestamp::from_unix_nanos(i64::MAX),
        now: Timestamp::from_unix_nanos(1),
    };
    let rotated = store.rotate_refresh("s1", "r1", next("r2")).await.unwrap();
    assert_eq!(rotated.refresh_id.as_deref(), Some("r2"));
    let reused = store
        .rotate_refresh("s1", "r1", next("r3"))
        .await
        .unwrap_err();
    assert_eq!(reused.kind(), AuthErrorKind::RefreshReused);
    let ended = store.get("s1").await.unwrap().unwrap();
    assert_eq!(ended.status, SessionStatus::Revoked);
    store.revoke("unknown", "no matter").await.unwrap();
    let listed = plumego_contract::auth::SessionStore::list(&store, "ada", 10)
        .await
        .unwrap();
    assert_eq!(listed.len(), 1);
    let gone = store
        .rotate_refresh("s9", "r1", next("r2"))
        .await
        .unwrap_err();
    assert_eq!(gone.kind(), AuthErrorKind::SessionRevoked);
}
