//! One connection from its first byte to its last.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use plumego_contract::Connection;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::Shared;
use super::http1;
use super::io::{Protocol, TimedIo};
use super::registry::Entry;
use super::stream;
use super::watch::{Expired, Watchdog};

/// How long a head that has begun may still take when the server drains.
const HEAD_GRACE: Duration = Duration::from_secs(1);
/// How long a client that never opened a stream may take for the goodbye of HTTP/2.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long an early answer is given to arrive while the client still sends.
const LINGER: Duration = Duration::from_secs(2);

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// As the protocol wants it.
    Done,
    /// A deadline was over.
    TimedOut(Expired),
    /// The server was told to end now.
    Cut,
    /// The bytes could not be read or written.
    Io(io::Error),
    /// The client does what nobody needs to do.
    Abused(&'static str),
    /// The engine refused.
    Engine(hyper::Error),
}

/// Serves one connection until it ends. `held` is what it holds meanwhile.
pub(crate) async fn run<T, H>(shared: Arc<Shared>, io: T, connection: Connection, held: H)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let entry = Arc::new(Entry::new(&shared, connection));
    let _listed = shared.registry.list(&entry);
    let ended = serve(&shared, io, &entry).await;
    note(&shared, &entry, &ended);
    drop(held);
}

async fn serve<T>(shared: &Arc<Shared>, io: T, entry: &Arc<Entry>) -> Ended
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut io = TimedIo::new(io, entry.clone());
    let mut guard = Guard::new(shared, entry);
    match guard.hold(poll_fn(|cx| io.poll_sniff(cx))).await {
        Err(ended) => ended,
        Ok(Err(error)) => Ended::Io(error),
        Ok(Ok(protocol)) => speak(shared, io, entry, &mut guard, protocol).await,
    }
}

/// Serves a connection whose protocol is known.
pub(super) async fn speak<T>(
    shared: &Arc<Shared>,
    mut io: TimedIo<T>,
    entry: &Arc<Entry>,
    guard: &mut Guard<'_>,
    protocol: Protocol,
) -> Ended
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    match protocol {
        Protocol::Nothing => Ended::Done,
        Protocol::Http2 if shared.tuning.http2 => {
            io.count_frames();
            // In a box: connections of HTTP/1.1 need not carry the room for it.
            Box::pin(stream::serve(shared, io, entry, guard)).await
        }
        Protocol::Http1 | Protocol::Http2 => http1::serve(shared, io, entry, guard).await,
    }
}

/// Closes the connection so that an answer given early arrives: closing with unread bytes would
/// make the system reset it.
pub(super) async fn close<T: AsyncRead + AsyncWrite + Unpin>(
    mut io: T,
    linger: bool,
    shared: &Shared,
) {
    let bye = async {
        // Over TLS this says goodbye, also while the server drains.
        if io.shutdown().await.is_err() {
            return;
        }
        if linger {
            tokio::select! {
                () = read_rest(&mut io) => {}
                () = shared.drain_begins() => {}
            }
        } else if has_unread(&mut io).await {
            read_rest(&mut io).await;
        }
    };
    let _ = tokio::time::timeout(LINGER, bye).await;
}

async fn read_rest<T: AsyncRead + Unpin>(io: &mut T) {
    // Not in the future of the connection, which would carry it all its life.
    let mut waste = vec![0; 4096];
    while matches!(io.read(&mut waste).await, Ok(read) if read > 0) {}
}

/// Whether the client sent something that nobody read: the next request, sent early, or a stray
/// line. What has come is known without waiting.
async fn has_unread<T: AsyncRead + Unpin>(io: &mut T) -> bool {
    let mut byte = [0];
    let read = poll_fn(|cx| {
        let mut buf = ReadBuf::new(&mut byte);
        let polled = Pin::new(&mut *io).poll_read(cx, &mut buf);
        Poll::Ready(polled.is_ready() && !buf.filled().is_empty())
    });
    read.await
}

