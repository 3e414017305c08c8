//! Listeners that are bound, and the bytes of what they accept.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use plumego_contract::Connection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::Listener;
#[cfg(unix)]
use super::unix::UnixBound;
use crate::server::tls::TlsIo;

/// A [`Listener`] of whatever kind.
pub(crate) trait ErasedListener: Send {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Connection)>>;

    fn local_addr(&self) -> Option<SocketAddr>;
}

impl<L: Listener> ErasedListener for L {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Connection)>> {
        Listener::poll_accept(self, cx)
            .map_ok(|(io, connection)| (Stream::Own(Box::new(io)), connection))
    }

    fn local_addr(&self) -> Option<SocketAddr> {
        Listener::local_addr(self)
    }
}

/// A listener that is bound.
pub(crate) enum Bound {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixBound),
    Own(Box<dyn ErasedListener>),
}

impl Bound {
    pub(crate) fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Stream, Connection)>> {
        match self {
            Self::Tcp(listener) => Listener::poll_accept(listener, cx)
                .map_ok(|(stream, connection)| (Stream::Tcp(stream), connection)),
            #[cfg(unix)]
            Self::Unix(bound) => ErasedListener::poll_accept(&mut bound.listener, cx),
            Self::Own(listener) => listener.poll_accept(cx),
        }
    }

    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => Listener::local_addr(listener),
            #[cfg(unix)]
            Self::Unix(_) => None,
            Self::Own(listener) => listener.local_addr(),
        }
    }

    /// Whether its clients are on this machine and have no address.
    pub(crate) fn is_unix(&self) -> bool {
        #[cfg(unix)]
        if let Self::Unix(_) = self {
            return true;
        }
        false
    }

    /// How it is called in the log, with the scheme that is spoken to addresses.
    pub(crate) fn place(&self, scheme: &str) -> String {
        #[cfg(unix)]
        if let Self::Unix(bound) = self {
            return bound.to_string();
        }
        match self.local_addr() {
            Some(addr) => format!("{scheme}://{addr}"),
            None => "a listener of the program".to_owned(),
        }
    }

    /// No client comes any more by the name of this listener; those that wait are still accepted.
    pub(crate) fn unlist(&mut self) {
        #[cfg(unix)]
        if let Self::Unix(bound) = self {
            bound.file = None;
        }
    }
}

impl Bound {
    /// Leaves what waits, and the name, to the process that has the socket now.
    pub(crate) fn leave(self) {
        #[cfg(unix)]
        if let Self::Unix(mut bound) = self
            && let Some(file) = bound.file.take()
        {
            file.keep();
        }
    }
}

/// The bytes of a connection of whatever kind.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// The bytes of a connection; plain TCP goes without a virtual call.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsIo>),
    Own(Box<dyn Io>),
}

impl Stream {
    /// Whether this is a client of the network that does not speak TLS yet.
    pub(crate) fn is_open(&self, connection: &Connection) -> bool {
        match self {
            Self::Tcp(_) => true,
            Self::Tls(_) => false,
            Self::Own(_) => connection.peer.is_some() && !connection.tls,
        }
    }
}

impl From<TlsIo> for Stream {
    fn from(io: TlsIo) -> Self {
        Self::Tls(Box::new(io))
    }
}

/// The same call on whichever it is.
macro_rules! either {
    ($stream:expr, $io:ident => $call:expr) => {
        match $stream.get_mut() {
            Stream::Tcp(io) => {
                let $io = Pin::new(io);
                $call
            }
            Stream::Tls(io) => {
                let $io = Pin::new(io);
                $call
            }
            Stream::Own(io) => {
                let $io = Pin::new(io);
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, io => io.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, io => io.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(io) => io.is_write_vectored(),
            Self::Tls(io) => io.is_write_vectored(),
            Self::Own(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_shutdown(cx))
    }
}
