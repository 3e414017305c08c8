use plumego::contract::auth::{Principal, RefreshManager as _};
use plumego::identity::ring::{KeyRing, Schedule};
use plumego::security::jwt::{Algorithm, EcAlgorithm, SigningKey};
use plumego::stdx::Timestamp;

use super::Service;
use crate::client::status;

fn ring() -> KeyRing {
    KeyRing::new("first", SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap()
}

// acceptance 21.2 (20)
#[tokio::test]
async fn the_chain_lets_in_and_the_tenant_of_the_token_beats_the_header() {
    let service = Service::start(ring()).await;
    let ada = Principal::new("ada").with_tenant("acme").with_role("admin");
    let tokens = service.sign_in(&ada).await;
    let bearer = format!("Authorization: Bearer {}\r\n", tokens.access_token.expose());
    let forged = format!("{bearer}X-Tenant-ID: umbrella\r\nX-Tenant: umbrella\r\n");
    let answer = service.get("/api/me", &forged).await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert!(answer.ends_with("ada of acme in acme"), "{answer}");
    assert_eq!(status(&service.get("/api/admin/stats", &bearer).await), 200);

    let eve = service
        .sign_in(&Principal::new("eve").with_tenant("acme"))
        .await;
    let refused = service
        .with("/api/admin/stats", eve.access_token.expose())
        .await;
    assert_eq!(status(&refused), 403, "{refused}");
    let nobody = service.get("/api/me", "").await;
    assert_eq!(status(&nobody), 401);
    assert!(
        nobody.contains("www-authenticate: Bearer realm="),
        "{nobody}"
    );
    assert!(nobody.contains("\"unauthenticated\""), "{nobody}");
    service.stop().await;
}

// acceptance 21.1 (38)
#[tokio::test]
async fn what_was_taken_back_is_dead_at_once() {
    let service = Service::start(ring()).await;
    let ada = Principal::new("ada");
    let code = async |token: &str, code: &str| {
        let answer = service.with("/api/me", token).await;
        assert_eq!(status(&answer), 401, "{answer}");
        assert!(answer.contains(&format!("\"{code}\"")), "{answer}");
    };

    let signed_out = service.sign_in(&ada).await;
    service
        .tokens
        .sign_out(&signed_out.refresh_token)
        .await
        .unwrap();
    code(signed_out.access_token.expose(), "session_revoked").await;

    let reused = service.sign_in(&ada).await;
    let next = service.tokens.refresh(&reused.refresh_token).await.unwrap();
    assert_eq!(
        status(&service.with("/api/me", next.access_token.expose()).await),
        200
    );
    service
        .tokens
        .refresh(&reused.refresh_token)
        .await
        .unwrap_err();
    code(next.access_token.expose(), "session_revoked").await;

    let withdrawn = service.sign_in(&ada).await;
    service.tokens.withdraw("ada").await.unwrap();
    code(withdrawn.access_token.expose(), "token_version_mismatch").await;
    service.stop().await;
}

#[tokio::test]
async fn a_store_that_is_away_is_503_and_says_nothing_of_itself() {
    let service = Service::start(ring()).await;
    let tokens = service.sign_in(&Principal::new("ada")).await;
    service.store.go_away(true);
    let answer = service.with("/api/me", tokens.access_token.expose()).await;
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(
        !answer.contains("10.0.0.7") && !answer.contains("redis"),
        "{answer}"
    );
    assert!(
        !answer.contains("www-authenticate"),
        "nobody is asked to sign in: {answer}"
    );
    service.store.go_away(false);
    assert_eq!(
        status(&service.with("/api/me", tokens.access_token.expose()).await),
        200
    );
    service.stop().await;
}

// acceptance 21.1 (39)
#[tokio::test]
async fn the_key_set_is_shown_and_follows_the_ring() {
    let service = Service::start(ring()).await;
    let shown = service.get("/.well-known/jwks.json", "").await;
    assert_eq!(status(&shown), 200);
    assert!(
        shown.contains("content-type: application/jwk-set+json"),
        "{shown}"
    );
    assert!(
        shown.contains("cache-control: public, max-age=300"),
        "{shown}"
    );
    assert!(
        shown.contains("\"first\"") && !shown.contains("\"d\""),
        "{shown}"
    );
    let next = SigningKey::generate(EcAlgorithm::Es256).unwrap();
    let ring = service.tokens.ring();
    ring.rotate("second", next, &Schedule::default(), Timestamp::now())
        .unwrap();
    let shown = service.get("/.well-known/jwks.json", "").await;
    assert!(
        shown.contains("\"first\"") && shown.contains("\"second\""),
        "{shown}"
    );
    service.stop().await;
}
