//! What a route says of those who call it, and the layers that find out who does.

use http::Method;
use plumego_contract::auth::{Principal, Session};
use plumego_contract::{AppContext, Body, Connection, FromParts as _, Request, Response};
use plumego_middleware::auth::{AuthenticateLayer, AuthorizeLayer, SessionCheckLayer};
use plumego_middleware::{CsrfLayer, Next, TokenAuthLayer, from_fn};
use plumego_router::{Frozen, IdentifyingLayer, Router};
use plumego_stdx::Secret;

use crate::auth::{Store, Tokens};
use crate::harness::bytes;

/// Says who asks.
async fn whoami(request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let principal = Option::<Principal>::from_parts(&mut parts).await.unwrap();
    let session = Option::<Session>::from_parts(&mut parts).await.unwrap();
    let name = principal.map_or("nobody".to_owned(), |principal| principal.subject);
    let session = session.map_or("none".to_owned(), |session| session.id);
    Response::new(Body::from(format!("{name}, session {session}")))
}

fn freeze(router: Router) -> Frozen {
    router.freeze(AppContext::default()).unwrap()
}

fn routes(router: Router) -> Router {
    router
        .get("/silent", whoami)
        .get("/public", whoami)
        .public()
        .get("/known", whoami)
        .authenticated()
        .get("/admin", whoami)
        .require_role("admin")
        .require_scope("orders:write")
}

async fn check(app: &Frozen, target: &str, token: &str, status: u16, expected: &str) {
    let mut builder = http::Request::builder()
        .method(Method::GET)
        .uri(target)
        .header("host", "example.com");
    if !token.is_empty() {
        builder = builder.header("authorization", format!("Bearer {token}"));
    }
    let request = builder.body(Body::empty()).unwrap();
    let response = app.dispatch(Connection::default(), request).response.await;
    assert_eq!(response.status(), status, "{target} {token}");
    let challenge = response.headers().get("www-authenticate").is_some();
    assert_eq!(challenge, status == 401, "{target} {token}");
    let body = bytes(response).await;
    let body = String::from_utf8_lossy(&body);
    assert!(body.contains(expected), "{target} {token}: {body}");
}

#[tokio::test(start_paused = true)]
async fn the_route_decides_who_comes_through() {
    let app = freeze(routes(Router::new().layer(AuthenticateLayer::new(Tokens))));
    for (target, token, status, expected) in [
        ("/silent", "", 401, "unauthenticated"),
        ("/silent", "eve", 200, "eve"),
        ("/public", "", 200, "nobody"),
        ("/public", "ada", 200, "ada"),
        ("/public", "expired", 200, "nobody"),
        ("/public", "away", 200, "nobody"),
        ("/public", "silent", 200, "nobody"),
        ("/known", "", 401, "unauthenticated"),
        ("/known", "expired", 401, "token_expired"),
        ("/known", "eve", 200, "eve"),
        ("/admin", "", 401, "unauthenticated"),
        ("/admin", "eve", 403, "forbidden"),
        ("/admin", "ada", 200, "ada"),
        // Whoever knows is away: neither a 401 nor an open door.
        ("/known", "away", 503, "unavailable"),
        ("/admin", "silent", 503, "unavailable"),
    ] {
        check(&app, target, token, status, expected).await;
    }
}

#[tokio::test]
async fn an_optional_layer_opens_no_route_that_asks_for_somebody() {
    let layer = AuthenticateLayer::new(Tokens).optional();
    let app = freeze(routes(Router::new().layer(layer)));
    check(&app, "/silent", "", 200, "nobody").await;
    check(&app, "/known", "", 401, "unauthenticated").await;
    check(&app, "/admin", "", 401, "unauthenticated").await;
    check(&app, "/silent", "expired", 401, "token_expired").await;
}

#[tokio::test]
async fn without_a_good_session_nobody_is_known() {
    let store = Store::with(&[("s1", "ada"), ("s2", "eve")]);
    let router = Router::new()
        .layer(AuthenticateLayer::new(Tokens))
        .layer(SessionCheckLayer::new(store).clock(|| crate::auth::at(500)));
    let app = freeze(routes(router));
    for (target, token, status, expected) in [
        ("/public", "ada/s1", 200, "ada, session s1"),
        ("/public", "ada/unknown", 200, "nobody, session none"),
        ("/public", "ada/s2", 200, "nobody, session none"),
        ("/public", "ada/away", 200, "nobody, session none"),
        ("/known", "ada/unknown", 401, "session_revoked"),
        ("/admin", "ada/away", 503, "unavailable"),
        // The session comes before the rights: who is not signed in any more is not told of them.
        ("/admin", "eve/unknown", 401, "session_revoked"),
        ("/admin", "eve/s2", 403, "forbidden"),
        ("/admin", "ada/s1", 200, "ada, session s1"),
    ] {
        check(&app, target, token, status, expected).await;
    }
}

#[tokio::test]
async fn the_holder_of_a_fixed_token_is_somebody() {
    let token = "0123456789abcdef0123456789abcdef";
    let layer = TokenAuthLayer::new([Secret::new(token.to_owned())]).unwrap();
    let app = freeze(routes(Router::new().layer(layer.clone())));
    check(&app, "/known", token, 200, "token").await;
    check(&app, "/known", "", 401, "unauthenticated").await;
    check(&app, "/admin", token, 403, "forbidden").await;
    // The layer closes what it is around, whatever the route says.
    check(&app, "/public", "", 401, "unauthenticated").await;
    let app = freeze(routes(Router::new().layer(layer.subject("billing"))));
    check(&app, "/known", token, 200, "billing").await;
}

#[test]
fn a_layer_that_cannot_tell_who_asks_is_not_taken_for_one() {
    let router = || Router::new().get("/known", whoami).authenticated();
    let function = || from_fn(async |request: Request, next: Next| next.run(request).await);
    let session = SessionCheckLayer::new(Store::with(&[]));
    for closed in [
        router().layer(CsrfLayer::default()),
        router().layer(AuthorizeLayer::role("admin")),
        router().layer(session),
        router().layer(function()),
    ] {
        let problems = closed.freeze(AppContext::default());
        let text = problems.unwrap_err().to_string();
        assert!(text.contains("no layer around it says that"), "{text}");
    }
    for open in [
        router().layer(AuthenticateLayer::new(Tokens)),
        router().layer(IdentifyingLayer::new(function())),
    ] {
        assert!(open.freeze(AppContext::default()).is_ok());
    }
}
