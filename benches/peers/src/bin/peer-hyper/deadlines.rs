//! Deadlines of connections: for a head, for silence, for an answer that is not taken.
//!
//! The way of a request touches a word of memory; once a second somebody looks at all connections
//! and ends those that have been in one state for too long.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// In seconds.
const HEAD: u32 = 5;
const IDLE: u32 = 60;
const WRITE: u32 = 30;

/// Between two requests.
const IDLES: u32 = 0;
/// The first byte of a head has come, the last has not.
const READS: u32 = 1;
/// The handler runs; a deadline of its own bounds it.
const WORKS: u32 = 2;
const PHASES: u32 = 4;

/// What a connection is doing. A new one has to speak at once.
pub(crate) struct Watch {
    /// Counts changes; what is left of the division by [`PHASES`] is the phase.
    state: AtomicU32,
    /// Whether the client does not take what was written.
    blocked: AtomicBool,
    written: AtomicU32,
    /// Whether bytes of the next request came while this one was worked on.
    early: AtomicBool,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU32::new(READS),
            blocked: AtomicBool::new(false),
            written: AtomicU32::new(0),
            early: AtomicBool::new(false),
        }
    }

    fn phase(&self) -> u32 {
        self.state.load(Ordering::Relaxed) % PHASES
    }

    fn enter(&self, phase: u32) {
        let state = self.state.load(Ordering::Relaxed);
        let next = (state / PHASES).wrapping_add(1).wrapping_mul(PHASES);
        self.state.store(next | phase, Ordering::Relaxed);
    }

    /// The head is complete.
    pub(crate) fn request(&self) {
        self.early.store(false, Ordering::Relaxed);
        self.enter(WORKS);
    }

    /// The answer is made.
    pub(crate) fn answered(&self) {
        let early = self.early.load(Ordering::Relaxed);
        self.enter(if early { READS } else { IDLES });
    }

    fn bytes_came(&self) {
        match self.phase() {
            IDLES => self.enter(READS),
            WORKS => self.early.store(true, Ordering::Relaxed),
            _ => {}
        }
    }

    fn write_ended(&self, pending: bool) {
        if pending {
            self.blocked.store(true, Ordering::Relaxed);
        } else if self.blocked.load(Ordering::Relaxed) {
            self.blocked.store(false, Ordering::Relaxed);
            self.written.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// All connections.
#[derive(Clone, Default)]
pub(crate) struct Watches(Arc<Mutex<Vec<Watched>>>);

struct Watched {
    watch: Weak<Watch>,
    abort: AbortHandle,
    state: u32,
    written: u32,
    seconds: u32,
}

impl Watches {
    pub(crate) fn add(&self, watch: &Arc<Watch>, abort: AbortHandle) {
        let watched = Watched {
            watch: Arc::downgrade(watch),
            abort,
            state: u32::MAX,
            written: 0,
            seconds: 0,
        };
        self.list().push(watched);
    }

    /// Looks at them for ever.
    pub(crate) async fn look(self) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            self.list().retain_mut(Watched::goes_on);
        }
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn goes_on(&mut self) -> bool {
        let Some(watch) = self.watch.upgrade() else {
            return false;
        };
        let state = watch.state.load(Ordering::Relaxed);
        let written = watch.written.load(Ordering::Relaxed);
        if (state, written) == (self.state, self.written) {
            self.seconds += 1;
        } else {
            (self.state, self.written, self.seconds) = (state, written, 0);
        }
        let most = match state % PHASES {
            _ if watch.blocked.load(Ordering::Relaxed) => WRITE,
            READS => HEAD,
            IDLES => IDLE,
            _ => u32::MAX,
        };
        if self.seconds > most {
            self.abort.abort();
            return false;
        }
        true
    }
}

/// A socket that tells its [`Watch`] what happens.
pub(crate) struct Told {
    io: TokioIo<TcpStream>,
    watch: Arc<Watch>,
}

impl Told {
    pub(crate) fn new(stream: TcpStream, watch: Arc<Watch>) -> Self {
        let io = TokioIo::new(stream);
        Self { io, watch }
    }

    fn told(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.watch.write_ended(result.is_pending());
        result
    }
}

impl Read for Told {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_read(cx, buf);
        if result.is_ready() {
            self.watch.bytes_came();
        }
        result
    }
}

impl Write for Told {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(cx, buf);
        self.told(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.told(result)
    }
}
