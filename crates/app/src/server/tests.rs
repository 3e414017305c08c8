//! The deadlines, over pipes and with a clock that the test moves.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use plumego_component::Tasks;
use plumego_contract::{AppContext, Streaming, TrustedProxies};
use plumego_contract::{Body, Connection, Error, IntoResponse as _, Request, Response};
use plumego_observe::metrics::Metrics;
use plumego_router::{Handler, Router};
use plumego_stdx::Limit;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::time::{Instant, Interval, timeout};

use super::watch::Timeouts;
use super::{ServerMetrics, Shared, StreamLimits, Tuning, connection};
use crate::reload::Times;

#[cfg(feature = "http2")]
mod ping;

const DEFAULTS: Timeouts = Timeouts {
    header: Some(Duration::from_secs(5)),
    read: Some(Duration::from_secs(30)),
    write: Some(Duration::from_secs(30)),
    idle: Some(Duration::from_mins(1)),
};

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// One connection: the client's end, and the time at which the server let go of it.
struct Line {
    client: DuplexStream,
    metrics: Metrics,
    ended: tokio::task::JoinHandle<()>,
    opened: Instant,
}

impl Line {
    fn open<T: 'static>(room: usize, handler: impl Handler<T>) -> Self {
        let (client, server) = tokio::io::duplex(room);
        Self::over(client, server, handler)
    }

    fn over<T: 'static>(
        client: DuplexStream,
        server: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        handler: impl Handler<T>,
    ) -> Self {
        let router = Router::new().any("/", handler);
        let router = router.freeze(AppContext::default()).unwrap();
        let metrics = Metrics::default();
        let tuning = Tuning {
            times: Arc::new(Times::with(DEFAULTS)),
            max_header_bytes: 1 << 20,
            max_connections: 10,
            max_connections_per_ip: Limit::Unlimited,
            trusted_proxies: TrustedProxies::default(),
            http2: true,
            streams: StreamLimits {
                open: 250,
                header_bytes: 64 * 1024,
                resets: 200,
            },
        };
        let counters = ServerMetrics::new(&metrics).unwrap();
        let shared = Arc::new(Shared::new(tuning, router, counters, &Tasks::default()));
        let run = connection::run(shared, server, Connection::default(), ());
        Self {
            client,
            metrics,
            opened: Instant::now(),
            ended: tokio::spawn(run),
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.client.write_all(bytes).await.unwrap();
    }

    /// Reads until this has come.
    async fn read_until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            text.push(self.client.read_u8().await.unwrap());
        }
        String::from_utf8(text).unwrap()
    }

    /// Waits for the end of the connection: the time since it was opened.
    async fn age_at_end(&mut self) -> Duration {
        (&mut self.ended).await.unwrap();
        self.opened.elapsed()
    }

    /// The end came after this time, and was counted for this phase.
    async fn ends_after(&mut self, seconds: u64, phase: &str) {
        let age = self.age_at_end().await;
        let expected = Duration::from_secs(seconds);
        let fits = age >= expected && age < expected + Duration::from_millis(50);
        assert!(fits, "ended after {age:?}, not {expected:?}");
        let line = format!("http_connections_timed_out_total{{phase=\"{phase}\"}} 1\n");
        let text = self.metrics.encode();
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
}

