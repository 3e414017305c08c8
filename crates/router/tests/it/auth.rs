//! What routes ask of those who call them: said, listed, and held.

use std::panic::Location;

use http::StatusCode;
use plumego_contract::auth::{AuthRequirement, Principal};
use plumego_contract::{Request, RouteTable};
use plumego_router::{Frozen, IdentifyingLayer, Router, identifies};
use tower::Layer;
use tower::ServiceBuilder;
use tower::util::{MapRequest, MapRequestLayer, option_layer};

use crate::client::{Answer, ask, freeze, problems, request, send, tell};

/// Believes the header `x-principal`: `ada role=admin permission=p scope=s`. Foreign to the router.
#[derive(Clone)]
struct Believe;

impl<S> Layer<S> for Believe {
    type Service = MapRequest<S, fn(Request) -> Request>;

    fn layer(&self, inner: S) -> Self::Service {
        identifies();
        MapRequest::new(inner, believe)
    }
}

fn believe(mut request: Request) -> Request {
    let text = request.headers().get("x-principal").cloned();
    if let Some(text) = text {
        let mut words = text.to_str().unwrap().split(' ');
        let mut principal = Principal::new(words.next().unwrap());
        for (kind, word) in words.map(|word| word.split_once('=').unwrap()) {
            principal = match kind {
                "role" => principal.with_role(word),
                "permission" => principal.with_permission(word),
                _ => principal.with_scope(word),
            };
        }
        request.extensions_mut().insert(principal);
    }
    request
}

async fn as_(frozen: &Frozen, principal: &str, method: &str, target: &str) -> Answer {
    let mut request = request(method, target);
    request
        .headers_mut()
        .insert("x-principal", principal.parse().unwrap());
    send(frozen, request).await
}

async fn check(frozen: &Frozen, principal: &str, target: &str, status: u16) {
    let answer = if principal.is_empty() {
        ask(frozen, "GET", target).await
    } else {
        as_(frozen, principal, "GET", target).await
    };
    assert_eq!(answer.status, status, "{principal:?} {target}: {answer:?}");
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge.is_some(), status == 401, "{challenge:?}");
    if status == 403 {
        // What would be needed is nobody's business.
        assert!(!answer.body.contains("role"), "{}", answer.body);
    }
}

fn app() -> Frozen {
    let admin = |r: Router| {
        r.get("/", tell)
            .get("/users", tell)
            .require_permission("users:read")
            .get("/help", tell)
            .public()
            .fallback(tell)
            .group("/deep", |r| r.get("/x", tell).require_scope("deep"))
            .group("/open", |r| r.get("/x", tell))
            .public()
    };
    let router = Router::new()
        .layer(Believe)
        .get("/silent", tell)
        .get("/known", tell)
        .authenticated()
        .get("/either", tell)
        .require_any_role(["admin", "auditor"])
        .get("/both", tell)
        .require_role("admin")
        .require_scope("read")
        .group("/admin", admin)
        .require_role("admin")
        .mount("/mounted", tower::service_fn(mounted))
        .require_role("admin");
    freeze(router)
}

async fn mounted(_: Request) -> Result<plumego_contract::Response, std::convert::Infallible> {
    Ok(plumego_contract::Response::default())
}

