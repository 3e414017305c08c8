//! What is sent and what comes back.

use http::{HeaderMap, HeaderValue, Method};
use plumego_client::{Client, UrlError};
use plumego_contract::{Body, Error as ContractError};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{Raw, Server, respond};
use crate::{guarded, stream, trusted, within};

#[tokio::test]
async fn json_goes_both_ways() {
    let server = Server::new(|asked| respond(200, asked.body.clone())).await;
    let client = guarded().build().unwrap();
    let value = json!({"a": [1, 2], "b": "\u{e9}"});
    let answer = within(client.post(server.url("/")).json(&value).send())
        .await
        .unwrap();
    let back: Value = within(answer.ok().unwrap().json()).await.unwrap();
    assert_eq!(back, value);
    let asked = &server.asked()[0];
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.header("content-length"), Some("20"));
}

#[tokio::test]
async fn what_is_no_json_or_no_text_is_an_error_that_says_so() {
    let server = Server::new(|_| respond(200, &b"\xff"[..])).await;
    let client = guarded().build().unwrap();
    let answer = within(client.get(server.url("/")).send()).await.unwrap();
    let error = within(answer.json::<Value>()).await.unwrap_err();
    assert!(error.is_unreadable() && !error.is_retryable(), "{error:?}");
    let answer = within(client.get(server.url("/")).send()).await.unwrap();
    assert!(within(answer.text()).await.unwrap_err().is_unreadable());
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let server = Server::new(|asked| respond(200, asked.body.clone())).await;
    let client = guarded().build().unwrap();
    let request = client.post(server.url("/")).body(stream(["one ", "two"]));
    let answer = within(request.send()).await.unwrap();
    assert_eq!(
        server.asked()[0].header("transfer-encoding"),
        Some("chunked")
    );
    let body = answer.into_http().into_body();
    assert_eq!(&within(body.into_bytes(100)).await.unwrap()[..], b"one two");
    let empty = within(client.get(server.url("/")).send()).await.unwrap();
    assert!(!empty.into_body().is_stream());
}

/// What belongs to the connection is written by the client, so that two framings cannot contradict
/// each other (request smuggling).
#[tokio::test]
async fn fields_of_the_connection_are_the_clients_own() {
    let server = Server::text("ok").await;
    let client = guarded().build().unwrap();
    let request = client
        .post(server.url("/"))
        .header("host", "evil.example")
        .header("content-length", "3")
        .header("transfer-encoding", "chunked")
        .header("connection", "close, x-secret")
        .header("keep-alive", "1")
        .header("upgrade", "websocket")
        .header("te", "trailers")
        .header("trailer", "x")
        .header("expect", "100-continue")
        .header("x-mine", "yes")
        .body("12345");
    within(request.send()).await.unwrap();
    let asked = &server.asked()[0];
    let host = server.addr.to_string();
    assert_eq!(asked.header("host"), Some(host.as_str()));
    assert_eq!(
        (asked.header("content-length"), &asked.body[..]),
        (Some("5"), &b"12345"[..])
    );
    assert_eq!(asked.header("x-mine"), Some("yes"));
    assert_eq!(asked.head.headers.len(), 4, "{:?}", asked.head.headers);
    assert!(asked.header("user-agent").unwrap().starts_with("plumego/"));
}

#[tokio::test]
async fn headers_are_set_replaced_and_repeated() {
    let server = Server::text("ok").await;
    let client = guarded().user_agent("shop/1").build().unwrap();
    let mut more = HeaderMap::new();
    more.append("x-many", HeaderValue::from_static("1"));
    more.append("x-many", HeaderValue::from_static("2"));
    let request = client
        .get(server.url("/"))
        .header("x-one", "old")
        .header("x-one", "new")
        .header("x-many", "old")
        .headers(more)
        .bearer("token");
    within(request.send()).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(asked.header("x-one"), Some("new"));
    assert_eq!(asked.head.headers.get_all("x-many").iter().count(), 2);
    assert_eq!(asked.header("authorization"), Some("Bearer token"));
    assert_eq!(asked.header("user-agent"), Some("shop/1"));
    assert_eq!(asked.header("accept-encoding"), None);
}

