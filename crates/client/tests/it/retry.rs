//! What is sent again, and what is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use plumego_client::Retry;
use plumego_stdx::Backoff;
use tokio::io::AsyncReadExt;

use crate::server::{Answer, Raw, Server, respond};
use crate::{guarded, stream, within};

/// Short waits, so that a test need not wait.
fn quick() -> Retry {
    let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(2));
    Retry::attempts(3).backoff(backoff)
}

/// Answers with the first status so many times, then with 200.
async fn failing(status: u16, times: usize) -> Server {
    let count = AtomicUsize::new(0);
    Server::new(move |_| {
        if count.fetch_add(1, Ordering::SeqCst) < times {
            respond(status, "failed")
        } else {
            respond(200, "done")
        }
    })
    .await
}

#[tokio::test]
async fn an_idempotent_request_is_sent_again() {
    for status in [429, 502, 503, 504] {
        let server = failing(status, 2).await;
        let client = guarded().retry(quick()).build().unwrap();
        let answer = within(client.get(server.url("/")).send()).await.unwrap();
        assert_eq!(within(answer.text()).await.unwrap(), "done");
        assert_eq!(server.asked().len(), 3, "{status}");
    }
}

#[tokio::test]
async fn the_last_answer_is_the_outcome() {
    let server = failing(503, 100).await;
    let client = guarded().retry(quick()).build().unwrap();
    let answer = within(client.get(server.url("/")).send()).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(within(answer.text()).await.unwrap(), "failed");
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn other_answers_are_not_tried_again() {
    for status in [400, 404, 408, 409, 500, 501] {
        let server = failing(status, 1).await;
        let client = guarded().retry(quick()).build().unwrap();
        let answer = within(client.get(server.url("/")).send()).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), server.asked().len()),
            (status, 1)
        );
    }
}

/// A payment would be made twice.
#[tokio::test]
async fn a_post_is_sent_once_unless_declared_idempotent() {
    for method in [Method::POST, Method::PATCH] {
        let server = failing(503, 1).await;
        let client = guarded().retry(quick()).build().unwrap();
        let request = || client.request(method.clone(), server.url("/")).body("pay");
        let answer = within(request().send()).await.unwrap();
        assert_eq!((answer.status().as_u16(), server.asked().len()), (503, 1));
        let server = failing(503, 1).await;
        let request = client.request(method.clone(), server.url("/")).body("pay");
        let answer = within(request.idempotent().send()).await.unwrap();
        assert_eq!((answer.status().as_u16(), server.asked().len()), (200, 2));
        assert_eq!(&server.asked()[1].body[..], b"pay");
    }
}

#[tokio::test]
async fn a_stream_is_sent_once() {
    let server = failing(503, 1).await;
    let client = guarded().retry(quick()).build().unwrap();
    let request = client
        .request(Method::PUT, server.url("/"))
        .body(stream(["a", "b"]));
    let answer = within(request.send()).await.unwrap();
    assert_eq!((answer.status().as_u16(), server.asked().len()), (503, 1));
}

/// A server that reads a request and closes without a word.
async fn closing() -> Raw {
    Raw::new(|mut stream| async move {
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer).await;
    })
    .await
}

#[tokio::test]
async fn a_connection_that_ends_early_is_tried_again_when_that_is_safe() {
    let client = guarded().retry(quick()).build().unwrap();
    let server = closing().await;
    let error = within(client.get(server.url("/")).send())
        .await
        .unwrap_err();
    assert!(error.is_retryable() && !error.is_connect(), "{error:?}");
    assert_eq!(server.connections(), 3);
    let server = closing().await;
    let error = within(client.post(server.url("/")).send())
        .await
        .unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(server.connections(), 1);
}

/// The server saw nothing, so any method may be sent again.
#[tokio::test]
async fn a_connection_that_never_came_about_is_tried_again() {
    let lookups = Arc::new(AtomicUsize::new(0));
    let port = Server::text("").await.addr.port();
    let counted = Counting(Arc::clone(&lookups));
    let client = guarded().retry(quick()).resolver(counted).build().unwrap();
    let url = format!("http://a.example:{port}/");
    let error = within(client.post(url).body("x").send()).await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(lookups.load(Ordering::SeqCst), 3);
}

struct Counting(Arc<AtomicUsize>);

impl plumego_client::Resolve for Counting {
    fn resolve<'a>(&'a self, _name: &'a str) -> plumego_client::Resolving<'a> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(vec!["127.0.0.1".parse().unwrap()]) })
    }
}

/// What the guard refused it will refuse again.
#[tokio::test]
async fn a_refusal_is_final() {
    let lookups = Arc::new(AtomicUsize::new(0));
    let client = plumego_client::Client::guarded("test")
        .retry(quick())
        .resolver(Counting(Arc::clone(&lookups)))
        .build()
        .unwrap();
    assert!(
        within(client.get("http://a.example/").send())
            .await
            .unwrap_err()
            .is_refused()
    );
    assert_eq!(lookups.load(Ordering::SeqCst), 1);
}

fn busy(after: &str) -> Answer {
    let mut answer = respond(503, "busy");
    answer
        .headers_mut()
        .insert("retry-after", after.parse().unwrap());
    answer
}

#[tokio::test]
async fn a_long_retry_after_gives_the_answer_back() {
    for after in [
        "3600",
        "Tue, 31 Dec 2199 23:59:59 GMT",
        "99999999999999999999",
    ] {
        let server = Server::new(move |_| busy(after)).await;
        let client = guarded().retry(quick()).build().unwrap();
        let answer = within(client.get(server.url("/")).send()).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), server.asked().len()),
            (503, 1),
            "{after}"
        );
    }
}

/// It is waited for, at least as long as the server asks.
#[tokio::test]
async fn a_short_retry_after_is_honoured() {
    let count = AtomicUsize::new(0);
    let server = Server::new(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => busy("1"),
        _ => respond(200, "done"),
    })
    .await;
    let client = guarded().retry(quick()).build().unwrap();
    let started = std::time::Instant::now();
    let answer = within(client.get(server.url("/")).send()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(started.elapsed() >= Duration::from_secs(1));
}

/// No wait goes beyond the time of the whole: the answer that is there is given back instead.
#[tokio::test]
async fn a_wait_beyond_the_time_of_the_whole_is_not_begun() {
    let server = Server::new(|_| busy("9")).await;
    let client = guarded().retry(quick()).build().unwrap();
    let request = client.get(server.url("/")).timeout(Duration::from_secs(8));
    let answer = within(request.send()).await.unwrap();
    assert_eq!((answer.status().as_u16(), server.asked().len()), (503, 1));
}

#[test]
fn attempts_are_bounded() {
    assert_eq!(Retry::attempts(0), Retry::off());
    assert_eq!(
        Retry::attempts(u32::MAX),
        Retry::attempts(plumego_client::MAX_ATTEMPTS)
    );
}
