//! One connection that speaks HTTP.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use plumego_contract::{Body, BoxError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::connect::Connected;
use crate::meter::{Meter, Metered};

/// The largest head of an answer, as of requests to a server of this house.
pub(crate) const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The most header fields of an answer.
pub(crate) const MAX_HEADERS: usize = 100;
/// How long a connection that nobody uses may say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a connection may take to notice that its last answer is over.
const SETTLE: Duration = Duration::from_millis(100);
const RESET_STREAMS: usize = 16;
/// How much of an answer may come in before it is read: of one stream, and of a connection.
pub(crate) const STREAM_WINDOW: u32 = 256 * 1024;
pub(crate) const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Whether the other side is still there is asked this often while a stream is open.
const PING_EVERY: Duration = Duration::from_secs(15);
const PONG_WITHIN: Duration = Duration::from_secs(10);

/// A connection, and the right to send on it. Its task ends when the last of these is dropped.
pub(crate) struct Connection {
    sender: Sender,
    /// Dropped with the last one: the tasks then have [`GOODBYE`] left.
    life: Arc<watch::Sender<()>>,
    meter: Arc<Meter>,
    born: Instant,
}

enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

/// An error, and the request when it was certainly not sent.
pub(crate) struct NotSent {
    pub(crate) error: BoxError,
    pub(crate) request: Option<Request<Body>>,
}

impl Connection {
    /// Begins to speak HTTP.
    pub(crate) async fn open(connected: Connected) -> Result<Self, BoxError> {
        let meter = Meter::new();
        let io = TokioIo::new(Metered::new(connected.io, Arc::clone(&meter)));
        let (life, over) = watch::channel(());
        let tasks = Tasks(over);
        let sender = if connected.http2 {
            let (sender, connection) = http2::Builder::new(tasks.clone())
                .timer(TokioTimer::new())
                .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX))
                .max_concurrent_reset_streams(RESET_STREAMS)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .keep_alive_interval(PING_EVERY)
                .keep_alive_timeout(PONG_WITHIN)
                .handshake(io)
                .await?;
            tasks.execute(connection);
            Sender::Http2(sender)
        } else {
            let (sender, connection) = http1::Builder::new()
                .max_headers(MAX_HEADERS)
                .max_header_size(MAX_HEAD_BYTES)
                .max_buf_size(2 * MAX_HEAD_BYTES)
                .handshake(io)
                .await?;
            tasks.execute(connection);
            Sender::Http1(sender)
        };
        Ok(Self {
            sender,
            life: Arc::new(life),
            meter,
            born: Instant::now(),
        })
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// Cancel safe in that nothing leaks: dropped, HTTP/1.1 closes the connection, HTTP/2 resets
    /// the stream. The server may have seen the request.
    pub(crate) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<http::Response<Incoming>, NotSent> {
        self.meter.asked();
        let sent = match &mut self.sender {
            Sender::Http1(sender) => sender.try_send_request(request).await,
            Sender::Http2(sender) => sender.try_send_request(request).await,
        };
        sent.map_err(|mut error| NotSent {
            request: error.take_message(),
            error: error.into_error().into(),
        })
    }

    /// So much of the body of an answer was read.
    pub(crate) fn used(&self, bytes: u64) {
        self.meter.used(bytes);
    }

    pub(crate) const fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }

    pub(crate) fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    /// How long ago it was opened.
    pub(crate) fn age(&self) -> Duration {
        self.born.elapsed()
    }

    /// Whether only the pool holds it.
    pub(crate) fn is_unused(&self) -> bool {
        Arc::strong_count(&self.life) == 1
    }

    /// Whether both are handles of one connection.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.life, &other.life)
    }

    /// Whether another request may be sent; waits until an answer that is read is also over for the
    /// connection's own task.
    pub(crate) async fn settle(&mut self) -> bool {
        match &mut self.sender {
            Sender::Http1(sender) => matches!(timeout(SETTLE, sender.ready()).await, Ok(Ok(()))),
            Sender::Http2(sender) => sender.is_ready(),
        }
    }

    /// Another handle of the same connection, where a connection may have several.
    pub(crate) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => Some(Self {
                sender: Sender::Http2(sender.clone()),
                life: Arc::clone(&self.life),
                meter: Arc::clone(&self.meter),
                born: self.born,
            }),
        }
    }
}

/// Runs what belongs to a connection: it ends with the connection, or soon after nobody holds it.
#[derive(Clone)]
struct Tasks(watch::Receiver<()>);

impl<F> Executor<F> for Tasks
where
    F: Future + Send + 'static,
{
    fn execute(&self, task: F) {
        let mut over = self.0.clone();
        tokio::spawn(async move {
            let abandoned = async {
                // Nothing is ever sent: the sender is dropped.
                let _ = over.changed().await;
                sleep(GOODBYE).await;
            };
            tokio::select! {
                _ = task => {}
                () = abandoned => {}
            }
        });
    }
}
