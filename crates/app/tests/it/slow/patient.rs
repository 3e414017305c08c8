//! What takes longer than every deadline and is not cut: it keeps moving.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use plumego_app::Running;
use plumego_contract::{Body, Event, Sse, Stream};
use plumego_router::Router;
use tokio::time::Instant;

use crate::client::{Client, app_with, start, within};

/// Every deadline.
const SHORT: Duration = Duration::from_millis(300);
/// How often something moves.
const BEAT: Duration = Duration::from_millis(20);
/// Several times longer than every deadline.
const LONG: Duration = Duration::from_millis(1500);
const PIECE: usize = 32 * 1024;
const PIECES: usize = 75;

fn routes(r: Router) -> Router {
    r.get("/events", async || {
        Sse::produce(async |events| {
            let mut beat = tokio::time::interval(SHORT / 3);
            loop {
                beat.tick().await;
                events.send(Event::new().comment("ping")).await?;
            }
        })
    })
    .get("/silent", async || {
        Sse::produce(async |events| {
            let events = events;
            std::future::pending::<()>().await;
            drop(events);
            Ok(())
        })
        .keep_alive(Duration::from_secs(1))
    })
    .get("/download", async || "x".repeat(PIECE * PIECES))
    .get("/stream", async || {
        Stream::produce("text/plain", async |out| {
            let mut beat = tokio::time::interval(BEAT);
            for _ in 0..PIECES {
                beat.tick().await;
                out.send(Bytes::from_static(b"piece")).await?;
            }
            Ok(())
        })
    })
    .post("/", async |body: Body| {
        let all = body.into_bytes(u64::MAX).await?;
        Ok::<_, plumego_contract::Error>(all.len().to_string())
    })
}

async fn server() -> (Running, SocketAddr) {
    server_with(SHORT).await
}

async fn server_with(deadline: Duration) -> (Running, SocketAddr) {
    let app = app_with(|config| {
        config.read_header_timeout = deadline;
        config.read_timeout = deadline;
        config.write_timeout = deadline;
        config.idle_timeout = deadline;
        // An upload that is longer than this has a time of its own on its route.
        config.request_timeout = Duration::from_mins(1);
    });
    start(app.routes(routes)).await
}

/// Ends it, when streams may still be open.
async fn stop(running: Running) {
    running.handle().shutdown();
    within(running.wait()).await.unwrap();
}

mod http1 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    // acceptance 21.2 (29)
    #[tokio::test]
    async fn event_stream_with_pings_outlives_every_deadline() {
        let (running, addr) = server().await;
        let mut client = Client::connect(addr).await;
        client.send("GET /events HTTP/1.1\r\nhost: x\r\n\r\n").await;
        client.read_until("\r\n\r\n").await;
        let began = Instant::now();
        while began.elapsed() < LONG {
            client.read_until("\n\n").await;
        }
        drop(client);
        stop(running).await;
    }

    /// The comments that the server sends by itself are enough.
    #[tokio::test]
    async fn silent_event_stream_outlives_every_deadline() {
        let (running, addr) = server_with(Duration::from_millis(1500)).await;
        let mut client = Client::connect(addr).await;
        client.send("GET /silent HTTP/1.1\r\nhost: x\r\n\r\n").await;
        client.read_until("\r\n\r\n").await;
        for _ in 0..4 {
            client.read_until("\n\n").await;
        }
        drop(client);
        stop(running).await;
    }

    #[tokio::test]
    async fn download_that_is_read_steadily_outlives_every_deadline() {
        let (running, addr) = server().await;
        let mut client = Client::connect(addr).await;
        client
            .send("GET /download HTTP/1.1\r\nhost: x\r\n\r\n")
            .await;
        client.read_until("\r\n\r\n").await;
        let (began, mut beat) = (Instant::now(), tokio::time::interval(BEAT));
        let mut piece = vec![0; PIECE];
        for _ in 0..PIECES {
            beat.tick().await;
            within(client.0.read_exact(&mut piece)).await.unwrap();
        }
        assert!(began.elapsed() > 3 * SHORT);
        drop(client);
        stop(running).await;
    }

    #[tokio::test]
    async fn stream_that_is_written_steadily_outlives_every_deadline() {
        let (running, addr) = server().await;
        let mut client = Client::connect(addr).await;
        client.send("GET /stream HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let all = client.read_until("\r\n0\r\n\r\n").await;
        assert_eq!(all.matches("piece").count(), PIECES);
        stop(running).await;
    }

    #[tokio::test]
    async fn upload_that_is_sent_steadily_outlives_every_deadline() {
        let (running, addr) = server().await;
        let mut client = Client::connect(addr).await;
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
            1000 * PIECES
        );
        client.send(head).await;
        let mut beat = tokio::time::interval(BEAT);
        for _ in 0..PIECES {
            beat.tick().await;
            client.0.write_all(&[b'x'; 1000]).await.unwrap();
        }
        let answer = client.answer().await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        assert_eq!(answer.body, (1000 * PIECES).to_string());
        stop(running).await;
    }
}