#[tokio::test]
async fn a_requirement_is_held_and_the_one_of_the_group_too() {
    let app = app();
    for (principal, target, status) in [
        ("", "/silent", 200),
        ("", "/known", 401),
        ("ada", "/known", 200),
        ("", "/either", 401),
        ("ada", "/either", 403),
        ("ada role=auditor", "/either", 200),
        ("ada role=admin", "/both", 403),
        ("ada scope=read", "/both", 403),
        ("ada role=admin scope=read", "/both", 200),
        ("", "/admin", 401),
        ("ada", "/admin", 403),
        ("ada role=admin", "/admin", 200),
        ("ada permission=users:read", "/admin/users", 403),
        ("ada role=admin", "/admin/users", 403),
        ("ada role=admin permission=users:read", "/admin/users", 200),
        ("", "/admin/help", 200),
        ("ada scope=deep", "/admin/deep/x", 403),
        ("ada role=admin scope=deep", "/admin/deep/x", 200),
        ("", "/admin/open/x", 200),
        ("", "/mounted/any", 401),
        ("ada role=admin", "/mounted/any", 200),
        // ASVS 5.0, 8.2.1: words are compared exactly, and a right of one kind is not another.
        ("ada role=Admin", "/admin", 403),
        ("ada role=admin2", "/admin", 403),
        ("ada scope=admin", "/admin", 403),
        ("ada permission=admin", "/admin", 403),
    ] {
        check(&app, principal, target, status).await;
    }
}

#[tokio::test]
async fn a_fallback_of_a_closed_group_is_closed() {
    let app = app();
    check(&app, "", "/admin/nothing/here", 401).await;
    check(&app, "ada", "/admin/nothing/here", 403).await;
    check(&app, "ada role=admin", "/admin/nothing/here", 200).await;
}

#[tokio::test]
async fn head_and_any_are_as_closed_as_get() {
    let app = app();
    for (method, target) in [
        ("HEAD", "/known"),
        ("DELETE", "/mounted/x"),
        ("QUERY", "/mounted"),
    ] {
        let answer = ask(&app, method, target).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {target}");
    }
}

#[test]
fn the_list_shows_what_each_route_asks_for() {
    let app = app();
    let auth = |pattern: &str| {
        let info = app.routes().iter().find(|info| info.pattern == pattern);
        let auth = info.unwrap().auth.as_ref();
        auth.map(ToString::to_string)
    };
    assert_eq!(auth("/silent"), None);
    assert_eq!(auth("/known").unwrap(), "authenticated");
    assert_eq!(auth("/either").unwrap(), "role:admin|auditor");
    assert_eq!(auth("/both").unwrap(), "role:admin scope:read");
    assert_eq!(
        auth("/admin/users").unwrap(),
        "role:admin permission:users:read"
    );
    assert_eq!(auth("/admin/help").unwrap(), "public");

    let text = RouteTable(app.routes()).to_string();
    let line = text.lines().find(|line| line.contains("/admin/users"));
    let line = line.unwrap();
    assert!(line.starts_with("GET  /admin/users"), "{line}");
    assert!(
        line.contains("  role:admin permission:users:read  -  "),
        "{line}"
    );
    assert!(line.contains("auth.rs:"), "{line}");
    let json = serde_json::to_value(RouteTable(app.routes())).unwrap();
    assert_eq!(json[0]["auth"], serde_json::Value::Null);
    assert_eq!(json[1]["auth"], "authenticated");
    assert_eq!(json[1]["method"], "GET");
    assert_eq!(json[1]["layers"], serde_json::json!(["Believe"]));
    assert!(json[1]["location"].as_str().unwrap().contains("auth.rs:"));
}

/// The line of the caller, as problems show it.
#[track_caller]
fn here(offset: u32) -> String {
    let here = Location::caller();
    format!("auth.rs:{}:", here.line() + offset)
}

#[test]
fn a_route_that_nobody_could_ever_reach_is_a_problem() {
    let line = here(3);
    let router = Router::new()
        .get("/open", tell)
        .get("/closed", tell)
        .require_role("admin")
        .group("/g", |r| r.fallback(tell))
        .authenticated();
    let found = problems(router);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("GET /closed: asks for `role:admin`, and no layer"));
    assert!(found[0].contains(&line), "{}", found[0]);
    assert!(found[1].starts_with("fallback: asks for `authenticated`"));
}

/// Whether a route that asks for somebody known can be frozen within the layers.
fn takes(layers: impl FnOnce(Router) -> Router) -> bool {
    let router = layers(Router::new()).get("/closed", tell).authenticated();
    match router.freeze(plumego_contract::AppContext::default()) {
        Ok(_) => true,
        Err(found) => {
            let text = found.to_string();
            assert!(text.contains("no layer around it says that"), "{text}");
            false
        }
    }
}

