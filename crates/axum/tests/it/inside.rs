//! axum's extractors, responses and routers in Plumego.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, Query};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use http::request::Parts;
use plumego_axum::{Axum, MAX_DETAIL_BYTES};
use plumego_contract::extract::Path;
use plumego_contract::{AppContext, Connection, Error, Limit};
use plumego_router::{Frozen, Router};
use serde::Deserialize;

use crate::support::{call, get, post};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Deserialize)]
struct Page {
    page: u32,
}

fn frozen(router: Router) -> Frozen {
    router.freeze(AppContext::default()).unwrap()
}

/// An extractor of axum that refuses in its own way.
struct Refuses<const WAY: u8>;

impl<S: Sync, const WAY: u8> FromRequestParts<S> for Refuses<WAY> {
    type Rejection = Response;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Response> {
        Err(match WAY {
            0 => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "postgres://admin:hunter2@db",
            )
                .into_response(),
            1 => Redirect::to("/login").into_response(),
            2 => (
                StatusCode::UNAUTHORIZED,
                [("www-authenticate", "Bearer")],
                "log in",
            )
                .into_response(),
            3 => (StatusCode::BAD_REQUEST, axum::response::Html("<h1>no</h1>")).into_response(),
            4 => (StatusCode::BAD_REQUEST, "x".repeat(MAX_DETAIL_BYTES + 1)).into_response(),
            _ => StatusCode::IM_A_TEAPOT.into_response(),
        })
    }
}

