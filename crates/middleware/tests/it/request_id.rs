use std::collections::HashSet;

use http::{HeaderName, HeaderValue};
use plumego_contract::{Request, RequestContext, Response};
use plumego_middleware::RequestIdLayer;

use crate::harness::{get, run};

/// The id as the handler sees it in the context and in the request, and as the client gets it.
async fn ids(layer: RequestIdLayer, request: Request) -> (String, String, String) {
    let header = HeaderName::from_static("x-request-id");
    let handler = |request: Request| async move {
        let context = RequestContext::get(request.extensions()).unwrap();
        let seen = context.request_id().unwrap().as_str().to_owned();
        let forwarded = request.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let mut response = Response::default();
        response.extensions_mut().insert((seen, forwarded));
        response
    };
    let response = run(layer, handler, request).await;
    let (seen, forwarded) = response
        .extensions()
        .get::<(String, String)>()
        .unwrap()
        .clone();
    let sent = response.headers()[&header].to_str().unwrap().to_owned();
    (seen, forwarded, sent)
}

fn with_id(value: &[u8]) -> Request {
    let mut request = get("/");
    request
        .headers_mut()
        .insert("x-request-id", HeaderValue::from_bytes(value).unwrap());
    request
}

#[tokio::test]
async fn a_well_formed_inbound_id_is_kept() {
    let longest = "a".repeat(128);
    for id in ["a", "0b7e-11/x=~!", longest.as_str()] {
        let expected = (id.to_owned(), id.to_owned(), id.to_owned());
        assert_eq!(
            ids(RequestIdLayer::new(), with_id(id.as_bytes())).await,
            expected
        );
    }
}

#[tokio::test]
async fn anything_else_is_replaced_everywhere() {
    let too_long = "a".repeat(129);
    for id in [
        &b""[..],
        b"has space",
        b"tab\there",
        "\u{e9}".as_bytes(),
        too_long.as_bytes(),
    ] {
        let (seen, forwarded, sent) = ids(RequestIdLayer::new(), with_id(id)).await;
        assert_eq!(sent.len(), 32, "{id:?}");
        assert!(sent.bytes().all(|b| b.is_ascii_hexdigit()), "{sent}");
        assert_eq!(
            (seen.as_str(), forwarded.as_str()),
            (sent.as_str(), sent.as_str())
        );
    }
}

#[tokio::test]
async fn two_inbound_ids_contradict_each_other() {
    let mut request = with_id(b"one");
    request
        .headers_mut()
        .append("x-request-id", HeaderValue::from_static("two"));
    assert_eq!(ids(RequestIdLayer::new(), request).await.2.len(), 32);
}

#[tokio::test]
async fn inbound_ids_can_be_ignored() {
    let (_, _, sent) = ids(RequestIdLayer::new().ignore_inbound(), with_id(b"theirs")).await;
    assert_ne!(sent, "theirs");
}

#[tokio::test]
async fn fresh_ids_do_not_repeat() {
    let mut all = HashSet::new();
    for _ in 0..1000 {
        assert!(all.insert(ids(RequestIdLayer::new(), get("/")).await.2));
    }
}