/// What ends a connection from outside of its protocol: a deadline, a drain, a cut.
pub(crate) struct Guard<'a> {
    shared: &'a Shared,
    entry: &'a Entry,
    dog: Pin<Box<Watchdog>>,
    waker: Option<Waker>,
    head_by: Option<Instant>,
    /// When it is the turn of this connection to end, once the server drains.
    turn: Option<Pin<Box<Sleep>>>,
}

impl<'a> Guard<'a> {
    pub(super) fn new(shared: &'a Shared, entry: &'a Entry) -> Self {
        Self {
            shared,
            entry,
            dog: Box::pin(Watchdog::new(&entry.watch, shared.tuning.times.timeouts())),
            waker: None,
            head_by: None,
            turn: None,
        }
    }

    /// Has this task woken when the server drains or ends. Comes before the look at its state, so
    /// that no change is missed.
    pub(super) fn register(&mut self, cx: &Context<'_>) {
        let same = self
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()));
        if !same {
            self.entry.set_waker(cx.waker());
            self.waker = Some(cx.waker().clone());
        }
    }

    /// Whether the server drains and it is the turn of this connection.
    pub(super) fn is_dismissed(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.shared.is_draining() {
            return false;
        }
        let shared = self.shared;
        let turn = self
            .turn
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(shared.turns.next())));
        turn.as_mut().poll(cx).is_ready()
    }

    /// Gives the exchange of a goodbye its time, and no more.
    #[cfg_attr(
        not(feature = "http2"),
        expect(dead_code, reason = "connections with streams")
    )]
    pub(super) fn allow_farewell(&mut self) {
        self.head_by = Some(Instant::now() + FAREWELL);
    }

    /// Waits for something, unless the connection must end first.
    pub(super) async fn hold<F: Future>(&mut self, work: F) -> Result<F::Output, Ended> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            self.register(cx);
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(Ok(done));
            }
            self.poll(cx).map(Err)
        })
        .await
    }

    /// Ready when the connection must end. Comes after the engine has been polled.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if self.shared.is_cut() {
            return Poll::Ready(Ended::Cut);
        }
        if let Some(what) = self.entry.abuse() {
            return Poll::Ready(Ended::Abused(what));
        }
        if self.head_by.is_none() && self.shared.is_draining() {
            self.head_by = Some(Instant::now() + HEAD_GRACE);
        }
        let dog = self.dog.as_mut();
        dog.poll(cx, &self.entry.watch, self.head_by)
            .map(Ended::TimedOut)
    }
}

/// Counts how the connection ended, and says it to those who look closely.
pub(super) fn note(shared: &Shared, entry: &Entry, ended: &Ended) {
    let peer = entry.connection().peer;
    let gone = entry.watch.is_gone();
    match ended {
        Ended::Done | Ended::Cut => {}
        // Not the client's fault.
        Ended::TimedOut(Expired::Header) if shared.is_draining() => {}
        Ended::TimedOut(expired) => {
            shared.metrics.timed_out(*expired);
            tracing::debug!(?peer, phase = expired.as_str(), "a connection was too slow");
        }
        Ended::Abused(kind) => {
            shared.metrics.error(kind);
            tracing::debug!(?peer, kind, "a connection was misused");
        }
        Ended::Io(error) => {
            let kind = if gone { "client_gone" } else { "io" };
            shared.metrics.error(kind);
            tracing::debug!(?peer, kind, %error, "a connection failed");
        }
        Ended::Engine(error) => {
            let kind = if gone { "client_gone" } else { kind_of(error) };
            shared.metrics.error(kind);
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::debug!(?peer, kind, %error, cause, "a connection ended with an error");
        }
    }
}

fn kind_of(error: &hyper::Error) -> &'static str {
    if error.is_parse_too_large() {
        "head_too_large"
    } else if error.is_parse() {
        "malformed"
    } else if error.is_incomplete_message() {
        "client_gone"
    } else if error.is_user() {
        "response_body"
    } else if error.is_timeout() {
        "timeout"
    } else {
        "io"
    }
}
