//! A browser that signs in, over a socket.

use std::net::SocketAddr;

use plumego::contract::auth::Principal;
use plumego::identity::session::{
    CookieKeys, CurrentSession, MemorySessionStore, SessionConfig, SessionLayer, Sessions,
};
use plumego::middleware::CsrfLayer;
use plumego::prelude::*;
use plumego::stdx::Secret;

use crate::client::start;
use crate::wire::{Answer, Client};

async fn sign_in(session: CurrentSession) -> Result<&'static str, Error> {
    session
        .sign_in(Principal::new("ada").with_role("admin"))
        .await?;
    Ok("welcome")
}

async fn sign_out(session: CurrentSession) -> Result<&'static str, Error> {
    session.sign_out().await?;
    Ok("bye")
}

async fn transfer(principal: Principal) -> String {
    format!("by {}", principal.subject)
}

fn app() -> AppBuilder {
    let keys = CookieKeys::new([Secret::new("0123456789abcdef".repeat(2))]).unwrap();
    let store = MemorySessionStore::default();
    let sessions = Sessions::new(store, keys, SessionConfig::default()).unwrap();
    App::builder().require_auth_policy().routes(|r| {
        r.layer(CsrfLayer::default())
            .layer(SessionLayer::new(sessions))
            .post("/login", sign_in)
            .public()
            .post("/logout", sign_out)
            .authenticated()
            .post("/transfer", transfer)
            .require_role("admin")
    })
}

async fn post(addr: SocketAddr, path: &str, headers: &str) -> Answer {
    let mut client = Client::connect(addr).await;
    let head = format!("POST {path} HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 0\r\n");
    client.send(format!("{head}{headers}\r\n")).await;
    client.answer().await
}

/// The `Cookie` header of who has just signed in.
async fn signed_in(addr: SocketAddr) -> String {
    let answer = post(addr, "/login", "").await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let (pair, _) = answer
        .header("set-cookie")
        .unwrap()
        .split_once(';')
        .unwrap();
    format!("cookie: {pair}\r\n")
}

// acceptance 21.1 (38)
#[tokio::test]
async fn a_browser_signs_in_acts_and_signs_out() {
    let (running, addr) = start(app()).await;
    let answer = post(addr, "/transfer", "").await;
    assert_eq!(
        (answer.status(), answer.code().as_str()),
        (401, "unauthenticated")
    );
    let cookie = signed_in(addr).await;
    let answer = post(addr, "/transfer", &cookie).await;
    assert_eq!((answer.status(), answer.body.as_str()), (200, "by ada"));
    assert_eq!(answer.header("set-cookie"), None);

    let answer = post(addr, "/logout", &cookie).await;
    assert_eq!(answer.status(), 200);
    let cleared = answer.header("set-cookie").unwrap();
    assert!(
        cleared.starts_with("__Host-session=; Path=/; Max-Age=0;"),
        "{cleared}"
    );
    assert_eq!(post(addr, "/transfer", &cookie).await.status(), 401);
    running.handle().shutdown();
    running.wait().await.unwrap();
}

#[tokio::test]
async fn a_page_of_another_site_cannot_use_the_cookie() {
    let (running, addr) = start(app()).await;
    let cookie = signed_in(addr).await;
    for foreign in [
        "sec-fetch-site: cross-site\r\norigin: https://evil.example\r\n",
        "sec-fetch-site: same-site\r\norigin: https://other.shop.example\r\n",
        "origin: https://evil.example\r\n",
        "origin: null\r\n",
    ] {
        for path in ["/transfer", "/logout", "/login"] {
            let answer = post(addr, path, &format!("{foreign}{cookie}")).await;
            assert_eq!(answer.code(), "csrf_rejected", "{foreign}{path}");
        }
    }
    let own = format!("sec-fetch-site: same-origin\r\n{cookie}");
    assert_eq!(post(addr, "/transfer", &own).await.status(), 200);
    running.handle().shutdown();
    running.wait().await.unwrap();
}
