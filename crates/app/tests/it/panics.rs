use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use plumego_app::Guards;
use plumego_contract::{Body, Request, Response};
use plumego_middleware::{Next, from_fn};
use plumego_router::Router;

use crate::client::{Client, app, start, stop};

struct Bomb(bool);

impl http_body::Body for Bomb {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        assert!(!self.0, "secret in the body");
        self.0 = true;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"part")))))
    }
}

async fn explode(_: Request, _: Next) -> Response {
    panic!("secret in the layer")
}

fn routes(r: Router) -> Router {
    r.get("/", async || "here")
        .get("/handler", async || -> &'static str {
            panic!("secret in the handler")
        })
        .get("/body", async || Body::new(Bomb(false)))
        .group("/layer", |r| {
            r.layer(from_fn(explode)).get("/", async || "never")
        })
}

async fn check(guards: Guards) {
    let (running, addr) = start(app().guards(|all| *all = guards).routes(routes)).await;
    let mut other = Client::connect(addr).await;
    assert_eq!(other.get("/").await.body, "here");
    for path in ["/handler", "/layer"] {
        let mut client = Client::connect(addr).await;
        let answer = client.get(path).await;
        assert_eq!(answer.status(), 500, "{path}");
        assert!(answer.body.contains("\"internal\""), "{}", answer.body);
        assert!(!answer.body.contains("secret"), "{}", answer.body);
        assert_eq!(client.get("/").await.body, "here", "the connection lives");
    }
    let mut client = Client::connect(addr).await;
    client.send("GET /body HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let all = client.rest().await;
    assert!(all.starts_with("HTTP/1.1 200 "), "no head: {all:?}");
    assert!(all.contains("part"), "what came before is lost: {all}");
    assert!(!all.ends_with("0\r\n\r\n"), "a whole body: {all}");
    assert!(!all.contains("secret"), "{all}");
    assert_eq!(other.get("/").await.body, "here");
    drop(other);
    stop(running).await;
}

#[tokio::test]
async fn panic_in_handler_layer_or_body_harms_nobody_else() {
    check(Guards::default()).await;
}

#[tokio::test]
async fn server_answers_a_panic_that_no_layer_caught() {
    check(Guards::none()).await;
}
