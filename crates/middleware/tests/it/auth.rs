use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::request::Parts;
use plumego_contract::auth::{
    AuthError, AuthErrorKind, Authenticator, Authorizer, Principal, Rotation, Session,
    SessionStore, SessionValidator, claims,
};
use plumego_contract::{Body, FromParts, Request, Response};
use plumego_middleware::auth::{AuthenticateLayer, AuthorizeLayer, SessionCheckLayer};
use plumego_stdx::Timestamp;
use tower::{ServiceBuilder, ServiceExt};

use crate::harness::{Handler, bytes, json, run};

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_nanos(seconds * 1_000_000_000)
}

/// Tokens of the form `subject/session/tenant`; `expired` and `away` are what they say.
pub(crate) struct Tokens;

impl Authenticator for Tokens {
    async fn authenticate(&self, parts: &Parts) -> Result<Principal, AuthError> {
        let Some(value) = parts.headers.get("authorization") else {
            return Err(AuthError::unauthenticated());
        };
        let token = value
            .to_str()
            .ok()
            .and_then(|text| text.strip_prefix("Bearer "));
        match token.ok_or(AuthError::invalid_token())? {
            "expired" => Err(AuthError::new(AuthErrorKind::TokenExpired)),
            "away" => Err(AuthError::outage("jwks at 10.0.0.7 is down")),
            "silent" => std::future::pending().await,
            token => {
                let mut parts = token.split('/');
                let subject = parts.next().filter(|subject| !subject.is_empty());
                let mut principal = Principal::new(subject.ok_or(AuthError::invalid_token())?);
                if let Some(session) = parts.next() {
                    principal = principal.with_claim(claims::SESSION_ID, session);
                }
                if let Some(tenant) = parts.next() {
                    principal = principal.with_tenant(tenant);
                }
                if principal.subject == "ada" {
                    principal = principal.with_role("admin").with_scope("orders:write");
                }
                Ok(principal)
            }
        }
    }
}

#[derive(Clone, Default)]
pub(crate) struct Store(Arc<Mutex<HashMap<String, Session>>>);

impl Store {
    pub(crate) fn with(sessions: &[(&str, &str)]) -> Self {
        let store = Self::default();
        for (id, subject) in sessions {
            let mut session = Session::new(*id, *subject);
            session.expires_at = Some(at(1000));
            store.0.lock().unwrap().insert((*id).to_owned(), session);
        }
        store
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Session)) {
        change(self.0.lock().unwrap().get_mut(id).unwrap());
    }
}

impl SessionStore for Store {
    async fn create(&self, session: Session) -> Result<(), AuthError> {
        self.0.lock().unwrap().insert(session.id.clone(), session);
        Ok(())
    }

    async fn get(&self, id: &str) -> Result<Option<Session>, AuthError> {
        match id {
            "away" => Err(AuthError::outage("redis://10.0.0.8 refused")),
            "silent" => std::future::pending().await,
            id => Ok(self.0.lock().unwrap().get(id).cloned()),
        }
    }

    async fn rotate_refresh(&self, _: &str, _: &str, _: Rotation) -> Result<Session, AuthError> {
        Err(AuthError::invalid_token())
    }

    async fn revoke(&self, id: &str, reason: &str) -> Result<(), AuthError> {
        self.change(id, |session| session.revoke(reason, at(1)));
        Ok(())
    }

    async fn list(&self, _: &str, _: usize) -> Result<Vec<Session>, AuthError> {
        Ok(Vec::new())
    }
}

struct Policy;

impl Authorizer for Policy {
    async fn authorize(
        &self,
        principal: &Principal,
        action: &str,
        resource: &str,
    ) -> Result<(), AuthError> {
        match (principal.subject.as_str(), action, resource) {
            ("ada", "write", "orders") => Ok(()),
            ("bob", ..) => Err(AuthError::outage("policy engine at 10.0.0.9 is down")),
            _ => Err(AuthError::forbidden()),
        }
    }
}

struct SameDevice;