async fn pong(_: Request) -> Response {
    "pong".into_response()
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn client_that_never_speaks_is_ended_by_the_header_deadline() {
    Line::open(1024, pong).ends_after(5, "header").await;
}

#[tokio::test(start_paused = true)]
async fn head_that_drips_is_ended_by_the_header_deadline() {
    let mut line = Line::open(1024, pong);
    for byte in b"GET" {
        line.send(&[*byte]).await;
        pass(1).await;
    }
    line.ends_after(5, "header").await;
}

#[tokio::test(start_paused = true)]
async fn preface_that_drips_is_ended_by_the_header_deadline() {
    let mut line = Line::open(1024, pong);
    for byte in b"PRI " {
        line.send(&[*byte]).await;
        pass(1).await;
    }
    line.ends_after(5, "header").await;
}

#[tokio::test(start_paused = true)]
async fn idle_connection_lives_past_the_header_deadline_and_ends_with_the_idle_one() {
    let mut line = Line::open(1024, pong);
    line.send(GET).await;
    line.read_until("pong").await;
    line.ends_after(60, "idle").await;
}

#[tokio::test(start_paused = true)]
async fn each_request_begins_the_idle_time_anew() {
    let mut line = Line::open(1024, pong);
    for _ in 0..3 {
        line.send(GET).await;
        line.read_until("pong").await;
        pass(50).await;
    }
    line.ends_after(160, "idle").await;
}

#[tokio::test(start_paused = true)]
async fn next_head_has_the_header_deadline_from_its_first_byte() {
    let mut line = Line::open(1024, pong);
    line.send(GET).await;
    line.read_until("pong").await;
    pass(20).await;
    line.send(b"G").await;
    line.ends_after(25, "header").await;
}

#[tokio::test(start_paused = true)]
async fn head_that_came_with_the_last_request_has_the_header_deadline() {
    let mut line = Line::open(1024, async || {
        pass(1).await;
        "pong".into_response()
    });
    line.send(GET).await;
    tokio::task::yield_now().await;
    line.send(b"GET / HT").await;
    line.read_until("pong").await;
    line.ends_after(6, "header").await;
}

#[tokio::test(start_paused = true)]
async fn slow_handler_is_not_a_slow_client() {
    let mut line = Line::open(1024, async || {
        pass(3600).await;
        "pong".into_response()
    });
    line.send(GET).await;
    line.read_until("pong").await;
    assert!(line.opened.elapsed() >= Duration::from_hours(1));
    line.ends_after(3660, "idle").await;
}

async fn read_body(request: Request) -> Response {
    match request.into_body().into_bytes(1024).await {
        Ok(body) => Body::from(body).into_response(),
        Err(error) => error.into_response(),
    }
}

#[tokio::test(start_paused = true)]
async fn body_that_does_not_come_is_408() {
    let mut line = Line::open(4096, read_body);
    line.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nslow")
        .await;
    let mut answer = String::new();
    line.client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("body_timeout"), "{answer}");
    assert_eq!(line.opened.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn body_that_drips_is_408() {
    let mut line = Line::open(4096, read_body);
    line.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n")
        .await;
    for _ in 0..29 {
        pass(1).await;
        line.send(b"x").await;
    }
    let answer = line.read_until("}").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    // Each byte gave 1/240 s back.
    assert_eq!(line.opened.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn upload_that_keeps_its_rate_takes_as_long_as_it_needs() {
    let mut line = Line::open(4096, async |request: Request| {
        match request.into_body().into_bytes(1 << 20).await {
            Ok(body) => body.len().to_string().into_response(),
            Err(error) => error.into_response(),
        }
    });
    line.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 72000\r\n\r\n")
        .await;
    for _ in 0..60 {
        pass(5).await;
        line.send(&[b'x'; 1200]).await;
    }
    let answer = line.read_until("72000").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(line.opened.elapsed() >= Duration::from_mins(5));
}

#[tokio::test(start_paused = true)]
async fn upload_that_came_fast_may_not_stand_still_for_longer() {
    let mut line = Line::open(1 << 16, async |request: Request| {
        match request.into_body().into_bytes(1 << 20).await {
            Ok(_) => "all of it".into_response(),
            Err(error) => error.into_response(),
        }
    });
    line.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 72000\r\n\r\n")
        .await;
    line.send(&vec![b'x'; 60_000]).await;
    let answer = line.read_until("}").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(line.opened.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn time_the_handler_takes_does_not_count_for_its_body() {
    let mut line = Line::open(4096, async |request: Request| {
        pass(100).await;
        read_body(request).await
    });
    line.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\npo")
        .await;
    pass(120).await;
    line.send(b"ng").await;
    let answer = line.read_until("pong").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn client_that_does_not_read_is_ended_by_the_write_deadline() {
    let mut line = Line::open(64, async || "x".repeat(100_000).into_response());
    line.send(GET).await;
    line.ends_after(30, "write").await;
}

#[tokio::test(start_paused = true)]
async fn client_that_reads_in_drips_is_ended_by_the_write_deadline() {
    let mut line = Line::open(64, async || "x".repeat(100_000).into_response());
    line.send(GET).await;
    for _ in 0..29 {
        pass(1).await;
        line.client.read_u8().await.unwrap();
    }
    // Each byte gave 1/240 s back.
    let age = line.age_at_end().await;
    assert_eq!(age.as_millis() / 10, 3012, "{age:?}");
}

#[tokio::test(start_paused = true)]
async fn client_that_reads_at_the_least_rate_gets_all_of_a_long_answer() {
    let mut line = Line::open(64, async || "x".repeat(24_000).into_response());
    line.send(GET).await;
    line.read_until("\r\n\r\n").await;
    let mut part = [0; 240];
    for _ in 0..100 {
        line.client.read_exact(&mut part).await.unwrap();
        pass(1).await;
    }
    assert!(line.opened.elapsed() >= Duration::from_secs(100));
    // Idle since the last byte was read.
    line.ends_after(159, "idle").await;
}

#[tokio::test(start_paused = true)]
async fn answer_that_went_fast_may_not_stand_still_for_longer() {
    let mut line = Line::open(64, async || "x".repeat(100_000).into_response());
    line.send(GET).await;
    let mut part = vec![0; 90_000];
    line.client.read_exact(&mut part).await.unwrap();
    pass(5).await;
    line.client.read_exact(&mut [0; 9_000]).await.unwrap();
    line.ends_after(35, "write").await;
}

/// Notes how often another task had its turn before each write.
struct Noted {
    io: DuplexStream,
    turns: Arc<AtomicUsize>,
    writes: Arc<Mutex<Vec<(usize, usize)>>>,
}

impl AsyncRead for Noted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Noted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let turns = self.turns.load(Ordering::Relaxed);
        self.writes.lock().unwrap().push((turns, buf.len()));
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn others_have_their_turns_while_a_large_answer_goes_out() {
    let (client, io) = tokio::io::duplex(8 << 20);
    let (turns, writes) = (
        Arc::<AtomicUsize>::default(),
        Arc::<Mutex<Vec<_>>>::default(),
    );
    let server = Noted {
        io,
        turns: Arc::clone(&turns),
        writes: Arc::clone(&writes),
    };
    let other = tokio::spawn(poll_fn(move |cx| {
        turns.fetch_add(1, Ordering::Relaxed);
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    }));
    let body = Bytes::from(vec![b'x'; 4 << 20]);
    let mut line = Line::over(client, server, move || {
        let body = body.clone();
        async move { body.into_response() }
    });
    line.send(GET).await;
    line.read_until("\r\n\r\n").await;
    let mut whole = vec![0; 4 << 20];
    line.client.read_exact(&mut whole).await.unwrap();
    other.abort();
    let mut writes = writes.lock().unwrap().clone();
    assert!(writes.iter().all(|(_, bytes)| *bytes <= 48 * 1024));
    writes.dedup_by_key(|(turns, _)| *turns);
    assert!(writes.len() >= 8, "written in {} turns", writes.len());
}

/// What it is given at once is what it must take before it is seen that it takes anything.
#[tokio::test(start_paused = true)]
async fn slow_client_is_given_little_at_once() {
    let (client, io) = tokio::io::duplex(48 * 1024);
    let writes = Arc::<Mutex<Vec<_>>>::default();
    let server = Noted {
        io,
        turns: Arc::default(),
        writes: Arc::clone(&writes),
    };
    let mut line = Line::over(client, server, async || "x".repeat(500_000).into_response());
    let offered = || {
        let writes = std::mem::take(&mut *writes.lock().unwrap());
        writes.into_iter().map(|(_, bytes)| bytes).max()
    };
    line.send(GET).await;
    pass(2).await;
    assert_eq!(offered(), Some(20 * 1024));
    let mut part = vec![0; 8 * 1024];
    line.client.read_exact(&mut part).await.unwrap();
    pass(2).await;
    offered();
    for _ in 0..10 {
        line.client.read_exact(&mut part).await.unwrap();
        pass(2).await;
        assert_eq!(offered(), Some(8 * 1024));
    }
    // It has caught up.
    let mut rest = vec![0; 300_000];
    line.client.read_exact(&mut rest).await.unwrap();
    assert_eq!(offered(), Some(48 * 1024));
}

/// A client that sends may not keep what it does not read.
#[tokio::test(start_paused = true)]
async fn stream_that_nobody_reads_ends_while_its_client_still_sends() {
    let mut line = Line::open(64, async |request: Request| {
        let mut body = request.into_body();
        tokio::spawn(async move {
            use http_body_util::BodyExt as _;
            while body.frame().await.is_some() {}
        });
        let mut response = "x".repeat(100_000).into_response();
        response.extensions_mut().insert(Streaming);
        response
    });
    line.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999\r\n\r\n")
        .await;
    let (_unread, mut write) = tokio::io::split(line.client);
    while !line.ended.is_finished() {
        pass(1).await;
        let _ = write.write_all(&[b'x'; 300]).await;
        assert!(line.opened.elapsed() < Duration::from_mins(2));
    }
    let age = line.opened.elapsed();
    assert!(
        age >= Duration::from_mins(1),
        "{age:?}\n{}",
        line.metrics.encode()
    );
}

/// Frames on a timer; the server-sent events of the test.
struct Ticks(Option<Interval>);

impl http_body::Body for Ticks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            None => Poll::Pending,
            Some(every) => every
                .poll_tick(cx)
                .map(|_| Some(Ok(Frame::data(Bytes::from_static(b": tick\n\n"))))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

async fn ticks(_: Request) -> Response {
    let every = tokio::time::interval(Duration::from_secs(15));
    Body::new(Ticks(Some(every))).into_response()
}

// acceptance 21.2 (29)
#[tokio::test(start_paused = true)]
async fn event_stream_outlives_every_deadline_under_the_defaults() {
    let mut line = Line::open(1024, ticks);
    line.send(GET).await;
    while line.opened.elapsed() < Duration::from_hours(1) {
        line.read_until("tick\n\n\r\n").await;
    }
    assert!(!line.ended.is_finished());
}

#[tokio::test(start_paused = true)]
async fn silent_stream_is_ended_by_the_idle_deadline() {
    let mut line = Line::open(1024, async || Body::new(Ticks(None)).into_response());
    line.send(GET).await;
    line.read_until("\r\n\r\n").await;
    line.ends_after(60, "idle").await;
}

#[tokio::test(start_paused = true)]
async fn stream_that_nobody_reads_is_ended_by_the_idle_deadline() {
    let mut line = Line::open(64, async || {
        let mut response = "x".repeat(100_000).into_response();
        response.extensions_mut().insert(Streaming);
        response
    });
    line.send(GET).await;
    let age = line.age_at_end().await;
    assert_eq!(age.as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn marked_response_takes_as_long_as_its_client_needs() {
    let mut line = Line::open(64, async || {
        let mut response = "x".repeat(1_000).into_response();
        response.extensions_mut().insert(Streaming);
        response
    });
    line.send(GET).await;
    line.read_until("\r\n\r\n").await;
    for _ in 0..1_000 {
        line.client.read_u8().await.unwrap();
        pass(1).await;
    }
    assert!(line.opened.elapsed() >= Duration::from_secs(1_000));
}

#[tokio::test(start_paused = true)]
async fn handler_and_its_connection_end_when_the_client_goes() {
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    let tell = Arc::new(std::sync::Mutex::new(Some(tell)));
    let mut line = Line::open(1024, move || {
        let tell = tell.lock().unwrap().take();
        async move {
            let _held = tell;
            pending::<()>().await;
            Error::internal("never").into_response()
        }
    });
    line.send(GET).await;
    tokio::task::yield_now().await;
    drop(line.client);
    assert!(
        timeout(Duration::from_secs(1), told)
            .await
            .unwrap()
            .is_err()
    );
    line.ended.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn silent_stream_ends_when_its_client_goes() {
    let mut line = Line::open(1024, async || Body::new(Ticks(None)).into_response());
    line.send(GET).await;
    line.read_until("\r\n\r\n").await;
    drop(line.client);
    line.ended.await.unwrap();
    assert!(line.opened.elapsed() < Duration::from_secs(1));
    let text = line.metrics.encode();
    let gone = "http_connection_errors_total{kind=\"client_gone\"} 1\n";
    assert!(text.contains(gone), "{text}");
}

#[tokio::test(start_paused = true)]
async fn requests_that_come_while_a_handler_works_are_answered_after_it() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let mut line = Line::open(4096, move || {
        let gate = Arc::clone(&opened);
        async move {
            gate.acquire().await.unwrap().forget();
            "pong".into_response()
        }
    });
    for part in [GET, &GET[..3], &GET[3..], GET] {
        line.send(part).await;
        pass(1).await;
    }
    for _ in 0..3 {
        gate.add_permits(1);
        line.read_until("pong").await;
    }
    assert!(line.opened.elapsed() < Duration::from_secs(5));
    line.ends_after(64, "idle").await;
}
