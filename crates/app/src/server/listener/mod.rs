//! Where connections come from.

mod bound;
mod endpoint;
#[cfg(unix)]
mod inherited;
#[cfg(not(unix))]
#[path = "nothing_inherited.rs"]
mod inherited;
#[cfg(all(unix, feature = "handover"))]
pub(crate) mod passing;
mod tcp;
#[cfg(unix)]
mod unix;

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use plumego_contract::Connection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

pub(crate) use self::bound::{Bound, Stream};
pub(crate) use self::endpoint::{Endpoint, UNIX};
pub(crate) use self::inherited::take as take_inherited;

/// How many connections may wait to be accepted. The system may have a lower bound of its own.
const BACKLOG: i32 = 1024;

/// Something that connections come from: a TCP port, a Unix socket, whatever a program brings.
///
/// Implemented for the listeners of tokio. An [`App`](crate::App) accepts from it until it drains,
/// takes then what is ready at once, and drops it.
pub trait Listener: Send + 'static {
    /// One connection. What it must do before the first byte of HTTP, such as a TLS handshake,
    /// belongs into its first read, where the header deadline covers it and other connections do
    /// not wait for it.
    type Io: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// The next connection and what is known of it.
    ///
    /// # Errors
    /// Of one connection (`ConnectionAborted`, `ConnectionReset`): the next one is asked for at
    /// once. Any other: it is logged, and asked again after 5 ms, doubled each time up to 1 s.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Io, Connection)>>;

    /// The address it is bound to, when it is one of IP.
    fn local_addr(&self) -> Option<SocketAddr> {
        None
    }
}

/// What becomes a [`Listener`] once the application starts: a listener, or one of `std` that the
/// program bound or inherited.
pub trait IntoListener: Send + 'static {
    /// What it becomes.
    type Listener: Listener;

    /// Makes it ready. Called in the runtime.
    ///
    /// # Errors
    /// What the system says when the socket cannot be used.
    fn into_listener(self) -> io::Result<Self::Listener>;
}

impl<L: Listener> IntoListener for L {
    type Listener = L;

    fn into_listener(self) -> io::Result<L> {
        Ok(self)
    }
}

impl IntoListener for std::net::TcpListener {
    type Listener = TcpListener;

    fn into_listener(self) -> io::Result<TcpListener> {
        self.set_nonblocking(true)?;
        TcpListener::from_std(self)
    }
}

#[cfg(unix)]
impl IntoListener for std::os::unix::net::UnixListener {
    type Listener = tokio::net::UnixListener;

    fn into_listener(self) -> io::Result<tokio::net::UnixListener> {
        self.set_nonblocking(true)?;
        tokio::net::UnixListener::from_std(self)
    }
}
