//! Defects that were fixed.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use plumego_contract::{Body, Connection, Stream};
use plumego_observe::record::{RequestRecord, RequestSink};

use crate::client::{Client, app, start, stop};

/// Data, and at once the end by an error or a panic.
struct Fails {
    sent: bool,
    panics: bool,
}

impl http_body::Body for Fails {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if !std::mem::replace(&mut self.sent, true) {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"part")))));
        }
        assert!(!self.panics, "secret");
        Poll::Ready(Some(Err(std::io::Error::other("secret"))))
    }
}

/// The engine threw away the head and the data when the error came in the same moment.
#[tokio::test]
async fn what_came_before_the_error_of_a_body_is_sent() {
    let body = |panics| {
        Body::new(Fails {
            sent: false,
            panics,
        })
    };
    let routes = |r: plumego_router::Router| {
        r.get("/error", async move || body(false))
            .get("/panic", async move || body(true))
    };
    let (running, addr) = start(app().routes(routes)).await;
    for path in ["/error", "/panic"] {
        let mut client = Client::connect(addr).await;
        client
            .send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
            .await;
        let all = client.rest().await;
        assert!(all.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {all:?}");
        assert!(all.ends_with("4\r\npart\r\n"), "{path}: {all:?}");
    }
    stop(running).await;
}

/// What a producer had sent in the poll that panicked was thrown away with it.
#[tokio::test]
async fn what_a_producer_sent_before_its_panic_is_sent() {
    let stream = async || {
        Stream::produce("text/plain", async |out| {
            for _ in 0..3 {
                out.send(Bytes::from_static(b"part")).await?;
            }
            panic!("secret")
        })
    };
    let (running, addr) = start(app().routes(|r| r.get("/", stream))).await;
    let mut client = Client::connect(addr).await;
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let all = client.rest().await;
    assert_eq!(all.matches("4\r\npart\r\n").count(), 3, "{all:?}");
    assert!(!all.ends_with("0\r\n\r\n"), "it looks whole: {all:?}");
    assert!(!all.contains("secret"), "{all:?}");
    stop(running).await;
}

/// A client that went away before the first poll left no record.
#[test]
fn a_request_that_is_never_polled_has_a_record() {
    #[derive(Clone, Default)]
    struct Statuses(Arc<Mutex<Vec<u16>>>);
    impl RequestSink for Statuses {
        fn record(&self, record: &RequestRecord<'_>) {
            self.0.lock().unwrap().push(record.status);
        }
    }
    let statuses = Statuses::default();
    let app = app()
        .sink(statuses.clone())
        .routes(|r| r.get("/", async || "answer"))
        .build()
        .unwrap();
    let request = http::Request::get("/")
        .header("host", "x")
        .body(Body::empty());
    drop(
        app.router()
            .dispatch(Connection::default(), request.unwrap()),
    );
    assert_eq!(*statuses.0.lock().unwrap(), [499]);
}
