//! A browser with one cookie, and an application that it visits.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use plumego_contract::auth::Principal;
use plumego_contract::{AppContext, Body, Connection, Error, Response};
use plumego_identity::conformance::Switched;
use plumego_identity::session::{
    CookieKeys, CurrentSession, MemorySessionStore, SessionConfig, SessionLayer, Sessions,
};
use plumego_router::{Frozen, Router};
use plumego_stdx::{Secret, Timestamp};

pub(super) const COOKIE: &str = "__Host-session";

/// A store that can be away, shared by several applications.
pub(super) type Store = Switched<MemorySessionStore>;

pub(super) fn keys(words: &[&str]) -> CookieKeys {
    let key = |word: &&str| Secret::new(word.repeat(8));
    CookieKeys::new(words.iter().map(key)).unwrap()
}

/// An application with its sessions and its clock.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) sessions: Sessions,
    pub(super) store: Store,
    now: Arc<AtomicI64>,
    app: Frozen,
}

async fn login(session: CurrentSession) -> Result<&'static str, Error> {
    session.sign_in(Principal::new("ada")).await?;
    Ok("welcome")
}

async fn login_bob(session: CurrentSession) -> Result<&'static str, Error> {
    session.sign_in(Principal::new("bob")).await?;
    Ok("welcome")
}

async fn promote(session: CurrentSession) -> Result<&'static str, Error> {
    let admin = Principal::new("ada").with_role("admin");
    session.set_principal(admin).await?;
    Ok("promoted")
}

async fn logout(session: CurrentSession) -> Result<&'static str, Error> {
    session.sign_out().await?;
    Ok("bye")
}

async fn count(session: CurrentSession) -> Result<String, Error> {
    let count = session
        .update(|data| {
            let count = data.get("n").and_then(|n| n.parse().ok()).unwrap_or(0) + 1;
            data.insert("n".into(), i32::to_string(&count));
            count
        })
        .await?;
    Ok(count.to_string())
}

async fn whoami(session: CurrentSession, principal: Option<Principal>) -> String {
    let name = principal.map_or("nobody".to_owned(), |principal| principal.subject);
    format!("{name} {}", session.get("n").unwrap_or_default())
}

async fn stuff(session: CurrentSession) -> Result<&'static str, Error> {
    session
        .update(|data| data.insert("big".into(), "x".repeat(5000)))
        .await?;
    Ok("kept")
}

impl Site {
    pub(super) fn new() -> Self {
        Self::with(Store::default(), keys(&["abcd"]), SessionConfig::default())
    }

    pub(super) fn with(store: Store, keys: CookieKeys, config: SessionConfig) -> Self {
        let now = Arc::new(AtomicI64::new(1_000_000));
        let clock = Arc::clone(&now);
        let sessions = Sessions::new(store.clone(), keys, config)
            .unwrap()
            .clock(move || {
                Timestamp::from_unix_nanos(clock.load(Ordering::SeqCst) * 1_000_000_000)
            });
        let router = Router::new()
            .layer(SessionLayer::new(sessions.clone()))
            .post("/login", login)
            .public()
            .post("/login/bob", login_bob)
            .public()
            .post("/logout", logout)
            .authenticated()
            .post("/promote", promote)
            .authenticated()
            .post("/count", count)
            .public()
            .post("/stuff", stuff)
            .public()
            .get("/", whoami)
            .public()
            .get("/silent", whoami)
            .get("/private", whoami)
            .authenticated()
            .get("/admin", whoami)
            .require_role("admin");
        Self {
            sessions,
            store,
            now,
            app: router.freeze(AppContext::default()).unwrap(),
        }
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A request with these `Cookie` headers.
    pub(super) async fn send(&self, method: &str, path: &str, cookies: &[&str]) -> Response {
        let mut builder = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "shop.example");
        for cookie in cookies {
            builder = builder.header("cookie", *cookie);
        }
        let request = builder.body(Body::empty()).unwrap();
        self.app
            .dispatch(Connection::default(), request)
            .response
            .await
    }

    pub(super) fn browser(&self) -> Browser {
        Browser {
            site: self.clone(),
            cookie: None,
        }
    }
}

/// Keeps one cookie, as a browser does.
#[derive(Clone)]
pub(super) struct Browser {
    pub(super) site: Site,
    pub(super) cookie: Option<String>,
}

impl Browser {
    /// Status and body.
    pub(super) async fn ask(&mut self, method: &str, path: &str) -> (u16, String) {
        let pair = self
            .cookie
            .as_ref()
            .map(|value| format!("{COOKIE}={value}"));
        let pairs: Vec<&str> = pair.iter().map(String::as_str).collect();
        let response = self.site.send(method, path, &pairs).await;
        for set in response.headers().get_all("set-cookie") {
            let set = set.to_str().unwrap();
            let (pair, attributes) = set.split_once(';').unwrap();
            let value = pair
                .strip_prefix(COOKIE)
                .unwrap()
                .strip_prefix('=')
                .unwrap();
            self.cookie = (!attributes.contains("Max-Age=0")).then(|| value.to_owned());
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
        let status = response.status().as_u16();
        let body = response.into_body().into_bytes(1 << 16).await.unwrap();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[track_caller]
    pub(super) fn kept(&self) -> String {
        self.cookie.clone().unwrap()
    }
}
