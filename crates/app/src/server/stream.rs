//! HTTP/2 with prior knowledge.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Shared;
use super::connection::{Ended, Guard};
use super::flow::Flow;
use super::io::TimedIo;
use super::registry::{Entry, lock};
use super::request::answer_incoming;
use super::watch::{Expired, Phase, Watch, Watchdog};

/// Whether HTTP/2 is built in.
pub(crate) const HTTP2: bool = true;
/// The most bytes of one stream that wait to be sent.
const MAX_SEND_BUFFER: usize = 64 * 1024;
/// What a client may send of bodies that nobody has read yet: of one stream, and of all of them.
const WINDOW: u32 = 1024 * 1024;
/// The largest frame, and the table that fields are looked up in: what RFC 9113, section 6.5.2,
/// gives everybody.
const MAX_FRAME: u32 = 16 * 1024;
const HEADER_TABLE: u32 = 4096;
/// Streams that a client opens and resets before the engine has handed them on (CVE-2023-44487),
/// and those that it has the server reset by errors (CVE-2025-8671); beyond them `GOAWAY` with
/// `ENHANCE_YOUR_CALM`.
const MAX_PENDING_RESETS: usize = 20;
const MAX_ERROR_RESETS: usize = 100;
/// How long nothing may come before the other end is asked whether it is there.
const PING: Duration = Duration::from_secs(20);
/// How long it has for the answer. The question waits behind what is on its way already, which a
/// slow line needs its time for.
const PONG: Duration = Duration::from_mins(1);

/// The bounds of a connection by HTTP/2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamLimits {
    /// Open at once.
    pub(crate) open: u32,
    /// Of each head.
    pub(crate) header_bytes: usize,
    /// Given up by the client before their answer, beyond those that were answered.
    pub(crate) resets: u32,
}

pub(super) async fn serve<T>(
    shared: &Arc<Shared>,
    io: TimedIo<T>,
    entry: &Arc<Entry>,
    guard: &mut Guard<'_>,
) -> Ended
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let streams = Streams {
        shared: shared.clone(),
        entry: entry.clone(),
        called: Arc::default(),
        open: Arc::default(),
    };
    let engine = builder(shared, streams.clone());
    let service = service_fn(move |request| {
        let flow = streams.open();
        answer_incoming(flow, request)
    });
    let mut engine = pin!(engine.serve_connection(TokioIo::new(io), service));
    let mut told = false;
    // Why it was told, when that is more than the end of the engine says.
    let mut late = None;
    poll_fn(|cx| {
        guard.register(cx);
        loop {
            if let Poll::Ready(ended) = engine.as_mut().poll(cx) {
                let ended = ended.map_or_else(Ended::Engine, |()| Ended::Done);
                let ended = late.take().unwrap_or(ended);
                return Poll::Ready(entry.abuse().map_or(ended, Ended::Abused));
            }
            let phase = entry.watch.phase();
            if told && phase == Phase::Quiet {
                // The goodbye is an exchange; a client that takes no part in it must not hold up
                // the end.
                entry.watch.enter_with_others(Phase::Head);
            }
            let ended = guard.poll(cx);
            let idle = matches!(ended, Poll::Ready(Ended::TimedOut(Expired::Idle)));
            let drains = phase != Phase::Head && ended.is_pending() && guard.is_dismissed(cx);
            // A stream may be on its way at last: the client must know whether it counts.
            let silent = matches!(ended, Poll::Ready(Ended::TimedOut(Expired::Header)));
            if told || !(idle || silent || drains) {
                return ended;
            }
            told = true;
            if silent {
                late = Some(Ended::TimedOut(Expired::Header));
                entry.watch.enter_with_others(Phase::Head);
                guard.allow_farewell();
            }
            engine.as_mut().graceful_shutdown();
        }
    })
    .await
}

fn builder(shared: &Shared, streams: Streams) -> http2::Builder<Streams> {
    let limits = shared.tuning.streams;
    let head = limits.header_bytes.min(shared.tuning.max_header_bytes);
    let mut builder = http2::Builder::new(streams);
    // The extended CONNECT of RFC 8441 is not announced: nothing here serves it yet.
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.open)
        .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(MAX_ERROR_RESETS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_frame_size(MAX_FRAME)
        .header_table_size(HEADER_TABLE)
        .max_send_buf_size(MAX_SEND_BUFFER)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PONG);
    builder
}

/// Runs the streams of one connection as tracked tasks, each with its own deadlines.
#[derive(Clone)]
struct Streams {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
    /// The stream whose service was called last: the engine hands its future to the executor
    /// right after the call.
    called: Arc<Mutex<Option<Open>>>,
    /// How many are open.
    open: Arc<AtomicUsize>,
}

/// An open stream in the books of its connection.
struct Open {
    entry: Arc<Entry>,
    watch: Arc<Watch>,
    all: Arc<AtomicUsize>,
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.all.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.entry.watch.enter_with_others(Phase::Quiet);
            self.entry.wake();
        }
    }
}

impl Streams {
    fn open(&self) -> Flow {
        let watch = Arc::new(Watch::new(Phase::Handling));
        if self.open.fetch_add(1, Ordering::AcqRel) == 0 {
            self.entry.watch.enter_with_others(Phase::Multiplexed);
        }
        let open = Open {
            entry: self.entry.clone(),
            watch: watch.clone(),
            all: self.open.clone(),
        };
        *lock(&self.called) = Some(open);
        Flow::new(self.entry.clone(), Some(watch))
    }
}

impl<F> Executor<F> for Streams
where
    F: Future + Send + 'static,
{
    fn execute(&self, stream: F) {
        let shared = self.shared.clone();
        let Some(open) = lock(&self.called).take() else {
            self.shared.tracker.spawn(async move {
                stream.await;
            });
            return;
        };
        self.shared.tracker.spawn(async move {
            let mut dog = pin!(Watchdog::new(&open.watch, shared.tuning.times.timeouts()));
            let mut stream: Pin<&mut F> = pin!(stream);
            let expired = poll_fn(|cx| {
                if stream.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(None);
                }
                dog.as_mut().poll(cx, &open.watch, None).map(Some)
            });
            // Dropping the stream resets it; the others on the connection go on.
            if let Some(expired) = expired.await {
                shared.metrics.timed_out(expired);
                tracing::debug!(phase = expired.as_str(), "a stream was too slow");
            }
        });
    }
}