impl SessionValidator for SameDevice {
    async fn validate(&self, session: &Session, _: &Principal, p: &Parts) -> Result<(), AuthError> {
        let device = p
            .headers
            .get("x-device")
            .and_then(|value| value.to_str().ok());
        if session.device_id.as_deref() == device {
            Ok(())
        } else {
            Err(AuthError::invalid_token())
        }
    }
}

/// Says who asks, through the extractors.
async fn whoami(request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let principal = Option::<Principal>::from_parts(&mut parts).await.unwrap();
    let session = Option::<Session>::from_parts(&mut parts).await.unwrap();
    let name = principal.map_or("nobody".to_owned(), |principal| {
        format!(
            "{} of {}",
            principal.subject,
            principal.tenant.unwrap_or_default()
        )
    });
    let session = session.map_or("none".to_owned(), |session| session.id);
    Response::new(Body::from(format!("{name}, session {session}")))
}

async fn ask(store: &Store, token: &str) -> Response {
    let stack = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(Tokens).realm("orders"))
        .layer(
            SessionCheckLayer::new(store.clone())
                .validator(SameDevice)
                .clock(|| at(500))
                .realm("orders"),
        )
        .layer(AuthorizeLayer::new(Policy, "write", "orders").realm("orders"));
    let mut builder = http::Request::get("/");
    if !token.is_empty() {
        builder = builder.header("authorization", format!("Bearer {token}"));
    }
    let request = builder.body(Body::empty()).unwrap();
    stack
        .service(Handler(whoami))
        .oneshot(request)
        .await
        .unwrap()
}

async fn check(store: &Store, token: &str, status: u16, code: &str, challenge: &str) {
    let response = ask(store, token).await;
    assert_eq!(response.status(), status, "{token}");
    let sent = response.headers().get("www-authenticate").cloned();
    let sent = sent.as_ref().map_or("", |value| value.to_str().unwrap());
    assert_eq!(sent, challenge, "{token}");
    let body = json(response).await;
    assert_eq!(body["code"], code, "{token}");
    assert!(!body.to_string().contains("10.0.0."), "{body}");
}

const NONE: &str = "Bearer realm=\"orders\"";
const WRONG: &str = "Bearer realm=\"orders\", error=\"invalid_token\"";

/// acceptance 21.1 (38), 21.2 (20)
#[tokio::test]
async fn the_chain_lets_in_who_has_token_session_and_right() {
    let store = Store::with(&[("s1", "ada"), ("s2", "ada"), ("s3", "eve"), ("s4", "bob")]);
    store.change("s2", |session| session.tenant = Some("acme".into()));
    let response = ask(&store, "ada/s1").await;
    assert_eq!(response.status(), 200);
    assert_eq!(bytes(response).await, "ada of , session s1");
    let response = ask(&store, "ada/s2/acme").await;
    assert_eq!(bytes(response).await, "ada of acme, session s2");

    check(&store, "", 401, "unauthenticated", NONE).await;
    check(&store, "/", 401, "invalid_token", WRONG).await;
    check(&store, "expired", 401, "token_expired", WRONG).await;
    check(&store, "ada", 401, "invalid_token", WRONG).await;
    check(&store, "ada/unknown", 401, "session_revoked", WRONG).await;
    check(&store, "ada/s3", 401, "invalid_token", WRONG).await;
    check(&store, "ada/s2/other", 401, "invalid_token", WRONG).await;
    check(&store, "eve/s3", 403, "forbidden", "").await;
}

/// acceptance 21.1 (38)
#[tokio::test]
async fn a_session_that_is_revoked_or_over_lets_nobody_in() {
    let store = Store::with(&[("s1", "ada"), ("s2", "ada"), ("s3", "ada"), ("s4", "ada")]);
    store.revoke("s1", "stolen").await.unwrap();
    store.change("s2", |session| session.expires_at = Some(at(500)));
    store.change("s3", |session| session.device_id = Some("phone".into()));
    check(&store, "ada/s1", 401, "session_revoked", WRONG).await;
    check(&store, "ada/s2", 401, "session_expired", WRONG).await;
    check(&store, "ada/s3", 401, "invalid_token", WRONG).await;
    assert_eq!(ask(&store, "ada/s4").await.status(), 200);
    store.revoke("s4", "signed out").await.unwrap();
    check(&store, "ada/s4", 401, "session_revoked", WRONG).await;
}

