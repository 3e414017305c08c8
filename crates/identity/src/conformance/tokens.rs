use std::sync::Arc;
use std::time::Duration;

use plumego_contract::auth::{AuthErrorKind, Principal, Session};
use plumego_stdx::Timestamp;
use tokio::task::JoinSet;

use crate::tokens::{Family, RefreshStore, RevocationStore, Standing};

/// How many try the same at the same time.
const RIVALS: u64 = 16;

/// Checks a store of families. See the [module](super).
pub async fn refresh_store<S: RefreshStore>(make: impl AsyncFn() -> S) {
    keeps_a_family_as_it_is(make().await).await;
    replaces_what_was_expected_alone(make().await).await;
    lets_one_of_many_replace(make().await).await;
    lists_a_subject(make().await).await;
    lists_none_that_ended(make().await).await;
}

/// Checks a store of revocations. See the [module](super).
pub async fn revocation_store<S: RevocationStore>(make: impl AsyncFn() -> S) {
    revokes_ids(make().await).await;
    raises_versions(make().await).await;
    counts_every_raise(make().await).await;
}

fn family(id: &str, subject: &str, begun: u32) -> Family {
    let mut session = Session::new(id, subject);
    session.created_at = at(begun);
    session.tenant = Some("acme".into());
    session.token_version = 7;
    session.refresh_id = Some("first".into());
    session.expires_at = Some(at(1_000_000));
    session.refresh_expires_at = Some(at(500_000));
    session
        .attributes
        .insert("theme".into(), "dark \u{1f319}".into());
    let principal = Principal::new(subject)
        .with_tenant("acme")
        .with_role("admin")
        .with_scope("orders:read")
        .with_claim("plan", "gold");
    Family::new(session, principal)
}

/// Whole seconds, which every store keeps.
fn at(seconds: u32) -> Timestamp {
    Timestamp::default().saturating_add(Duration::from_secs(seconds.into()))
}

async fn keeps_a_family_as_it_is<S: RefreshStore>(store: S) {
    let kept = family("a", "ada", 1);
    store
        .create(kept.clone())
        .await
        .expect("a new family is kept");
    let read = store.get("a").await.expect("the store answers");
    assert_eq!(read, Some(kept.clone()), "a family comes back as it was");
    let none = store.get("b").await.expect("the store answers");
    assert_eq!(none, None, "what was never kept is not there");
    let again = store.create(family("a", "eve", 2)).await;
    let kind = again.expect_err("an id is used once").kind();
    assert_eq!(kind, AuthErrorKind::Outage, "an id is used once");
    let read = store.get("a").await.expect("the store answers");
    assert_eq!(read, Some(kept), "the first family stays as it was");
}

async fn replaces_what_was_expected_alone<S: RefreshStore>(store: S) {
    let first = family("a", "ada", 1);
    store
        .create(first.clone())
        .await
        .expect("a new family is kept");
    let mut second = first.clone();
    second.revision = 2;
    second.generation = 2;
    second.session.refresh_id = Some("second".into());
    let early = store.replace(9, second.clone()).await;
    assert!(
        !early.expect("the store answers"),
        "another revision is expected"
    );
    let done = store.replace(1, second.clone()).await;
    assert!(
        done.expect("the store answers"),
        "the revision is the expected one"
    );
    let late = store.replace(1, first).await;
    assert!(
        !late.expect("the store answers"),
        "the revision has gone on"
    );
    let read = store.get("a").await.expect("the store answers");
    assert_eq!(read, Some(second), "the second write stays");
    let absent = store.replace(1, family("b", "ada", 1)).await;
    assert!(
        !absent.expect("the store answers"),
        "there is nothing to replace"
    );
    let none = store.get("b").await.expect("the store answers");
    assert_eq!(none, None, "a replacement creates nothing");
}

async fn lets_one_of_many_replace<S: RefreshStore>(store: S) {
    let store = Arc::new(store);
    let first = family("a", "ada", 1);
    store
        .create(first.clone())
        .await
        .expect("a new family is kept");
    let mut rivals = JoinSet::new();
    for rival in 0..RIVALS {
        let (store, mut next) = (Arc::clone(&store), first.clone());
        next.revision = 2;
        next.generation = 100 + rival;
        rivals.spawn(async move {
            let done = store.replace(1, next).await.expect("the store answers");
            (done, 100 + rival)
        });
    }
    let done = rivals.join_all().await;
    let winners: Vec<u64> = done
        .iter()
        .filter(|(done, _)| *done)
        .map(|(_, by)| *by)
        .collect();
    assert_eq!(
        winners.len(),
        1,
        "of several with one expectation exactly one writes"
    );
    let read = store
        .get("a")
        .await
        .expect("the store answers")
        .expect("it is there");
    assert_eq!(
        Some(&read.generation),
        winners.first(),
        "what the winner wrote is there"
    );
}