#[cfg(feature = "http2")]
mod http2 {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body_util::BodyExt;
    use http_body_util::combinators::BoxBody;
    use hyper::body::{Frame, Incoming};
    use hyper::client::conn::http2::{Builder, SendRequest};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::net::TcpStream;

    use super::*;

    type Sent = BoxBody<Bytes, Infallible>;

    /// A client that lets the server send little ahead.
    async fn connect(addr: SocketAddr) -> SendRequest<Sent> {
        let io = TokioIo::new(TcpStream::connect(addr).await.unwrap());
        let window = u32::try_from(PIECE).unwrap();
        let (send, connection) = Builder::new(TokioExecutor::new())
            .initial_stream_window_size(window)
            .initial_connection_window_size(2 * window)
            .handshake(io)
            .await
            .unwrap();
        tokio::spawn(connection);
        send
    }

    async fn get(addr: SocketAddr, path: &str) -> (SendRequest<Sent>, Incoming) {
        let mut send = connect(addr).await;
        let request = http::Request::get(format!("http://x{path}"));
        let request = request.body(Sent::default()).unwrap();
        let answer = within(send.send_request(request)).await.unwrap();
        (send, answer.into_body())
    }

    // acceptance 21.2 (29)
    #[tokio::test]
    async fn event_stream_with_pings_outlives_every_deadline() {
        let (running, addr) = server().await;
        let (send, mut events) = get(addr, "/events").await;
        let began = Instant::now();
        while began.elapsed() < LONG {
            within(events.frame()).await.unwrap().unwrap();
        }
        drop((send, events));
        stop(running).await;
    }

    #[tokio::test]
    async fn download_that_is_read_steadily_outlives_every_deadline() {
        let (running, addr) = server().await;
        let (send, mut body) = get(addr, "/download").await;
        let (began, mut beat) = (Instant::now(), tokio::time::interval(BEAT / 2));
        let mut all = 0;
        while let Some(frame) = within(body.frame()).await {
            beat.tick().await;
            all += frame.unwrap().into_data().unwrap().len();
        }
        assert_eq!(all, PIECE * PIECES);
        assert!(began.elapsed() > 3 * SHORT);
        drop(send);
        stop(running).await;
    }

    #[tokio::test]
    async fn stream_that_is_written_steadily_outlives_every_deadline() {
        let (running, addr) = server().await;
        let (send, body) = get(addr, "/stream").await;
        let all = within(body.collect()).await.unwrap().to_bytes();
        assert_eq!(all.len(), 5 * PIECES);
        drop(send);
        stop(running).await;
    }

    /// Pieces on a timer.
    struct Steady(tokio::time::Interval, usize);

    impl hyper::body::Body for Steady {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.1 == 0 {
                return Poll::Ready(None);
            }
            std::task::ready!(self.0.poll_tick(cx));
            self.1 -= 1;
            let piece = Bytes::from_static(&[b'x'; 1000]);
            Poll::Ready(Some(Ok(Frame::data(piece))))
        }
    }

    #[tokio::test]
    async fn upload_that_is_sent_steadily_outlives_every_deadline() {
        let (running, addr) = server().await;
        let mut send = connect(addr).await;
        let body = Steady(tokio::time::interval(BEAT), PIECES).boxed();
        let request = http::Request::post("http://x/").body(body).unwrap();
        let answer = within(send.send_request(request)).await.unwrap();
        assert_eq!(answer.status(), 200);
        let all = within(answer.into_body().collect()).await.unwrap();
        assert_eq!(all.to_bytes(), (1000 * PIECES).to_string());
        drop(send);
        stop(running).await;
    }
}
