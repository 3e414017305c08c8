use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt, Full};
use plumego_app::{Handle, Report};
use plumego_component::Phase;
use plumego_contract::{Body, Response};
use plumego_router::Router;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::client::{Client, app, app_with, start, within};

/// A route that says when it began and waits until it may end.
fn held(began: Arc<Notify>, go: Arc<Notify>) -> impl FnOnce(Router) -> Router {
    move |r| {
        r.get("/", async || "here").get("/held", async move || {
            began.notify_one();
            go.notified().await;
            "answered"
        })
    }
}

async fn until(handle: &Handle, phase: Phase) {
    within(async {
        while handle.phase() < phase {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn open_request_is_answered_with_connection_close_and_idle_ones_end_at_once() {
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (running, addr) = start(app().routes(held(began.clone(), go.clone()))).await;
    let mut idle = Client::connect(addr).await;
    idle.get("/").await;
    let mut open = Client::connect(addr).await;
    open.send("GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
    within(began.notified()).await;

    running.handle().shutdown();
    assert_eq!(idle.rest().await, "");
    within(async { while TcpStream::connect(addr).await.is_ok() {} }).await;
    go.notify_one();
    let answer = open.answer().await;
    assert_eq!(
        (answer.body.as_str(), answer.header("connection")),
        ("answered", Some("close"))
    );
    assert_eq!(open.rest().await, "");
    let report = within(running.wait()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn everything_is_served_during_the_pre_drain() {
    let app = app_with(|config| config.pre_drain = Duration::from_hours(1))
        .routes(|r| r.get("/", async || "here"));
    let (running, addr) = start(app).await;
    let handle = running.handle();
    let mut old = Client::connect(addr).await;
    old.get("/").await;
    assert_eq!(old.get("/health/ready").await.status(), 200);
    handle.set_not_ready("a reason");
    assert_eq!(old.get("/health/ready").await.status(), 503);
    handle.set_ready();
    assert_eq!(old.get("/health/ready").await.status(), 200);
    handle.shutdown();
    until(&handle, Phase::Draining).await;
    // acceptance 21.2 (23)
    assert_eq!(old.get("/health/ready").await.status(), 503);
    assert_eq!(old.get("/health/live").await.status(), 200);
    assert_eq!(old.get("/").await.body, "here");
    assert_eq!(Client::connect(addr).await.get("/").await.body, "here");
    handle.shutdown_now();
    within(running.wait()).await.unwrap();
}

/// They were reset: the places of the idle ones came back only after the listeners had closed.
#[tokio::test]
async fn those_that_wait_for_a_place_are_answered_when_the_listeners_close() {
    const PLACES: usize = 3;
    let app =
        app_with(|config| config.max_connections = PLACES).routes(|r| r.get("/", async || "here"));
    let (running, addr) = start(app).await;
    let mut idle = Vec::new();
    for _ in 0..PLACES {
        let mut client = Client::connect(addr).await;
        client.get("/").await;
        idle.push(client);
    }
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut client = Client::connect(addr).await;
        client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        waiting.push(client);
    }
    running.handle().shutdown();
    for client in &mut waiting {
        let answer = client.answer().await;
        assert_eq!((answer.status(), answer.body.as_str()), (200, "here"));
    }
    let report = within(running.wait()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

async fn cut(handle: impl FnOnce(&Handle)) -> Report {
    let app = app_with(|config| config.shutdown_timeout = Duration::from_millis(200))
        .routes(held(Arc::new(Notify::new()), Arc::new(Notify::new())));
    let (running, addr) = start(app).await;
    let mut open = Client::connect(addr).await;
    open.send("GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
    within(async {
        while running.open_requests().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    handle(&running.handle());
    let report = within(running.wait()).await.unwrap();
    assert_eq!(open.rest().await, "");
    assert_eq!(report.open_requests.len(), 1);
    let request = &report.open_requests[0];
    assert_eq!(
        (request.method.as_str(), request.route.as_deref()),
        ("GET", Some("/held"))
    );
    assert_eq!(request.peer, Some(open.0.local_addr().unwrap()));
    assert_eq!(report.cut_connections, 1);
    assert!(!report.is_clean());
    report
}

#[tokio::test]
async fn request_that_takes_too_long_is_cut_and_reported() {
    let report = cut(Handle::shutdown).await;
    assert!(report.drain >= Duration::from_millis(150), "{report}");
    assert!(report.to_string().contains("GET /held"), "{report}");
}

#[tokio::test]
async fn shutdown_now_waits_for_nothing() {
    let report = cut(|handle| {
        handle.shutdown();
        handle.shutdown_now();
    })
    .await;
    assert!(report.drain < Duration::from_millis(150), "{report}");
}

#[tokio::test]
async fn half_a_head_does_not_hold_up_the_end() {
    let (running, addr) = start(app().routes(|r| r.get("/", async || "here"))).await;
    let mut fresh = Client::connect(addr).await;
    fresh.send("GET / HT").await;
    let mut second = Client::connect(addr).await;
    second.get("/").await;
    second.send("GET / HT").await;
    running.handle().shutdown();
    let report = within(running.wait()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert!(report.drain < Duration::from_secs(3), "{report}");
}

#[tokio::test]
async fn request_that_was_on_its_way_is_answered() {
    let (running, addr) = start(app().routes(|r| r.get("/", async || "here"))).await;
    // Many clients have connected and sent, and none was accepted yet: the test has not yielded.
    let mut clients = Vec::new();
    for _ in 0..50 {
        let mut stream = std::net::TcpStream::connect(addr).unwrap();
        std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        clients.push(stream);
    }
    running.handle().shutdown();
    let report = within(running.wait()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    for mut stream in clients {
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        assert!(answer.ends_with("here"), "{answer:?}");
    }
}

/// One body, then the other.
struct Both<A, B>(A, B);

impl<A, B> http_body::Body for Both<A, B>
where
    A: http_body::Body<Data = Bytes, Error = Infallible> + Unpin,
    B: http_body::Body<Data = Bytes, Error = Infallible> + Unpin,
{
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match Pin::new(&mut self.0).poll_frame(cx) {
            Poll::Ready(None) => Pin::new(&mut self.1).poll_frame(cx),
            frame => frame,
        }
    }
}

/// Events that never come.
struct Silence;

impl http_body::Body for Silence {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// Sends these events, then nothing more, until the server drains; what comes then.
async fn ended_stream(sent: &'static str, encoding: Option<&'static str>) -> String {
    let events = async move || {
        let body = Full::new(Bytes::from(sent)).map_err(|never| match never {});
        let mut response = Response::new(Body::new(Both(body, Silence)));
        let headers = response.headers_mut();
        let kind = http::HeaderValue::from_static("text/event-stream");
        headers.insert("content-type", kind);
        if let Some(encoding) = encoding {
            let encoding = http::HeaderValue::from_static(encoding);
            headers.insert("content-encoding", encoding);
        }
        response
    };
    let (running, addr) = start(app().routes(|r| r.get("/", events))).await;
    let mut client = Client::connect(addr).await;
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    client.read_until("\r\n\r\n").await;
    if !sent.is_empty() {
        client.read_until(&format!("{sent}\r\n")).await;
    }
    running.handle().shutdown();
    let rest = client.rest().await;
    let report = within(running.wait()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    rest
}

#[tokio::test]
async fn stream_of_events_ends_whole_with_a_time_to_come_back_when_the_server_drains() {
    for sent in [
        "",
        "data: x\n\n",
        "id: 7\r\ndata: x\r\n\r\n",
        ": retry: 5\n\n",
    ] {
        let rest = ended_stream(sent, None).await;
        // A chunk with the hint, then the last chunk: a proper end, not a cut.
        let hint = rest.strip_suffix("\n\n\r\n0\r\n\r\n");
        let hint = hint.and_then(|rest| rest.split_once("\r\nretry: "));
        let (_, after) = hint.unwrap_or_else(|| panic!("{rest:?}"));
        assert!((500..=1500).contains(&after.parse().unwrap()), "{after}");
    }
}

#[tokio::test]
async fn stream_gets_no_hint_in_an_event_in_coded_bytes_or_over_that_of_the_program() {
    let cases = [
        ("data: ha", None),
        ("retry: 60000\ndata: x\n\n", None),
        ("data: x\n\n", Some("br")),
    ];
    for (sent, encoding) in cases {
        assert_eq!(ended_stream(sent, encoding).await, "0\r\n\r\n", "{sent:?}");
    }
}

/// Connections without a request end one after the other: their clients do not all come back in
/// one instant. 1 ms for each, at most a quarter of the time for everything.
#[tokio::test]
async fn idle_connections_end_spread_over_a_bounded_time() {
    const CLIENTS: usize = 300;
    let app = app_with(|config| config.abuse_guard_enabled = false);
    let (running, addr) = start(app.routes(|r| r.get("/", async || "here"))).await;
    let mut ends = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let mut client = Client::connect(addr).await;
        client.get("/").await;
        ends.spawn(async move {
            client.rest().await;
            std::time::Instant::now()
        });
    }
    running.handle().shutdown();
    let mut times = within(ends.join_all()).await;
    times.sort();
    let spread = times[CLIENTS - 1] - times[0];
    assert!(spread >= Duration::from_millis(150), "{spread:?}");
    let early = times.partition_point(|time| *time - times[0] < Duration::from_millis(100));
    assert!(early < CLIENTS * 3 / 4, "{early} at once");
    let report = within(running.wait()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn request_on_a_kept_connection_whose_turn_has_not_come_is_answered() {
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let app = app_with(|config| config.abuse_guard_enabled = false);
    let app = app.routes(held(began.clone(), go.clone()));
    let (running, addr) = start(app).await;
    // Enough that some have their turn late.
    let mut clients = Vec::new();
    for _ in 0..200 {
        let mut client = Client::connect(addr).await;
        client.get("/").await;
        clients.push(client);
    }
    let mut open = Client::connect(addr).await;
    open.send("GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
    within(began.notified()).await;
    running.handle().shutdown();
    within(async { while TcpStream::connect(addr).await.is_ok() {} }).await;
    let mut answered = 0;
    for mut client in clients {
        client.0.set_nodelay(true).unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        if client.0.try_write(request).is_err() {
            continue;
        }
        let rest = client.rest().await;
        // All of it, with word that it is the last one, or nothing.
        if !rest.is_empty() {
            assert!(
                rest.contains("connection: close") && rest.ends_with("here"),
                "{rest:?}"
            );
            answered += 1;
        }
    }
    assert!(answered > 0, "none was asked before its turn");
    go.notify_one();
    assert_eq!(open.answer().await.body, "answered");
    let report = within(running.wait()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn dropping_the_running_application_ends_it() {
    let (running, addr) = start(app().routes(|r| r.get("/", async || "here"))).await;
    let mut client = Client::connect(addr).await;
    client.get("/").await;
    drop(running);
    assert_eq!(client.rest().await, "");
    within(async { while TcpStream::connect(addr).await.is_ok() {} }).await;
}
