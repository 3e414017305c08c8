//! How much a server may say beside its answers.
//!
//! Interim answers, pings, settings and empty frames cost its peer work, are no part of any body,
//! and come also while nobody waits for an answer. So what is read from a connection is held to
//! what was asked there and what was read of the bodies.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::{CONNECTION_WINDOW, MAX_HEAD_BYTES, STREAM_WINDOW};

/// What may come in anyway: HTTP/2 reads ahead of whoever reads the bodies, small frames too.
const FLOOR: u64 = 4 * CONNECTION_WINDOW as u64;
/// For each request: heads of its answer and of interim ones, and what was on its way when the
/// answer was given up.
const FOR_REQUEST: u64 = 2 * (MAX_HEAD_BYTES as u64 + STREAM_WINDOW as u64);
/// For each byte of a body: a chunk of one byte takes six, a frame of one byte ten.
const FOR_BODY_BYTE: u64 = 16;
/// After so many bytes others have their turn, such as who takes interim answers out of memory.
const TURN_BYTES: usize = 128 * 1024;

/// What came in over one connection, and what may.
#[derive(Debug)]
pub(crate) struct Meter {
    read: AtomicU64,
    allowed: AtomicU64,
}

impl Meter {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            read: AtomicU64::new(0),
            allowed: AtomicU64::new(FLOOR),
        })
    }

    /// A request goes out.
    pub(crate) fn asked(&self) {
        self.allowed.fetch_add(FOR_REQUEST, Ordering::Relaxed);
    }

    /// So much of a body was read.
    pub(crate) fn used(&self, bytes: u64) {
        let allowed = bytes.saturating_mul(FOR_BODY_BYTE);
        self.allowed.fetch_add(allowed, Ordering::Relaxed);
    }

    fn count(&self, bytes: usize) -> io::Result<()> {
        let bytes = bytes as u64;
        let read = self.read.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if read <= self.allowed.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(io::Error::other(
            "the server sends more than belongs to its answers",
        ))
    }
}

/// A connection whose server is held to the meter.
pub(crate) struct Metered<T> {
    inner: T,
    meter: Arc<Meter>,
    /// Read since the reader last waited.
    turn: usize,
}

impl<T> Metered<T> {
    pub(crate) const fn new(inner: T, meter: Arc<Meter>) -> Self {
        Self {
            inner,
            meter,
            turn: 0,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Metered<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.turn >= TURN_BYTES {
            self.turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let Poll::Ready(read) = Pin::new(&mut self.inner).poll_read(cx, buf) else {
            self.turn = 0;
            return Poll::Pending;
        };
        read?;
        let bytes = buf.filled().len() - before;
        self.turn += bytes;
        Poll::Ready(self.meter.count(bytes))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Metered<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
