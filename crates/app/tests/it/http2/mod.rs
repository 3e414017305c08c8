//! HTTP/2 with prior knowledge, spoken by another client and by hand.

mod attacks;
mod conformance;
pub mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use plumego_contract::Body;
use plumego_router::Router;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::client::{Client, app, app_with, start, stop, within};

type Connection = JoinHandle<hyper::Result<()>>;

async fn connect(addr: SocketAddr) -> (SendRequest<Full<Bytes>>, Connection) {
    let io = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let (send, connection) = handshake(TokioExecutor::new(), io).await.unwrap();
    (send, tokio::spawn(connection))
}

fn request(method: &str, path: &str, body: &'static str) -> http::Request<Full<Bytes>> {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://x{path}"));
    request.body(Full::from(body)).unwrap()
}

async fn text(response: hyper::Response<hyper::body::Incoming>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn routes(r: Router) -> Router {
    r.get("/", async || "here")
        .post("/", async |body: Body| body.into_bytes(1000).await)
}

#[tokio::test]
async fn both_protocols_are_spoken_on_one_port() {
    let (running, addr) = start(app().routes(routes)).await;
    let (mut send, _connection) = connect(addr).await;
    let answer = send.send_request(request("GET", "/", "")).await.unwrap();
    assert_eq!(answer.version(), http::Version::HTTP_2);
    assert_eq!(text(answer).await, "here");
    let answer = send
        .send_request(request("POST", "/", "echo"))
        .await
        .unwrap();
    assert_eq!(text(answer).await, "echo");
    assert_eq!(Client::connect(addr).await.get("/").await.body, "here");
    stop(running).await;
}

#[tokio::test]
async fn without_it_the_preface_is_refused() {
    let (running, addr) = start(app_with(|config| config.http2 = false).routes(routes)).await;
    let io = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let (mut send, connection) = handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), io)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let get = http::Request::get("http://x/").body(Empty::new()).unwrap();
    assert!(within(send.send_request(get)).await.is_err());
    assert!(within(connection).await.unwrap().is_err());
    stop(running).await;
}

