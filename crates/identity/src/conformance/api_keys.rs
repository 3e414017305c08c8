use std::time::Duration;

use plumego_contract::auth::Principal;
use plumego_stdx::Timestamp;

use crate::api_key::{ApiKeyRecord, ApiKeyStore};

/// Checks a store of API keys. See the [module](super).
pub async fn api_key_store<S: ApiKeyStore>(make: impl AsyncFn() -> S) {
    keeps_a_key_as_it_is(make().await).await;
    withdraws_those_of_their_owner(make().await).await;
    lists_the_newest_first(make().await).await;
}

/// Whole seconds, which every store keeps.
fn at(seconds: u32) -> Timestamp {
    Timestamp::default().saturating_add(Duration::from_secs(seconds.into()))
}

fn record(id: &str, subject: &str, made: u32) -> ApiKeyRecord {
    let principal = Principal::new(subject)
        .with_tenant("acme")
        .with_scope("orders:read")
        .with_claim("plan", "gold");
    let mut record = ApiKeyRecord::new(id, [7; 32], principal);
    record.name = "billing \u{1f4b8}".into();
    record.created_at = at(made);
    record.expires_at = Some(at(4_000_000_000));
    record
}

async fn keeps_a_key_as_it_is(store: impl ApiKeyStore) {
    assert_eq!(store.get("a").await.expect("a read"), None);
    let first = record("a", "ada", 1);
    store.insert(first.clone()).await.expect("an insert");
    assert_eq!(store.get("a").await.expect("a read"), Some(first.clone()));
    let again = store.insert(record("a", "eve", 2)).await;
    assert!(again.is_err(), "a second key of one id is refused");
    assert_eq!(store.get("a").await.expect("a read"), Some(first));
}

async fn withdraws_those_of_their_owner(store: impl ApiKeyStore) {
    store
        .insert(record("a", "ada", 1))
        .await
        .expect("an insert");
    let by_another = store.revoke("eve", "a", at(5)).await.expect("a withdrawal");
    assert!(!by_another, "nobody withdraws the key of another");
    assert!(!store.revoke("ada", "b", at(5)).await.expect("a withdrawal"));
    for time in [6, 7] {
        assert!(
            store
                .revoke("ada", "a", at(time))
                .await
                .expect("a withdrawal")
        );
    }
    let found = store.get("a").await.expect("a read").expect("the key");
    assert_eq!(found.revoked_at, Some(at(6)), "the first time stays");
}

async fn lists_the_newest_first(store: impl ApiKeyStore) {
    for (id, subject, made) in [
        ("a", "ada", 1),
        ("b", "ada", 3),
        ("c", "ada", 2),
        ("d", "bob", 4),
    ] {
        store
            .insert(record(id, subject, made))
            .await
            .expect("an insert");
    }
    let ids = async |subject: &str, limit| {
        let found = store.list(subject, limit).await.expect("a list");
        found.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(ids("ada", 10).await, ["b", "c", "a"]);
    assert_eq!(ids("ada", 1).await, ["b"]);
    assert_eq!(ids("eve", 10).await, [""; 0]);
}
