//! API keys: what lets in, what does not, and what is told of them.

use std::sync::Arc;

use plumego_contract::auth::{AuthErrorKind, Authenticator as _, Principal};
use plumego_identity::api_key::{
    ApiKeyConfig, ApiKeyRecord, ApiKeyStore as _, ApiKeys, ErasedApiKeyStore, FirstOf,
    MemoryApiKeyStore,
};
use plumego_identity::conformance;
use plumego_stdx::Timestamp;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_nanos(seconds * 1_000_000_000)
}

fn keys() -> (ApiKeys, Arc<dyn ErasedApiKeyStore>) {
    let store: Arc<dyn ErasedApiKeyStore> = Arc::new(MemoryApiKeyStore::default());
    let keys = ApiKeys::new(store.clone(), ApiKeyConfig::new("shop")).unwrap();
    (keys.clock(|| at(1000)), store)
}

async fn ask(keys: &ApiKeys, headers: &[(&str, &str)]) -> Result<Principal, AuthErrorKind> {
    let mut request = http::Request::get("/");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    keys.authenticate(&parts)
        .await
        .map_err(|error| error.kind())
}

#[tokio::test]
async fn the_holder_of_a_key_has_its_scopes() {
    let (keys, _) = keys();
    let owner = Principal::new("ada")
        .with_tenant("acme")
        .with_scope("orders:read");
    let issued = keys
        .issue("billing", owner.clone(), Some(at(2000)))
        .await
        .unwrap();
    let text = issued.key.expose().as_str();
    assert_eq!(text.len(), 4 + 1 + 16 + 1 + 64);
    let bearer = format!("bearer  {text}");
    for headers in [[("x-api-key", text)], [("authorization", &bearer)]] {
        let holder = ask(&keys, &headers).await.unwrap();
        let expected = owner.clone().with_claim("api_key_id", &issued.record.id);
        assert_eq!(holder, expected);
    }
    let listed = keys.list("ada", 10).await.unwrap();
    assert_eq!(listed, [issued.record]);
    assert_eq!(listed[0].name, "billing");
}

#[tokio::test]
async fn a_wrong_key_lets_nobody_in() {
    let (keys, _) = keys();
    let one = keys
        .issue("one", Principal::new("ada"), None)
        .await
        .unwrap();
    let other = keys
        .issue("other", Principal::new("ada"), None)
        .await
        .unwrap();
    let text = one.key.expose().as_str();
    let mut wrong: Vec<String> = (5..text.len())
        .map(|at| {
            let mut changed = text.to_owned().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            String::from_utf8(changed).unwrap()
        })
        .collect();
    // The secret of one key with the id of another; the id and the hash alone; other forms.
    let secret = |text: &str| text.rsplit_once('_').unwrap().1.to_owned();
    wrong.push(format!("shop_{}_{}", other.record.id, secret(text)));
    wrong.push(format!("shop_{}_{}", one.record.id, hex(&one.record)));
    wrong.extend([
        "shop_".to_owned(),
        format!("shop_{}_", one.record.id),
        text.to_uppercase(),
        format!("{text}0"),
        format!(" {text}"),
        "shop_".repeat(2000),
        String::new(),
    ]);
    for key in &wrong {
        let answer = ask(&keys, &[("x-api-key", key)]).await;
        assert_eq!(answer, Err(AuthErrorKind::InvalidToken), "{key}");
    }
}

fn hex(record: &ApiKeyRecord) -> String {
    plumego_stdx::Hex::new(record.hash).to_string()
}

#[tokio::test]
async fn a_key_is_read_from_one_place() {
    let (keys, _) = keys();
    let issued = keys
        .issue("one", Principal::new("ada"), None)
        .await
        .unwrap();
    let text = issued.key.expose().as_str();
    let bearer = format!("Bearer {text}");
    for (headers, expected) in [
        (&[][..], AuthErrorKind::Unauthenticated),
        (&[("cookie", text)], AuthErrorKind::Unauthenticated),
        (&[("authorization", text)], AuthErrorKind::Unauthenticated),
        (
            &[("authorization", "Bearer eyJhbGciOi")],
            AuthErrorKind::Unauthenticated,
        ),
        (
            &[("authorization", "Basic c2hvcF8=")],
            AuthErrorKind::Unauthenticated,
        ),
        (
            &[("authorization", "Bearer shop_x")],
            AuthErrorKind::InvalidToken,
        ),
        (
            &[("x-api-key", text), ("x-api-key", text)],
            AuthErrorKind::InvalidToken,
        ),
        (
            &[("x-api-key", text), ("authorization", &bearer)],
            AuthErrorKind::InvalidToken,
        ),
        // Two that say different things: who stands before or behind may read the other one.
        (
            &[("x-api-key", text), ("authorization", "Bearer eyJhbGciOi")],
            AuthErrorKind::InvalidToken,
        ),
        (
            &[
                ("authorization", &bearer),
                ("authorization", "Bearer eyJhbGciOi"),
            ],
            AuthErrorKind::InvalidToken,
        ),
        (
            &[
                ("authorization", "Basic c2hvcF8="),
                ("authorization", &bearer),
            ],
            AuthErrorKind::InvalidToken,
        ),
    ] {
        assert_eq!(ask(&keys, headers).await, Err(expected), "{headers:?}");
    }
}