#[tokio::test]
async fn drain_says_goodbye_and_answers_what_is_open() {
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (says, waits) = (began.clone(), go.clone());
    let held = async move || {
        says.notify_one();
        waits.notified().await;
        "answered"
    };
    let (running, addr) = start(app().routes(|r| routes(r).get("/held", held))).await;
    let (mut send, connection) = connect(addr).await;
    let open = tokio::spawn(send.send_request(request("GET", "/held", "")));
    let (_idle, idle) = connect(addr).await;
    within(began.notified()).await;
    running.handle().shutdown();
    let _ = within(idle).await.unwrap();
    go.notify_one();
    assert_eq!(text(within(open).await.unwrap().unwrap()).await, "answered");
    let _ = within(connection).await.unwrap();
    let report = within(running.wait()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn reset_stream_drops_its_handler_and_no_other() {
    struct Tell(Arc<Notify>);
    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let (began, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (says, tells) = (began.clone(), dropped.clone());
    let held = async move || {
        let _tell = Tell(tells.clone());
        says.notify_one();
        std::future::pending::<&'static str>().await
    };
    let (running, addr) = start(app().routes(|r| routes(r).get("/held", held))).await;
    let (mut send, _connection) = connect(addr).await;
    let open = tokio::spawn(send.send_request(request("GET", "/held", "")));
    within(began.notified()).await;
    open.abort();
    within(dropped.notified()).await;
    let answer = send.send_request(request("GET", "/", "")).await.unwrap();
    assert_eq!(text(answer).await, "here");
    stop(running).await;
}

#[tokio::test]
async fn stream_that_is_not_read_is_reset_and_the_others_go_on() {
    let app = app_with(|config| config.write_timeout = std::time::Duration::from_millis(80))
        .routes(|r| routes(r).get("/large", async || "x".repeat(32 << 20)));
    let app = app.build().unwrap();
    let metrics = app.metrics().clone();
    let running = app.start().await.unwrap();
    let (mut send, _connection) = connect(running.addrs()[0]).await;
    let large = send
        .send_request(request("GET", "/large", ""))
        .await
        .unwrap();
    within(async {
        // Not read until the server has given it up.
        while metrics
            .encode()
            .contains("timed_out_total{phase=\"write\"} 0\n")
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(within(large.into_body().collect()).await.is_err());
    let answer = send.send_request(request("GET", "/", "")).await.unwrap();
    assert_eq!(text(answer).await, "here");
    stop(running).await;
}

#[tokio::test]
async fn client_without_a_request_is_ended_by_the_header_deadline() {
    let app = app_with(|config| config.read_header_timeout = std::time::Duration::from_millis(60));
    let app = app.routes(routes).build().unwrap();
    let metrics = app.metrics().clone();
    let running = app.start().await.unwrap();
    let mut client = Client::connect(running.addrs()[0]).await;
    // The preface and an empty SETTINGS frame.
    client
        .send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await;
    client.rest().await;
    let line = "http_connections_timed_out_total{phase=\"header\"} 1\n";
    assert!(metrics.encode().contains(line), "{}", metrics.encode());
    stop(running).await;
}

#[tokio::test]
async fn body_that_does_not_come_is_408() {
    /// A byte, and nothing more.
    struct Stalled(bool);
    impl hyper::body::Body for Stalled {
        type Data = Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            if std::mem::replace(&mut self.0, true) {
                return std::task::Poll::Pending;
            }
            let frame = hyper::body::Frame::data(Bytes::from_static(b"x"));
            std::task::Poll::Ready(Some(Ok(frame)))
        }
    }
    let app = app_with(|config| config.read_timeout = std::time::Duration::from_millis(60));
    let (running, addr) = start(app.routes(routes)).await;
    let io = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let (mut send, connection) = handshake(TokioExecutor::new(), io).await.unwrap();
    let connection = tokio::spawn(connection);
    let post = http::Request::post("http://x/")
        .body(Stalled(false))
        .unwrap();
    let answer = within(send.send_request(post)).await.unwrap();
    assert_eq!(answer.status(), 408);
    assert!(text(answer).await.contains("body_timeout"));
    drop((send, connection));
    stop(running).await;
}

#[tokio::test]
async fn head_beyond_the_limit_is_431_and_the_connection_lives() {
    let app = app_with(|config| config.max_header_bytes = 8192);
    let (running, addr) = start(app.routes(routes)).await;
    let (mut send, _connection) = connect(addr).await;
    let mut large = request("GET", "/", "");
    let value = http::HeaderValue::from_str(&"y".repeat(9000)).unwrap();
    large.headers_mut().insert("x", value);
    // Either the server answers or, told the limit by it, the client does not even send.
    if let Ok(answer) = within(send.send_request(large)).await {
        assert_eq!(answer.status(), 431);
    }
    let (mut send, _connection) = connect(addr).await;
    let answer = send.send_request(request("GET", "/", "")).await.unwrap();
    assert_eq!(text(answer).await, "here");
    stop(running).await;
}

#[tokio::test]
async fn idle_connection_is_let_go_with_a_goodbye() {
    let app = app_with(|config| config.idle_timeout = std::time::Duration::from_millis(60));
    let (running, addr) = start(app.routes(routes)).await;
    let (mut send, connection) = connect(addr).await;
    let answer = send.send_request(request("GET", "/", "")).await.unwrap();
    assert_eq!(text(answer).await, "here");
    let _ = within(connection).await.unwrap();
    stop(running).await;
}

// acceptance 21.1 (34), 21.2 (11)
#[tokio::test]
async fn guards_hold_for_streams_as_for_connections() {
    let app = app_with(|config| (config.abuse_guard_rate, config.abuse_guard_burst) = (1, 3));
    let (running, addr) = start(app.routes(routes)).await;
    let (mut send, connection) = connect(addr).await;
    let mut refused = 0;
    for n in 0..30 {
        let mut request = request("GET", "/", "");
        let forged = format!("192.0.2.{n}").parse().unwrap();
        request.headers_mut().insert("x-forwarded-for", forged);
        let answer = send.send_request(request).await.unwrap();
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert!(answer.headers().contains_key("ratelimit-policy"));
        if answer.status() == 429 {
            refused += 1;
            assert!(answer.headers().contains_key("retry-after"));
            assert!(text(answer).await.contains("rate_limited"));
        }
    }
    assert!(refused > 15, "{refused}");
    let probe = send.send_request(request("GET", "/health/live", "")).await;
    assert_eq!(probe.unwrap().status(), 200);
    drop(send);
    within(connection).await.unwrap().unwrap();
    stop(running).await;
}