/// acceptance 21.2 (21)
#[tokio::test(start_paused = true)]
async fn an_outage_is_503_and_never_a_refusal() {
    let store = Store::with(&[("s4", "bob")]);
    for token in ["away", "silent", "ada/away", "ada/silent", "bob/s4"] {
        check(&store, token, 503, "unavailable", "").await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_an_answer_is_bounded_by_choice() {
    let layer = AuthenticateLayer::new(Tokens).timeout(Duration::from_secs(1));
    let request = http::Request::get("/").header("authorization", "Bearer silent");
    let began = tokio::time::Instant::now();
    let response = run(layer, whoami, request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 503);
    assert_eq!(began.elapsed(), Duration::from_secs(1));
}

async fn optional(token: Option<&str>) -> Response {
    let stack = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(Tokens).optional())
        .layer(
            SessionCheckLayer::new(Store::with(&[("s1", "ada")]))
                .optional()
                .clock(|| at(1)),
        );
    let mut builder = http::Request::get("/");
    if let Some(token) = token {
        builder = builder.header("authorization", token);
    }
    // Somebody outside cannot smuggle a principal in.
    let mut request = builder.body(Body::empty()).unwrap();
    request.extensions_mut().insert(Principal::new("root"));
    request.extensions_mut().insert(Session::new("s9", "root"));
    stack
        .service(Handler(whoami))
        .oneshot(request)
        .await
        .unwrap()
}

#[tokio::test]
async fn optional_lets_the_unknown_in_and_the_wrong_not() {
    assert_eq!(bytes(optional(None).await).await, "nobody, session none");
    let ada = optional(Some("Bearer ada")).await;
    assert_eq!(bytes(ada).await, "ada of , session none");
    let ada = optional(Some("Bearer ada/s1")).await;
    assert_eq!(bytes(ada).await, "ada of , session s1");
    for (token, status) in [
        ("Bearer expired", 401),
        ("Basic YTpi", 401),
        ("Bearer ada/gone", 401),
        ("Bearer ada/away", 503),
        ("Bearer away", 503),
    ] {
        assert_eq!(optional(Some(token)).await.status(), status, "{token}");
    }
}

#[tokio::test]
async fn roles_and_scopes_are_rules_of_their_own() {
    for (layer, subject, status) in [
        (AuthorizeLayer::role("admin"), Some("ada"), 200),
        (AuthorizeLayer::role("Admin"), Some("ada"), 403),
        (AuthorizeLayer::role("admin"), Some("eve"), 403),
        (AuthorizeLayer::role("admin"), None, 401),
        (AuthorizeLayer::scope("orders:write"), Some("ada"), 200),
        (AuthorizeLayer::scope("orders"), Some("ada"), 403),
        (AuthorizeLayer::scope("orders:write"), Some("eve"), 403),
    ] {
        let stack = ServiceBuilder::new()
            .layer(AuthenticateLayer::new(Tokens).optional())
            .layer(layer);
        let mut request = http::Request::get("/").body(Body::empty()).unwrap();
        if let Some(subject) = subject {
            let value = format!("Bearer {subject}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        let response = stack
            .service(Handler(whoami))
            .oneshot(request)
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{subject:?}");
    }
}

#[tokio::test]
async fn the_question_may_be_made_of_the_request() {
    let layer = AuthorizeLayer::asking(Arc::new(Policy), |parts| {
        let resource = parts.uri.path().trim_start_matches('/').to_owned();
        ("write".to_owned(), resource)
    });
    for (path, status) in [("/orders", 200), ("/users", 403)] {
        let mut request = http::Request::post(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(Principal::new("ada"));
        assert_eq!(run(layer.clone(), whoami, request).await.status(), status);
    }
}
