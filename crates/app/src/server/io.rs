//! The byte stream of a connection, as the engine sees it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::FrameMeter;
use super::pace::Pace;
use super::portion::{Portion, poll_write_first};
use super::registry::Entry;

/// The opening of HTTP/2 with prior knowledge (RFC 9113, section 3.4).
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Tells the watch of its connection which bytes move, gives back those that were read ahead, and
/// writes in portions.
#[derive(Debug)]
pub(crate) struct TimedIo<T> {
    io: T,
    entry: Arc<Entry>,
    /// Bytes that were read and given back.
    unread: Bytes,
    /// Whether what is below tells which bytes go out: TLS takes them long before the socket does.
    pub(crate) is_noted_below: bool,
    /// Bytes that were read to find out which protocol is spoken, or whether the client is there.
    ahead: [u8; 24],
    given: usize,
    filled: usize,
    meter: Option<FrameMeter>,
    portion: Portion,
    pace: Pace,
}

/// What the first bytes of a connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
    /// The client went away before it said a word.
    Nothing,
}

impl<T: AsyncRead + Unpin> TimedIo<T> {
    pub(crate) fn new(io: T, entry: Arc<Entry>) -> Self {
        let pace = Pace::new(entry.shared.tuning.times.timeouts().write);
        Self {
            io,
            entry,
            unread: Bytes::new(),
            is_noted_below: false,
            ahead: [0; 24],
            given: 0,
            filled: 0,
            meter: None,
            portion: Portion::default(),
            pace,
        }
    }

    /// Counts the frames of HTTP/2 that come after the preface.
    pub(crate) fn count_frames(&mut self) {
        self.meter = Some(FrameMeter::new());
    }

    /// Has the next reads begin with bytes that were read from here.
    pub(crate) fn give_back(&mut self, unread: impl Into<Bytes>) {
        self.unread = unread.into();
    }

    /// Reads until the protocol is known. What was read is given back by the next reads.
    pub(crate) fn poll_sniff(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Protocol>> {
        loop {
            let seen = self.ahead.get(..self.filled).unwrap_or_default();
            if !PREFACE.starts_with(seen) {
                return Poll::Ready(Ok(Protocol::Http1));
            }
            if seen.len() == PREFACE.len() {
                return Poll::Ready(Ok(Protocol::Http2));
            }
            let rest = self.ahead.get_mut(self.filled..).unwrap_or_default();
            let mut buf = ReadBuf::new(rest);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf))?;
            match (buf.filled().len(), self.filled) {
                (0, 0) => return Poll::Ready(Ok(Protocol::Nothing)),
                (0, _) => return Poll::Ready(Ok(Protocol::Http1)),
                (read, _) => self.filled += read,
            }
        }
    }

    /// Looks whether the client is still there, while it waits for an answer by HTTP/1.1. One that
    /// has closed its half counts as gone: there is no other way to learn that it went away.
    fn poll_presence(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.given < self.filled || !self.entry.watch.is_answering() {
            return Ok(());
        }
        let mut buf = ReadBuf::new(&mut self.ahead);
        let Poll::Ready(read) = Pin::new(&mut self.io).poll_read(cx, &mut buf) else {
            return Ok(());
        };
        let read = read.map(|()| buf.filled().len());
        if !matches!(read, Ok(1..)) {
            self.entry.watch.gone();
        }
        let read = read?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        (self.given, self.filled) = (0, read);
        self.entry.watch.read();
        Ok(())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for TimedIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.unread.is_empty() {
            let part = this.unread.len().min(buf.remaining());
            buf.put_slice(&this.unread.split_to(part));
            return Poll::Ready(Ok(()));
        }
        if this.given < this.filled {
            let left = this.ahead.get(this.given..this.filled).unwrap_or_default();
            let part = left.get(..buf.remaining().min(left.len())).unwrap_or(left);
            buf.put_slice(part);
            this.given += part.len();
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        let new = buf.filled().get(before..).unwrap_or_default();
        if !new.is_empty() {
            this.entry.watch.read();
        }
        if let Some(meter) = &mut this.meter
            && !meter.read(new)
        {
            this.entry.abused("too_many_frames");
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl<T> TimedIo<T> {
    /// How much may be written now. Who has had its turn is polled again after the others.
    fn poll_portion(&mut self, cx: &Context<'_>) -> Poll<usize> {
        let Some(next) = self.portion.next() else {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        };
        let pace = self.pace.most().filter(|_| !self.is_noted_below);
        Poll::Ready(pace.map_or(next, |most| next.min(most)))
    }

    fn note(&mut self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(count)) = written {
            self.portion.wrote(*count);
            if let Some(meter) = &mut self.meter {
                meter.wrote(*count);
            }
        }
        if !self.is_noted_below {
            self.pace.note(&self.entry.watch, written);
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TimedIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let most = ready!(self.poll_portion(cx));
        let buf = buf.get(..most).unwrap_or(buf);
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.note(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let most = ready!(self.poll_portion(cx));
        let written = poll_write_first(&mut self.io, cx, bufs, most);
        self.note(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        self.portion.done();
        self.entry.watch.flushed();
        Poll::Ready(self.poll_presence(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