#[tokio::test]
async fn an_extractor_of_the_head_works_and_its_rejection_is_a_problem() {
    let list = async |Axum(Query(page)): Axum<Query<Page>>| page.page.to_string();
    let app = frozen(Router::new().get("/", list));
    assert_eq!(
        call(app.clone(), get("/?page=7").body(Body::empty()).unwrap())
            .await
            .text,
        "7"
    );
    let answer = call(app, get("/?page=x").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.problem(), (400, "bad_request".to_owned()));
    let body = answer.json();
    assert!(body["detail"].as_str().unwrap().contains("page"), "{body}");
    assert_eq!(body["trace_id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn an_extractor_of_the_body_works_and_its_rejection_keeps_its_status() {
    let json = async |Axum(axum::Json(page)): Axum<axum::Json<Page>>| page.page.to_string();
    let form = async |Axum(axum::Form(page)): Axum<axum::Form<Page>>| page.page.to_string();
    let app = frozen(Router::new().post("/json", json).post("/form", form));
    for (request, body, status, text) in [
        (post("/json", JSON), r#"{"page":7}"#, 200, "7"),
        (post("/form", FORM), "page=7", 200, "7"),
        (post("/json", JSON), "{", 400, "bad_request"),
        (
            post("/json", JSON),
            r#"{"page":"x"}"#,
            422,
            "validation_failed",
        ),
        (post("/json", FORM), "{}", 415, "unsupported_media_type"),
    ] {
        let answer = call(app.clone(), request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}");
        assert!(answer.text.contains(text), "{body}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_body_limit_is_that_of_the_route() {
    let echo = async |Axum(body): Axum<bytes::Bytes>| body.len().to_string();
    let router = Router::new()
        .post("/small", echo)
        .max_body_bytes(Limit::At(10))
        .post("/large", echo)
        .max_body_bytes(Limit::At(3 << 20));
    let app = frozen(router);
    for (path, length, status) in [
        ("/small", 10, 200),
        ("/small", 11, 413),
        // axum's own default is 2 MB.
        ("/large", 3 << 20, 200),
        ("/large", (3 << 20) + 1, 413),
    ] {
        let body = Body::from(vec![b'x'; length]);
        let answer = call(app.clone(), post(path, "text/plain").body(body).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {length}");
        if status == 413 {
            assert_eq!(answer.problem().1, "body_too_large");
        }
    }
}

// acceptance 21.2 (24)
#[tokio::test]
async fn a_rejection_tells_the_client_no_more_than_it_may() {
    async fn refuse<const WAY: u8>(_: Axum<Refuses<WAY>>) -> &'static str {
        "taken"
    }
    let router = Router::new()
        .get("/0", refuse::<0>)
        .get("/1", refuse::<1>)
        .get("/2", refuse::<2>)
        .get("/3", refuse::<3>)
        .get("/4", refuse::<4>)
        .get("/5", refuse::<5>);
    let app = frozen(router);
    for (path, status, code, detail) in [
        ("/0", 500, "internal", None),
        ("/1", 500, "internal", None),
        ("/2", 401, "unauthenticated", Some("log in")),
        ("/3", 400, "bad_request", None),
        ("/4", 400, "bad_request", None),
        ("/5", 418, "rejected", None),
    ] {
        let answer = call(app.clone(), get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{path}");
        assert_eq!(answer.json()["detail"].as_str(), detail, "{path}");
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
        assert_eq!(answer.headers.get("location"), None, "{path}");
        let challenge = answer.headers.get("www-authenticate");
        assert_eq!(challenge.is_some(), path == "/2");
        let length = answer
            .headers
            .get("content-length")
            .map(|n| n.to_str().unwrap());
        assert!(
            length.is_none_or(|n| n == answer.text.len().to_string()),
            "{length:?}"
        );
    }
}

#[tokio::test]
async fn connect_info_is_the_peer() {
    let peer = async |Axum(ConnectInfo(peer)): Axum<ConnectInfo<SocketAddr>>| peer.to_string();
    let app = frozen(Router::new().get("/", peer));
    let mut request = get("/").body(Body::empty()).unwrap();
    let from = Connection::from_peer("192.0.2.7:4711".parse().unwrap());
    request.extensions_mut().insert(from);
    assert_eq!(call(app, request).await.text, "192.0.2.7:4711");
}

#[tokio::test]
async fn parameters_come_from_our_path_and_not_from_axums() {
    let ours = async |Path(id): Path<u32>| id.to_string();
    let theirs =
        async |Axum(axum::extract::Path(id)): Axum<axum::extract::Path<u32>>| id.to_string();
    let app = frozen(
        Router::new()
            .get("/ours/{id}", ours)
            .get("/theirs/{id}", theirs),
    );
    let answer = call(app.clone(), get("/ours/7").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.text, "7");
    let answer = call(app, get("/theirs/7").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.problem(), (500, "internal".to_owned()));
}

#[tokio::test]
async fn a_handler_answers_with_a_response_of_axum_or_an_error_of_ours() {
    let moved = async || Axum(Redirect::permanent("/new"));
    let fails = async || Err::<Axum<&str>, _>(Error::conflict("taken", "taken"));
    let app = frozen(Router::new().get("/old", moved).get("/fails", fails));
    let answer = call(app.clone(), get("/old").body(Body::empty()).unwrap()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (308, &"/new".parse().unwrap())
    );
    let answer = call(app, get("/fails").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.problem(), (409, "taken".to_owned()));
}

#[tokio::test]
async fn a_mounted_axum_router_sees_its_own_paths_and_parameters() {
    use axum::routing;
    let show = async |axum::extract::Path(id): axum::extract::Path<u32>| id.to_string();
    let read = async |uri: http::Uri, body: String| format!("{uri} {body}");
    let legacy = axum::Router::new()
        .route("/orders/{id}", routing::get(show))
        .route("/read", routing::post(read));
    let app = frozen(
        Router::new()
            .mount("/legacy", legacy)
            .get("/ping", async || "pong"),
    );
    for (request, expected) in [
        (get("/legacy/orders/7").body(Body::empty()), "7"),
        (
            post("/legacy/read?a=b", "text/plain").body(Body::from("hello")),
            "/read?a=b hello",
        ),
        (get("/ping").body(Body::empty()), "pong"),
    ] {
        assert_eq!(call(app.clone(), request.unwrap()).await.text, expected);
    }
    let answer = call(app, get("/legacy/none").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 404);
}
