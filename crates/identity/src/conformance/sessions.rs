use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use plumego_contract::auth::{Principal, Session};
use plumego_stdx::Timestamp;
use tokio::task::JoinSet;

use crate::session::{SessionRecord, SessionRecords, Swap};

/// How many try the same at the same time.
const RIVALS: u32 = 16;

/// Checks a store of browser sessions. See the [module](super).
pub async fn session_records<S: SessionRecords>(make: impl AsyncFn() -> S) {
    keeps_a_session_as_it_is(make().await).await;
    replaces_the_version_before_alone(make().await).await;
    moves_a_session_to_another_id_in_one_step(make().await).await;
    loses_no_write_of_rivals(make().await).await;
    lets_one_of_many_move(make().await).await;
    lists_and_removes_those_of_a_subject(make().await).await;
}

fn record(id: &str, subject: &str, used: u32) -> SessionRecord {
    let mut session = Session::new(id, subject);
    session.created_at = at(1);
    session.last_seen_at = Some(at(used));
    session.expires_at = Some(at(4_000_000_000));
    session.tenant = Some("acme".into());
    session.attributes = BTreeMap::from([("cart \u{1f6d2}".into(), "1;2=3\n\0".into())]);
    let principal = Principal::new(subject)
        .with_tenant("acme")
        .with_role("admin")
        .with_permission("orders:delete")
        .with_scope("orders:read")
        .with_claim("plan", "gold");
    let principal = (!subject.is_empty()).then_some(principal);
    let mut record = SessionRecord::new(session, principal);
    record.idle_until = Some(at(used + 1800));
    record
}

/// Whole seconds, which every store keeps.
fn at(seconds: u32) -> Timestamp {
    Timestamp::default().saturating_add(Duration::from_secs(seconds.into()))
}

fn next(of: &SessionRecord) -> SessionRecord {
    let mut next = of.clone();
    next.version += 1;
    next
}

async fn keeps_a_session_as_it_is(store: impl SessionRecords) {
    assert_eq!(store.load("a").await.expect("a load"), None);
    for record in [record("a", "ada", 9), record("n", "", 9)] {
        store.insert(record.clone()).await.expect("an insert");
        let id = &record.session.id;
        let found = store.load(id).await.expect("a load");
        assert_eq!(found.as_ref(), Some(&record), "a session as it was given");
        let again = store.insert(record.clone()).await;
        assert!(again.is_err(), "a second session of one id is refused");
    }
    assert!(store.remove("a").await.expect("a removal"));
    assert!(
        !store.remove("a").await.expect("a removal"),
        "it is gone already"
    );
    assert_eq!(store.load("a").await.expect("a load"), None);
}

async fn replaces_the_version_before_alone(store: impl SessionRecords) {
    let first = record("a", "ada", 9);
    store.insert(first.clone()).await.expect("an insert");
    let mut second = next(&first);
    second.session.attributes.insert("b".into(), "2".into());
    let swap = store.replace("a", second.clone()).await.expect("a write");
    assert_eq!(swap, Swap::Done);
    for stale in [next(&first), first.clone(), next(&next(&second))] {
        let swap = store.replace("a", stale).await.expect("a write");
        assert_eq!(swap, Swap::Conflict, "only the version before is replaced");
    }
    let found = store.load("a").await.expect("a load");
    assert_eq!(found, Some(second), "a refused write changes nothing");
    let swap = store.replace("gone", next(&first)).await.expect("a write");
    assert_eq!(swap, Swap::Gone);
    assert_eq!(
        store.load("gone").await.expect("a load"),
        None,
        "nor makes a session"
    );
}

async fn moves_a_session_to_another_id_in_one_step(store: impl SessionRecords) {
    let first = record("a", "", 9);
    store.insert(first.clone()).await.expect("an insert");
    let mut moved = record("b", "ada", 10);
    moved.version = 2;
    let swap = store.replace("a", moved.clone()).await.expect("a write");
    assert_eq!(swap, Swap::Done);
    assert_eq!(
        store.load("a").await.expect("a load"),
        None,
        "the old id is worth nothing"
    );
    assert_eq!(store.load("b").await.expect("a load"), Some(moved));
    let listed = store.list("ada", 10).await.expect("a list");
    assert_eq!(listed.len(), 1, "it belongs to who signed in");
}

async fn loses_no_write_of_rivals(store: impl SessionRecords) {
    let store = Arc::new(store);
    store
        .insert(record("a", "ada", 9))
        .await
        .expect("an insert");
    let mut rivals = JoinSet::new();
    for rival in 0..RIVALS {
        let store = Arc::clone(&store);
        rivals.spawn(async move {
            loop {
                let found = store.load("a").await.expect("a load").expect("the session");
                let mut next = next(&found);
                next.session
                    .attributes
                    .insert(rival.to_string(), "was here".into());
                if store.replace("a", next).await.expect("a write") == Swap::Done {
                    return;
                }
                tokio::task::yield_now().await;
            }
        });
    }
    rivals.join_all().await;
    let found = store.load("a").await.expect("a load").expect("the session");
    assert_eq!(found.version, u64::from(RIVALS) + 1);
    assert_eq!(
        found.data().len(),
        RIVALS as usize + 1,
        "every write is there"
    );
}

async fn lets_one_of_many_move(store: impl SessionRecords) {
    let store = Arc::new(store);
    let first = record("a", "ada", 9);
    store.insert(first.clone()).await.expect("an insert");
    let mut rivals = JoinSet::new();
    for rival in 0..RIVALS {
        let (store, mut moved) = (Arc::clone(&store), next(&first));
        moved.session.id = format!("moved {rival}");
        rivals.spawn(async move { store.replace("a", moved).await.expect("a write") });
    }
    let swaps = rivals.join_all().await;
    let done = swaps.iter().filter(|swap| **swap == Swap::Done).count();
    assert_eq!(done, 1, "one of many moves the session");
    assert_eq!(store.list("ada", 100).await.expect("a list").len(), 1);
}

async fn lists_and_removes_those_of_a_subject(store: impl SessionRecords) {
    for (id, subject, used) in [
        ("a", "ada", 5),
        ("b", "ada", 7),
        ("c", "ada", 6),
        ("d", "bob", 9),
    ] {
        store
            .insert(record(id, subject, used))
            .await
            .expect("an insert");
    }
    let ids = async |subject: &str, limit| {
        let found = store.list(subject, limit).await.expect("a list");
        let ids = found.into_iter().map(|record| record.session.id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids("ada", 10).await, ["b", "c", "a"], "the last used first");
    assert_eq!(ids("ada", 2).await, ["b", "c"]);
    assert_eq!(ids("eve", 10).await, [""; 0]);
    let removed = store.remove_all("ada", Some("c")).await.expect("a removal");
    assert_eq!(removed, 2);
    assert_eq!(ids("ada", 10).await, ["c"]);
    // One of another subject is not kept by naming it, nor touched.
    assert_eq!(
        store.remove_all("ada", Some("d")).await.expect("a removal"),
        1
    );
    assert_eq!(ids("bob", 10).await, ["d"]);
    assert_eq!(store.remove_all("eve", None).await.expect("a removal"), 0);
}
