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
use super::request::answer;
use super::watch::{Expired, Phase, Watch, Watchdog};

/// The most streams that a client may have open at once.
const MAX_STREAMS: u32 = 250;
/// The most bytes of one stream that wait to be sent.
const MAX_SEND_BUFFER: usize = 64 * 1024;
/// How long nothing may come before the other end is asked whether it is there, and how long it
/// has for the answer.
const PING: Duration = Duration::from_secs(20);

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
        answer(&streams.shared, flow, request)
    });
    let mut engine = pin!(engine.serve_connection(TokioIo::new(io), service));
    let mut told = false;
    poll_fn(|cx| {
        guard.register(cx);
        loop {
            if let Poll::Ready(ended) = engine.as_mut().poll(cx) {
                return Poll::Ready(ended.map_or_else(Ended::Engine, |()| Ended::Done));
            }
            let phase = entry.watch.phase();
            if told && phase == Phase::Quiet {
                // The goodbye is an exchange; a client that takes no part in it must not hold up
                // the end.
                entry.watch.enter(Phase::Head);
            }
            let ended = guard.poll(cx);
            let idle = matches!(ended, Poll::Ready(Ended::TimedOut(Expired::Idle)));
            let drains = phase != Phase::Head && ended.is_pending() && guard.is_dismissed(cx);
            if told || !(idle || drains) {
                return ended;
            }
            told = true;
            engine.as_mut().graceful_shutdown();
        }
    })
    .await
}

fn builder(shared: &Shared, streams: Streams) -> http2::Builder<Streams> {
    let max = u32::try_from(shared.tuning.max_header_bytes).unwrap_or(u32::MAX);
    let mut builder = http2::Builder::new(streams);
    // The engine's own bounds on resets stay as they are (CVE-2023-44487 and its kin).
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(max)
        .max_send_buf_size(MAX_SEND_BUFFER)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
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
            self.entry.watch.enter(Phase::Quiet);
            self.entry.wake();
        }
    }
}

impl Streams {
    fn open(&self) -> Flow {
        let watch = Arc::new(Watch::new(Phase::Handling));
        if self.open.fetch_add(1, Ordering::AcqRel) == 0 {
            self.entry.watch.enter(Phase::Multiplexed);
        }
        let open = Open {
            entry: self.entry.clone(),
            watch: watch.clone(),
            all: self.open.clone(),
        };
        *lock(&self.called) = Some(open);
        Flow::new(self.shared.clone(), self.entry.clone(), Some(watch))
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
            let mut dog = pin!(Watchdog::new(&open.watch, shared.tuning.timeouts));
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