#[tokio::test]
async fn a_key_that_is_over_or_withdrawn_lets_nobody_in() {
    let (keys, _) = keys();
    let ada = || Principal::new("ada");
    let over = keys.issue("over", ada(), Some(at(1000))).await.unwrap();
    let answer = ask(&keys, &[("x-api-key", over.key.expose())]).await;
    assert_eq!(answer, Err(AuthErrorKind::TokenExpired));
    let good = keys.issue("good", ada(), Some(at(1001))).await.unwrap();
    let good = (good.key.expose().as_str(), good.record.id.as_str());
    assert!(ask(&keys, &[("x-api-key", good.0)]).await.is_ok());
    assert!(!keys.revoke("eve", good.1).await.unwrap());
    assert!(ask(&keys, &[("x-api-key", good.0)]).await.is_ok());
    assert!(keys.revoke("ada", good.1).await.unwrap());
    let answer = ask(&keys, &[("x-api-key", good.0)]).await;
    assert_eq!(answer, Err(AuthErrorKind::InvalidToken));
}

#[tokio::test]
async fn neither_the_store_nor_any_text_has_the_secret() {
    let (keys, store) = keys();
    let issued = keys
        .issue("one", Principal::new("ada"), None)
        .await
        .unwrap();
    let secret = issued.key.expose().rsplit_once('_').unwrap().1.to_owned();
    let stored = store.get(&issued.record.id).await.unwrap().unwrap();
    assert!(!secret.contains(&hex(&stored)) && !hex(&stored).contains(&secret));
    let holder = keys.verify(issued.key.expose()).await.unwrap();
    for shown in [
        format!("{issued:?}"),
        format!("{keys:?}"),
        format!("{stored:?}"),
        format!("{holder:?}"),
        format!("{:?}", MemoryApiKeyStore::default()),
    ] {
        assert!(
            !shown.contains(&secret) && !shown.contains(&hex(&stored)),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn the_next_authenticator_is_asked_for_other_kinds_alone() {
    let (shop, _) = keys();
    let other = ApiKeys::new(MemoryApiKeyStore::default(), ApiKeyConfig::new("bot")).unwrap();
    let bot = other
        .issue("bot", Principal::new("bot"), None)
        .await
        .unwrap();
    let both = FirstOf(shop, other);
    let ask = async |token: &str| {
        let request = http::Request::get("/").header("authorization", format!("Bearer {token}"));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        both.authenticate(&parts)
            .await
            .map_err(|error| error.kind())
    };
    assert_eq!(ask(bot.key.expose()).await.unwrap().subject, "bot");
    assert_eq!(ask("shop_x").await, Err(AuthErrorKind::InvalidToken));
    assert_eq!(ask("else").await, Err(AuthErrorKind::Unauthenticated));
}

#[tokio::test]
async fn bounds_are_held_and_told() {
    for prefix in ["", "Shop", "my_shop", "a-b", "abcdefghijklmnopq"] {
        let keys = ApiKeys::new(MemoryApiKeyStore::default(), ApiKeyConfig::new(prefix));
        assert!(
            keys.unwrap_err()
                .to_string()
                .contains("expected 1 to 16 of a-z")
        );
    }
    let (keys, _) = keys();
    let long = keys
        .issue(&"x".repeat(101), Principal::new("ada"), None)
        .await;
    assert_eq!(long.unwrap_err().status(), 422);
    for _ in 0..100 {
        keys.issue("", Principal::new("ada"), None).await.unwrap();
    }
    let full = keys
        .issue("", Principal::new("ada"), None)
        .await
        .unwrap_err();
    assert_eq!(full.status(), 503);
    assert!(keys.issue("", Principal::new("bob"), None).await.is_ok());
}

#[tokio::test]
async fn the_store_in_memory_does_what_every_store_does() {
    conformance::api_key_store(async || MemoryApiKeyStore::default()).await;
}