#[test]
fn a_layer_finds_out_who_asks_when_it_says_so() {
    let plain = || MapRequestLayer::new(|request: Request| request);
    assert!(takes(|r| r.layer(Believe)));
    assert!(takes(|r| r.layer(IdentifyingLayer::new(plain()))));
    // What does not say so is not taken for one, whoever wrote it.
    assert!(!takes(|r| r));
    assert!(!takes(|r| r.layer(plain())));
    assert!(!takes(|r| r.layers(&["AuthenticateLayer"], plain())));
    // Stacks and choices say what is in them.
    let stack = || ServiceBuilder::new().layer(plain()).layer(Believe);
    assert!(takes(|r| r.layer(stack().into_inner())));
    assert!(takes(|r| r.layer(option_layer(Some(Believe)))));
    assert!(!takes(|r| r.layer(option_layer(None::<Believe>))));
    // What is said beside a route is not said of it.
    let beside = |r: Router| r.group("/beside", |r| r.layer(Believe).get("/", tell));
    assert!(!takes(beside));
    assert!(!takes(|r| {
        freeze(Router::new().layer(Believe).get("/", tell));
        r
    }));
}

#[tokio::test]
async fn a_layer_that_says_so_and_knows_nobody_opens_nothing() {
    let layer = IdentifyingLayer::new(MapRequestLayer::new(|request: Request| request));
    let app = freeze(
        Router::new()
            .layer(layer)
            .get("/known", tell)
            .authenticated(),
    );
    check(&app, "", "/known", 401).await;
    check(&app, "ada role=admin", "/known", 401).await;
}

#[test]
fn what_makes_no_sense_is_a_problem() {
    let router = Router::new().authenticated().layer(Believe);
    let found = problems(router);
    assert!(found[0].contains("a requirement speaks of the route or group before it"));

    for routes in [
        |r: Router| r.get("/a", tell).public().require_role("admin"),
        |r: Router| r.get("/a", tell).require_role("admin").public(),
        |r: Router| {
            r.group("/a", |r| r.get("/b", tell))
                .authenticated()
                .public()
        },
    ] {
        let found = problems(routes(Router::new().layer(Believe)));
        assert!(
            found[0].contains("are said of the same route or group"),
            "{found:?}"
        );
        assert!(found[0].contains("auth.rs:"), "{found:?}");
    }
    for routes in [
        |r: Router| r.get("/a", tell).require_role(" "),
        |r: Router| r.get("/a", tell).require_any_role(Vec::<String>::new()),
    ] {
        let found = problems(routes(Router::new().layer(Believe)));
        assert!(
            found[0].contains("is empty, so that nobody could have it"),
            "{found:?}"
        );
    }
}

#[test]
fn a_policy_is_asked_of_every_route_that_may_change_something() {
    let line = here(4);
    let router = Router::new()
        .layer(Believe)
        .get("/read", tell)
        .post("/made", tell)
        .post("/login", tell)
        .public()
        .group("/g", |r| r.require_auth_policy().delete("/x", tell))
        .group("/known", |r| r.put("/x", tell).patch("/x", tell))
        .auth(AuthRequirement::authenticated())
        .any("/any", tell)
        .mount("/legacy", tower::service_fn(mounted))
        .options("/read", tell);
    let found = problems(router);
    let named: Vec<&str> = found
        .iter()
        .map(|problem| problem.split(':').next().unwrap())
        .collect();
    assert_eq!(
        named,
        [
            "POST /made",
            "DELETE /g/x",
            "ANY /any",
            "ANY /legacy/{*path}"
        ]
    );
    assert!(found[0].contains(&line), "{} {line}", found[0]);
    assert!(
        found
            .iter()
            .all(|problem| problem.contains("`.public()` when anybody may"))
    );
}
