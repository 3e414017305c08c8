//! Connections are used again, within bounds, and never by another policy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use plumego_client::{Client, Retry};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use crate::guard::Dns;
use crate::server::{Raw, Server, respond};
use crate::{guarded, within};

#[tokio::test]
async fn one_connection_serves_one_request_after_the_other() {
    let server = Server::new(|asked| respond(200, asked.head.uri.path().to_owned())).await;
    let client = guarded().build().unwrap();
    for path in ["/", "/a", "/b", "/c"] {
        let answer = within(client.get(server.url(path)).send()).await.unwrap();
        assert_eq!(within(answer.text()).await.unwrap(), path);
    }
    assert_eq!((server.connections(), client.idle_connections()), (1, 1));
}

/// An answer without a body, or one that was handed on as a stream, ends as well.
#[tokio::test]
async fn an_answer_that_is_over_gives_its_connection_back() {
    let server = Server::new(|asked| match asked.head.uri.path() {
        "/none" => respond(204, ""),
        _ => respond(200, "body"),
    })
    .await;
    let client = guarded().build().unwrap();
    let none = within(client.get(server.url("/none")).send())
        .await
        .unwrap();
    let streamed = within(client.get(server.url("/")).send()).await.unwrap();
    within(streamed.into_body().into_bytes(10)).await.unwrap();
    let head = client.request(http::Method::HEAD, server.url("/"));
    within(head.send()).await.unwrap();
    drop(none);
    assert_eq!(server.connections(), 1);
}

/// Redirects and answers that are tried again use one connection, when they are empty.
#[tokio::test]
async fn hops_and_attempts_share_a_connection() {
    let count = AtomicUsize::new(0);
    let server = Server::new(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => respond(503, ""),
        1 => {
            let mut answer = respond(302, "");
            answer
                .headers_mut()
                .insert("location", "/to".parse().unwrap());
            answer
        }
        _ => respond(200, "arrived"),
    })
    .await;
    let client = guarded().follow_redirects(1).build().unwrap();
    let answer = within(client.get(server.url("/")).send()).await.unwrap();
    assert_eq!(within(answer.text()).await.unwrap(), "arrived");
    assert_eq!((server.asked().len(), server.connections()), (3, 1));
}

#[tokio::test]
async fn an_answer_that_was_not_read_takes_its_connection_along() {
    let server = Server::new(|_| respond(200, vec![b'x'; 500_000])).await;
    let client = guarded().build().unwrap();
    drop(within(client.get(server.url("/")).send()).await.unwrap());
    assert_eq!(client.idle_connections(), 0);
    let answer = within(client.get(server.url("/")).send()).await.unwrap();
    assert_eq!(within(answer.bytes()).await.unwrap().len(), 500_000);
    assert_eq!(server.connections(), 2);
}

/// A connection is kept under the client whose policy checked its address.
#[tokio::test]
async fn a_connection_of_a_trusted_client_is_none_of_a_guarded_one() {
    let server = Server::text("inside").await;
    let url = server.url("/");
    let trusted = Client::trusted("inside", &url).build().unwrap();
    let answer = within(trusted.get(&url).send()).await.unwrap();
    within(answer.bytes()).await.unwrap();
    assert_eq!(trusted.idle_connections(), 1);
    let guarded = Client::guarded("outside").allow_any_port().build().unwrap();
    assert!(
        within(guarded.get(&url).send())
            .await
            .unwrap_err()
            .is_refused()
    );
    assert_eq!(server.connections(), 1);
}

/// Connections are kept by name, not by address: two names with one address share none.
#[tokio::test]
async fn a_connection_belongs_to_one_name() {
    let server = Server::new(|asked| respond(200, asked.header("host").unwrap().to_owned())).await;
    let dns = Dns::new([&["127.0.0.1"]]);
    let client = guarded().resolver(dns).build().unwrap();
    for name in ["a.example", "b.example", "A.EXAMPLE"] {
        let url = format!("http://{name}:{}/", server.addr.port());
        let answer = within(client.get(url).send()).await.unwrap();
        let host = within(answer.text()).await.unwrap();
        assert!(host.starts_with(&name.to_lowercase()), "{host}");
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn what_waits_is_bounded() {
    let servers = [
        Server::text("").await,
        Server::text("").await,
        Server::text("").await,
    ];
    let client = guarded().max_idle(2, 1).build().unwrap();
    for server in &servers {
        let two = tokio::join!(
            client.get(server.url("/")).send(),
            client.get(server.url("/")).send(),
        );
        within(two.0.unwrap().bytes()).await.unwrap();
        within(two.1.unwrap().bytes()).await.unwrap();
    }
    assert_eq!(client.idle_connections(), 2);
    // The last two are there, the first was closed.
    for (server, more) in servers.iter().zip([1, 0, 0]).rev() {
        let before = server.connections();
        let answer = within(client.get(server.url("/")).send()).await.unwrap();
        within(answer.bytes()).await.unwrap();
        assert_eq!(server.connections(), before + more);
    }
}

/// A server that says when a connection has ended, and answers on it until then.
async fn until_closed() -> (Raw, Arc<Notify>) {
    let ended = Arc::new(Notify::new());
    let end = Arc::clone(&ended);
    let server = Raw::new(move |mut stream| {
        let end = Arc::clone(&end);
        async move {
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer).await.unwrap_or(0) > 0 {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                stream.write_all(answer).await.unwrap();
            }
            end.notify_one();
        }
    })
    .await;
    (server, ended)
}

/// Nobody asks again, and the connection is closed all the same.
#[tokio::test]
async fn what_waits_too_long_is_closed() {
    let (server, ended) = until_closed().await;
    let client = guarded()
        .idle_timeout(Duration::from_millis(20))
        .build()
        .unwrap();
    for _ in 0..2 {
        let answer = within(client.get(server.url("/")).send()).await.unwrap();
        within(answer.bytes()).await.unwrap();
        within(ended.notified()).await;
        assert_eq!(client.idle_connections(), 0);
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn what_is_too_old_is_not_used_again() {
    let server = Server::text("ok").await;
    let client = guarded()
        .max_connection_age(Duration::from_millis(1))
        .build()
        .unwrap();
    for _ in 0..3 {
        let answer = within(client.get(server.url("/")).send()).await.unwrap();
        within(answer.bytes()).await.unwrap();
        let old = std::time::Instant::now() + Duration::from_millis(2);
        while std::time::Instant::now() < old {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_client_that_is_dropped_closes_its_connections() {
    let (server, ended) = until_closed().await;
    let client = guarded().build().unwrap();
    let answer = within(client.get(server.url("/")).send()).await.unwrap();
    within(answer.bytes()).await.unwrap();
    drop(client);
    within(ended.notified()).await;
    assert_eq!(server.connections(), 1);
}

/// The server closes a connection that waits: the next request, whatever its method, takes a new
/// one without an error.
#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let closed = Arc::new(Notify::new());
    let close = Arc::clone(&closed);
    let server = Raw::new(move |mut stream| {
        let close = Arc::clone(&close);
        async move {
            let mut buffer = [0; 4096];
            assert!(stream.read(&mut buffer).await.unwrap() > 0);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            stream.write_all(answer).await.unwrap();
            drop(stream);
            close.notify_one();
        }
    })
    .await;
    let client = guarded().retry(Retry::off()).build().unwrap();
    for _ in 0..5 {
        let request = client.post(server.url("/")).body("once");
        let answer = within(request.send()).await.unwrap();
        assert_eq!(within(answer.text()).await.unwrap(), "ok");
        within(closed.notified()).await;
    }
    assert_eq!(server.connections(), 5);
}
