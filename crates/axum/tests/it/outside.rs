//! Plumego's extractors, responses and routers in axum.

use std::net::SocketAddr;

use axum::body::Body;
use axum::routing::{get as on_get, post as on_post};
use plumego_axum::{Plumego, WithPeer};
use plumego_contract::extract::{ClientIp, Path};
use plumego_contract::{AppContext, Error, Json, RequestContext, State, reply};
use plumego_router::{Frozen, Router};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{call, get, post};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[derive(Serialize, Deserialize)]
struct Order {
    id: u32,
}

/// A router of ours with a parameter, a body and the client's address.
fn inner() -> Frozen {
    let show = async |Path(id): Path<u32>| reply(Order { id });
    let create = async |Json(order): Json<Order>| order.id.to_string();
    let whoami = async |ClientIp(ip): ClientIp| ip.to_string();
    Router::new()
        .get("/", async || "root")
        .get("/orders/{id}", show)
        .post("/orders", create)
        .get("/whoami", whoami)
        .freeze(AppContext::default())
        .unwrap()
}

#[tokio::test]
async fn a_nested_router_of_ours_works_and_its_errors_are_ours() {
    let outer: axum::Router = axum::Router::new()
        .route("/ping", on_get(async || "pong"))
        .nest_service("/shop", inner());
    let create = post("/shop/orders", "application/json").body(Body::from(r#"{"id":9}"#));
    assert_eq!(call(outer.clone(), create.unwrap()).await.text, "9");
    let empty = |path: &str| {
        let request = get(path).header("traceparent", TRACEPARENT);
        request.body(Body::empty()).unwrap()
    };
    assert_eq!(call(outer.clone(), empty("/ping")).await.text, "pong");
    assert_eq!(call(outer.clone(), empty("/shop/")).await.text, "root");
    let answer = call(outer.clone(), empty("/shop/orders/7")).await;
    assert_eq!(
        answer.text,
        format!(r#"{{"data":{{"id":7}},"trace_id":"{TRACE_ID}"}}"#)
    );
    let answer = call(outer.clone(), empty("/shop/none")).await;
    assert_eq!(answer.problem(), (404, "not_found".to_owned()));
    let answer = call(outer, empty("/shop/orders/x")).await;
    assert_eq!(answer.problem().0, 400);
    assert_eq!(answer.json()["trace_id"], TRACE_ID);
}

#[tokio::test]
async fn a_nested_router_learns_the_peer_over_a_real_socket() {
    let outer: axum::Router = axum::Router::new()
        .nest_service("/shop", WithPeer::new(inner()))
        .nest_service("/unaware", inner())
        .route(
            "/theirs",
            on_get(async |Plumego(ClientIp(ip)): Plumego<ClientIp>| ip.to_string()),
        );
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = outer.into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move { axum::serve(listener, service).await });

    for (path, knows) in [
        ("/shop/whoami", true),
        ("/theirs", true),
        ("/unaware/whoami", false),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(
            answer.ends_with("\r\n\r\n127.0.0.1"),
            knows,
            "{path}: {answer}"
        );
    }
    server.abort();
}

#[tokio::test]
async fn our_extractors_work_in_axum_and_refuse_as_we_do() {
    let show = async |Plumego(cx): Plumego<RequestContext>,
                      Plumego(Json(order)): Plumego<Json<Order>>| {
        format!("{} {}", cx.trace().trace_id(), order.id)
    };
    let app = axum::Router::new()
        .route("/orders", on_post(show))
        .with_state(7_u8);
    let order = |kind: &str, body: &'static str| {
        let request = post("/orders", kind).header("traceparent", TRACEPARENT);
        request.body(Body::from(body)).unwrap()
    };
    let answer = call(app.clone(), order("application/json", r#"{"id":9}"#)).await;
    assert_eq!(answer.text, format!("{TRACE_ID} 9"));
    let answer = call(app.clone(), order("text/plain", r#"{"id":9}"#)).await;
    assert_eq!(answer.problem(), (415, "unsupported_media_type".to_owned()));
    assert_eq!(answer.json()["trace_id"], TRACE_ID);
    let answer = call(app, order("application/json", r#"{"id":"x"}"#)).await;
    assert_eq!(answer.problem(), (422, "validation_failed".to_owned()));
}

#[tokio::test]
async fn there_is_no_state_of_ours_in_a_pure_axum_application() {
    let handler = async |Plumego(State(n)): Plumego<State<u32>>| n.to_string();
    let app: axum::Router = axum::Router::new().route("/", on_get(handler));
    let answer = call(app, get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.problem(), (500, "internal".to_owned()));
    assert!(!answer.text.contains("u32"), "{}", answer.text);
}

#[tokio::test]
async fn our_responses_and_errors_are_answers_in_axum() {
    let fails = async || Err::<(), _>(Plumego(Error::not_found("order_missing", "no such order")));
    let app: axum::Router = axum::Router::new()
        .route("/fails", on_get(fails))
        .route("/works", on_get(async || Plumego(reply(7))));
    let answer = call(app.clone(), get("/works").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.text, r#"{"data":7}"#);
    let answer = call(app, get("/fails").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.problem(), (404, "order_missing".to_owned()));
}