#[tokio::test]
async fn what_cannot_be_sent_is_an_error_of_send() {
    let server = Server::text("ok").await;
    let client = guarded().build().unwrap();
    let url = || server.url("/");
    for request in [
        client.get(url()).header("x", "a\r\nhost: b"),
        client.get(url()).header("a b", "c"),
        client.get(url()).bearer("a\nb"),
        client.request(Method::CONNECT, url()),
        client.request(Method::TRACE, url()),
    ] {
        let error = within(request.send()).await.unwrap_err();
        assert!(error.is_misuse(), "{error}");
        assert_eq!(ContractError::from(error).status(), 500);
    }
    let error = within(client.get("nowhere").send()).await.unwrap_err();
    assert_eq!(error.url_error(), Some(UrlError::NotAbsolute));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_request_of_http_is_sent_as_it_is() {
    let server = Server::text("ok").await;
    let client = trusted(&server.url("/"));
    let request = http::Request::put(server.url("/v1/traces?x"))
        .header("x-a", "b")
        .body(b"bytes".to_vec())
        .unwrap();
    let answer = within(client.execute(request)).await.unwrap();
    assert_eq!(within(answer.bytes()).await.unwrap(), "ok");
    let asked = &server.asked()[0];
    assert_eq!(
        (asked.head.method.as_str(), asked.header("x-a")),
        ("PUT", Some("b"))
    );
    assert_eq!(
        (asked.head.uri.to_string(), &asked.body[..]),
        ("/v1/traces?x".to_owned(), &b"bytes"[..])
    );
    let relative = http::Request::get("/v1").body(Body::empty()).unwrap();
    assert!(
        within(client.execute(relative))
            .await
            .unwrap_err()
            .is_refused()
    );
}

/// What the other server said of its connection is not said of ours.
#[tokio::test]
async fn an_answer_that_is_handed_on_leaves_its_connection_behind() {
    let server = Raw::new(|mut stream| async move {
        let mut buffer = [0; 4096];
        assert!(stream.read(&mut buffer).await.unwrap() > 0);
        let answer = b"HTTP/1.1 200 OK\r\nconnection: close, X-Hop\r\nx-hop: 1\r\nx-end: 2\r\n\
            keep-alive: 5\r\nproxy-authenticate: x\r\ntransfer-encoding: chunked\r\n\r\n\
            2\r\nok\r\n0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
    })
    .await;
    let client = guarded().build().unwrap();
    let answer = within(client.get(server.url("/")).send()).await.unwrap();
    let (head, body) = answer.into_http().into_parts();
    let names: Vec<&str> = head.headers.keys().map(http::HeaderName::as_str).collect();
    assert_eq!(names, ["x-end"]);
    assert_eq!(within(body.into_bytes(10)).await.unwrap(), "ok");
}

#[tokio::test]
async fn a_status_is_an_error_when_asked() {
    let server = Server::new(|_| respond(404, "no")).await;
    let client = guarded().build().unwrap();
    let answer = within(client.get(server.url("/")).send()).await.unwrap();
    let error = answer.ok().unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
}

/// acceptance 21.2 (24): what went wrong inside is for the log.
#[tokio::test]
async fn an_answer_made_of_an_error_tells_nothing() {
    let client = Client::guarded("hooks").build().unwrap();
    let refused = client.check("http://169.254.169.254/secret").unwrap_err();
    let closed = {
        let server = Server::text("").await;
        guarded().build().unwrap().get(server.url("/secret"))
    };
    let closed = within(closed.retry(plumego_client::Retry::off()).send())
        .await
        .unwrap_err();
    assert!(closed.is_connect(), "{closed:?}");
    for error in [refused, closed] {
        let answer = ContractError::from(error);
        assert_eq!(
            (answer.status().as_u16(), answer.code()),
            (502, "upstream_failed")
        );
        assert_eq!(answer.detail(), None);
        let cause = std::error::Error::source(&answer).unwrap().to_string();
        assert!(
            cause.starts_with("client `") && !cause.contains("secret"),
            "{cause}"
        );
    }
}
