//! One service lets in whom another one knows.

use std::time::Duration;

use plumego::app::Guards;
use plumego::contract::auth::Principal;
use plumego::identity::jwks::{IssuerTokens, RemoteConfig, RemoteKeys};
use plumego::identity::ring::KeyRing;
use plumego::middleware::AuthenticateLayer;
use plumego::prelude::*;
use plumego::security::jwt::{EcAlgorithm, Rules, SigningKey};

use super::{AUDIENCE, ISSUER, Service};
use crate::client::{send, start, status};

#[tokio::test]
async fn the_keys_of_another_service_are_fetched_from_it() {
    let key = SigningKey::generate(EcAlgorithm::Es384).unwrap();
    let issuer = Service::start(KeyRing::new("first", key).unwrap()).await;
    let url = format!("http://{}/.well-known/jwks.json", issuer.addr);
    let keys = RemoteKeys::new(&url, RemoteConfig::default()).unwrap();
    let rules = Rules::new(ISSUER, AUDIENCE, "at+jwt", Duration::from_mins(15));
    let layer = AuthenticateLayer::new(IssuerTokens::new(rules, keys));
    let app = App::builder()
        .guards(|guards| *guards = Guards::none())
        .routes(|r| {
            r.layer(layer)
                .get("/me", async |principal: Principal| principal.subject)
        });
    let (other, addr) = start(app).await;

    let tokens = issuer.sign_in(&Principal::new("ada")).await;
    let bearer = format!("Authorization: Bearer {}\r\n", tokens.access_token.expose());
    let answer = send(addr, "GET /me", &bearer).await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert!(answer.ends_with("ada"), "{answer}");
    // The keys at hand stay good when the issuer is gone.
    issuer.stop().await;
    assert_eq!(status(&send(addr, "GET /me", &bearer).await), 200);
    other.handle().shutdown();
    other.wait().await.unwrap();
}

#[tokio::test]
async fn an_issuer_that_cannot_be_reached_is_503() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    drop(listener);
    let keys = RemoteKeys::new(&url, RemoteConfig::default()).unwrap();
    let rules = Rules::new(ISSUER, AUDIENCE, "at+jwt", Duration::from_mins(15));
    let layer = AuthenticateLayer::new(IssuerTokens::new(rules, keys));
    let app = App::builder().routes(|r| r.layer(layer).get("/me", async || "me"));
    let (running, addr) = start(app).await;
    let answer = send(addr, "GET /me", "Authorization: Bearer a.b.c\r\n").await;
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(!answer.contains("127.0.0.1"), "{answer}");
    running.handle().shutdown();
    running.wait().await.unwrap();
}
