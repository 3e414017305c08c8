//! Layers: their order, what they cover, and layers of others.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use plumego_contract::{BoxError, Error, Request, Response, codes};
use plumego_router::{Frozen, Router};
use tower::layer::layer_fn;
use tower::{ServiceBuilder, service_fn};
use tower_http::cors::CorsLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::client::{ask, freeze, request, send, tell};
use crate::trail::{Deny, Echo, Mark, TRAIL};

/// The marks a request passed before the handler.
async fn trail(headers: HeaderMap) -> String {
    marks(&headers)
}

fn marks(headers: &HeaderMap) -> String {
    let names: Vec<_> = headers
        .get_all(TRAIL)
        .iter()
        .map(|name| name.to_str().unwrap())
        .collect();
    names.join(" ")
}

async fn check(frozen: &Frozen, target: &str, expected: &str) {
    let answer = ask(frozen, "GET", target).await;
    assert_eq!(answer.body, expected, "{target}");
}

// acceptance 21.1 (3), (28)
#[tokio::test]
async fn first_written_is_outermost_and_covers_routes_before_and_after() {
    let frozen = freeze(
        Router::new()
            .get("/before", trail)
            .layer(Mark("a"))
            .group("/g", |r| {
                r.get("/before", trail)
                    .layer(Mark("g"))
                    .group("/h", |r| r.get("/x", trail).layer(Mark("h")))
                    .get("/after", trail)
                    .wrap(Mark("w1"))
                    .wrap(Mark("w2"))
            })
            .layer(Mark("b"))
            .any("/any", trail)
            .get("/after", trail),
    );
    check(&frozen, "/before", "a b").await;
    check(&frozen, "/after", "a b").await;
    check(&frozen, "/any", "a b").await;
    check(&frozen, "/g/before", "a b g").await;
    check(&frozen, "/g/after", "a b g w1 w2").await;
    check(&frozen, "/g/h/x", "a b g h").await;
}

#[tokio::test]
async fn layers_of_a_group_stay_in_it() {
    let frozen = freeze(
        Router::new()
            .group("/a", |r| r.layer(Mark("a")).get("/x", trail))
            .group("/b", |r| r.layer(Mark("b")).get("/x", trail))
            .merge(Router::new().layer(Mark("m")).get("/m", trail))
            .get("/c", trail),
    );
    check(&frozen, "/a/x", "a").await;
    check(&frozen, "/b/x", "b").await;
    check(&frozen, "/m", "m").await;
    check(&frozen, "/c", "").await;
}

// spec 3.6 (8): in the original a deny-all group without prefix let its root through
#[tokio::test]
async fn layers_of_a_group_reach_its_root() {
    for prefix in ["", "/"] {
        let frozen = freeze(Router::new().group(prefix, |r| r.layer(Deny).get("/", trail)));
        assert_eq!(ask(&frozen, "GET", "/").await.status, StatusCode::FORBIDDEN);
    }
    for root in ["", "/"] {
        let router = Router::new().group("/g", |r| r.layer(Deny).get(root, trail));
        let frozen = freeze(router);
        assert_eq!(
            ask(&frozen, "GET", "/g").await.status,
            StatusCode::FORBIDDEN
        );
        assert_eq!(
            ask(&frozen, "GET", "/g/").await.status,
            StatusCode::NOT_FOUND
        );
    }
}

// acceptance 21.2 (11): what the router answers itself is seen by the layers too
#[tokio::test]
async fn outcomes_of_the_router_go_through_the_layers() {
    let frozen = freeze(
        Router::new()
            .layer(Mark("root"))
            .layer(Echo)
            .group("/g", |r| {
                r.layer(Mark("g")).layer(Echo).post("/x/{id}", trail)
            }),
    );
    for (method, target, status, expected) in [
        ("GET", "/none", 404, "root"),
        ("GET", "/g/none", 404, "root"),
        ("GET", "/g/x/1", 405, "root g root"),
        ("OPTIONS", "/g/x/1", 204, "root g root"),
        ("POST", "/g/x/%zz", 400, "root g root"),
        ("OPTIONS", "*", 204, "root"),
    ] {
        let answer = ask(&frozen, method, target).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {target}");
        assert_eq!(marks(&answer.headers), expected, "{method} {target}");
    }
    let mut without_host = request("GET", "/g/x/1");
    without_host.headers_mut().remove(header::HOST);
    let answer = send(&frozen, without_host).await;
    assert_eq!(answer.code(), "missing_host");
    assert_eq!(marks(&answer.headers), "root");
}

#[tokio::test]
async fn the_resolved_chain_is_in_the_record() {
    let stack = ServiceBuilder::new().layer(Mark("x")).layer(Mark("y"));
    let frozen = freeze(
        Router::new()
            .layers(&["OuterLayer", "InnerLayer"], stack)
            .group("/g", |r| {
                r.layer(CorsLayer::permissive()).get("/x", trail).wrap(
                    SetResponseHeaderLayer::overriding(
                        header::SERVER,
                        HeaderValue::from_static("x"),
                    ),
                )
            }),
    );
    assert_eq!(
        frozen.routes()[0].layers,
        [
            "OuterLayer",
            "InnerLayer",
            "CorsLayer",
            "SetResponseHeaderLayer"
        ]
    );
    check(&frozen, "/g/x", "x y").await;
}

#[tokio::test]
async fn layers_of_tower_http_are_layers() {
    let frozen = freeze(
        Router::new()
            .layer(SetResponseHeaderLayer::overriding(
                header::SERVER,
                HeaderValue::from_static("ours"),
            ))
            .group("/api", |r| {
                r.layer(CorsLayer::permissive()).post("/x", tell)
            }),
    );
    let mut preflight = request("OPTIONS", "/api/x");
    for (name, value) in [
        ("origin", "https://elsewhere.example"),
        ("access-control-request-method", "POST"),
    ] {
        preflight
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    let answer = send(&frozen, preflight).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("server"), Some("ours"));
    let missing = ask(&frozen, "GET", "/none").await;
    assert_eq!(missing.header("server"), Some("ours"));
}

/// A layer whose service fails: with our error, or with a foreign one.
#[tokio::test]
async fn the_error_of_a_layer_is_an_answer() {
    async fn ours(_: Request) -> Result<Response, BoxError> {
        Err(Box::new(Error::new(codes::RATE_LIMITED)))
    }
    async fn foreign(_: Request) -> Result<Response, std::io::Error> {
        Err(std::io::Error::other("disk 7 is gone"))
    }
    let frozen = freeze(
        Router::new()
            .get("/ours", trail)
            .wrap(layer_fn(|_| service_fn(ours)))
            .get("/foreign", trail)
            .wrap(layer_fn(|_| service_fn(foreign))),
    );
    let answer = ask(&frozen, "GET", "/ours").await;
    assert_eq!(answer.code(), "rate_limited");
    let answer = ask(&frozen, "GET", "/foreign").await;
    assert_eq!(answer.code(), "internal");
    assert!(!answer.body.contains("disk"), "{}", answer.body);
    assert!(answer.body.contains("trace_id"), "{}", answer.body);
}
