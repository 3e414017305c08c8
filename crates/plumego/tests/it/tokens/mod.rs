//! Tokens of our own, over real sockets: the whole chain, and each attack that is known.

mod attacks;
mod chain;
mod issuer;

use std::net::SocketAddr;
use std::sync::LazyLock;

use plumego::app::{Guards, Running};
use plumego::contract::auth::{Principal, RefreshManager as _, Session, Tokens};
use plumego::identity::conformance::Switched;
use plumego::identity::jwks;
use plumego::identity::ring::KeyRing;
use plumego::identity::tokens::{MemoryRefreshStore, MemoryRevocations, TokenConfig, TokenService};
use plumego::middleware::{AuthenticateLayer, AuthorizeLayer, SessionCheckLayer};
use plumego::prelude::*;
use plumego::security::jwt::{RsaAlgorithm, SigningKey};

use crate::client;

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "orders";

/// One RSA key for all tests: finding one takes its time.
static RSA: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(RsaAlgorithm::Rs256).unwrap());

/// A service whose routes ask for a token, a session and a role.
struct Service {
    tokens: TokenService,
    store: Switched<MemoryRefreshStore>,
    addr: SocketAddr,
    running: Running,
}

impl Service {
    async fn start(ring: KeyRing) -> Self {
        let store = Switched::new(MemoryRefreshStore::default());
        let config = TokenConfig::new(ISSUER, AUDIENCE);
        let tokens = TokenService::new(config, ring, store.clone(), MemoryRevocations::default());
        let tokens = tokens.unwrap();
        let (running, addr) = client::start(app(&tokens)).await;
        Self {
            tokens,
            store,
            addr,
            running,
        }
    }

    async fn sign_in(&self, principal: &Principal) -> Tokens {
        self.tokens.issue(principal).await.unwrap()
    }

    async fn get(&self, path: &str, headers: &str) -> String {
        client::send(self.addr, &format!("GET {path}"), headers).await
    }

    async fn with(&self, path: &str, token: &str) -> String {
        self.get(path, &format!("Authorization: Bearer {token}\r\n"))
            .await
    }

    async fn stop(self) {
        self.running.handle().shutdown();
        self.running.wait().await.unwrap();
    }
}

/// The chain of the README: who asks, is the session good, may they.
fn app(tokens: &TokenService) -> AppBuilder {
    let show = async |principal: Principal, session: Session| {
        format!(
            "{} of {} in {}",
            principal.subject,
            principal.tenant.as_deref().unwrap_or("none"),
            session.tenant.as_deref().unwrap_or("none"),
        )
    };
    App::builder()
        .guards(|guards| *guards = Guards::none())
        .router(jwks::routes(tokens.ring()))
        .routes(|r| {
            r.group("/api", |r| {
                r.layer(AuthenticateLayer::new(tokens.clone()))
                    .layer(SessionCheckLayer::new(tokens.sessions()))
                    .get("/me", show)
                    .group("/admin", |r| {
                        r.layer(AuthorizeLayer::role("admin"))
                            .get("/stats", async || "stats")
                    })
            })
        })
}