async fn lists_a_subject<S: RefreshStore>(store: S) {
    for (id, subject, begun) in [
        ("a", "ada", 1),
        ("b", "ada", 3),
        ("c", "eve", 2),
        ("d", "ada", 2),
    ] {
        store
            .create(family(id, subject, begun))
            .await
            .expect("a new family is kept");
    }
    let list = async |subject: &str, limit| {
        let families = store.list(subject, at(10), limit).await;
        let families = families.expect("the store answers");
        families
            .into_iter()
            .map(|family| family.session.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(list("ada", 10).await, ["b", "d", "a"], "the newest first");
    assert_eq!(list("ada", 2).await, ["b", "d"], "no more than asked for");
    assert_eq!(
        list("Ada", 10).await,
        [""; 0],
        "a subject is spelled exactly so"
    );
}

async fn lists_none_that_ended<S: RefreshStore>(store: S) {
    for (id, begun) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        let family = family(id, "ada", begun);
        store.create(family).await.expect("a new family is kept");
    }
    let change = async |id: &str, change: &dyn Fn(&mut Family)| {
        let family = store.get(id).await.expect("the store answers");
        let mut next = family.expect("it is there");
        change(&mut next);
        next.revision = 2;
        let done = store.replace(1, next).await.expect("the store answers");
        assert!(done, "the revision is the expected one");
    };
    change("b", &|family| family.session.revoke("signed out", at(5))).await;
    change("c", &|family| {
        family.session.refresh_expires_at = Some(at(10));
    })
    .await;
    change("d", &|family| family.session.expires_at = Some(at(10))).await;
    let list = async |now, limit| {
        let families = store.list("ada", now, limit).await;
        let families = families.expect("the store answers").into_iter();
        families.map(|family| family.session.id).collect::<Vec<_>>()
    };
    assert_eq!(list(at(9), 10).await, ["d", "c", "a"], "one was ended");
    assert_eq!(list(at(10), 10).await, ["a"], "two more are over");
    assert_eq!(list(at(10), 1).await, ["a"], "they hide no other one");
}

async fn revokes_ids<S: RevocationStore>(store: S) {
    let standing = async |ids: &[&str]| {
        let standing = store.standing(ids, "ada").await;
        standing.expect("the store answers").revoked
    };
    assert!(!standing(&["a", "b"]).await, "nothing is revoked at first");
    assert!(!standing(&[]).await, "nothing is asked for");
    store
        .revoke("b", at(u32::MAX), at(0))
        .await
        .expect("an id is revoked");
    assert!(standing(&["a", "b"]).await, "one of the ids is revoked");
    assert!(!standing(&["a"]).await, "the other one is not");
    assert!(!standing(&["B"]).await, "an id is spelled exactly so");
    store
        .revoke("b", at(1), at(0))
        .await
        .expect("it may be revoked again");
    store
        .revoke("c", at(u32::MAX), at(2))
        .await
        .expect("an id is revoked");
    assert!(standing(&["b"]).await, "a revocation is not shortened");
}

async fn raises_versions<S: RevocationStore>(store: S) {
    let standing = async |subject: &str| {
        store
            .standing(&["x"], subject)
            .await
            .expect("the store answers")
    };
    assert_eq!(
        standing("ada").await,
        Standing::default(),
        "a version begins with 0"
    );
    assert_eq!(
        store.raise_version("ada").await.ok(),
        Some(1),
        "the new version is given"
    );
    assert_eq!(
        store.raise_version("ada").await.ok(),
        Some(2),
        "the new version is given"
    );
    assert_eq!(standing("ada").await.version, 2, "the version is kept");
    assert_eq!(standing("eve").await.version, 0, "each subject has its own");
}

async fn counts_every_raise<S: RevocationStore>(store: S) {
    let store = Arc::new(store);
    let mut rivals = JoinSet::new();
    for _ in 0..RIVALS {
        let store = Arc::clone(&store);
        rivals.spawn(async move { store.raise_version("ada").await.expect("the store answers") });
    }
    let mut given = rivals.join_all().await;
    given.sort_unstable();
    let each: Vec<u64> = (1..=RIVALS).collect();
    assert_eq!(given, each, "no version is given twice");
}
