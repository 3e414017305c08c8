//! Where connections come from.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use plumego_contract::{Connection, Error};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

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

impl Listener for TcpListener {
    type Io = TcpStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, Connection)>> {
        TcpListener::poll_accept(self, cx).map_ok(|(stream, peer)| {
            // An answer is small and waits for nothing. The socket may be gone already, which its
            // first read tells.
            let _ = stream.set_nodelay(true);
            let local = stream.local_addr().ok().map(canonical);
            let connection = Connection::from_peer(canonical(peer)).with_local(local);
            (stream, connection)
        })
    }

    fn local_addr(&self) -> Option<SocketAddr> {
        TcpListener::local_addr(self).ok()
    }
}

#[cfg(unix)]
impl Listener for tokio::net::UnixListener {
    type Io = tokio::net::UnixStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Io, Connection)>> {
        tokio::net::UnixListener::poll_accept(self, cx)
            .map_ok(|(stream, _)| (stream, Connection::default()))
    }
}

/// An IPv4 client of a dual-stack socket is an IPv4 client.
fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
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

type MakeListener = Box<dyn FnOnce() -> io::Result<Box<dyn ErasedListener>> + Send>;

/// Where a server is to listen.
pub(crate) enum Endpoint {
    /// `host:port`, or `:port` for all interfaces.
    Addr(String),
    /// A listener that the program brought.
    Own(MakeListener),
}

impl Endpoint {
    pub(crate) fn own<L: IntoListener>(listener: L) -> Self {
        Self::Own(Box::new(move || {
            Ok(Box::new(listener.into_listener()?) as Box<dyn ErasedListener>)
        }))
    }

    /// Binds it, or says at once why not.
    pub(crate) async fn bind(self) -> Result<Bound, Error> {
        match self {
            Self::Addr(addr) => {
                let bound = bind(&addr).await.map_err(|error| refused(&addr, &error))?;
                Ok(Bound::Tcp(bound))
            }
            Self::Own(make) => {
                let listener = make().map_err(|error| refused("the given socket", &error))?;
                Ok(Bound::Own(listener))
            }
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addr(addr) => f.debug_tuple("Addr").field(addr).finish(),
            Self::Own(_) => f.write_str("Own"),
        }
    }
}

fn refused(addr: &str, error: &io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => "; stop what listens there, or choose another address",
        io::ErrorKind::PermissionDenied => "; ports below 1024 need a privilege",
        _ => "",
    };
    Error::custom(http::StatusCode::INTERNAL_SERVER_ERROR, "listen_failed")
        .with_detail(format!("cannot listen on {addr}: {error}{hint}"))
}

async fn bind(addr: &str) -> io::Result<TcpListener> {
    if let Some(port) = addr.strip_prefix(':') {
        let port = port.parse().map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "the port is not one of 0 to 65535",
            )
        })?;
        return bind_all(port);
    }
    let mut failed = None;
    // The first that works: a name may stand for addresses that this host does not have.
    for addr in tokio::net::lookup_host(addr).await? {
        match bind_one(addr, false) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Err(failed.unwrap_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, "the name stands for no address")
    }))
}

/// All interfaces, IPv6 and IPv4 on one socket; IPv4 alone on a host without IPv6.
fn bind_all(port: u16) -> io::Result<TcpListener> {
    match bind_one((Ipv6Addr::UNSPECIFIED, port).into(), true) {
        Err(error) if is_without_ipv6(&error) => {
            bind_one((Ipv4Addr::UNSPECIFIED, port).into(), false)
        }
        bound => bound,
    }
}

fn is_without_ipv6(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
    ) || error.raw_os_error() == Some(NO_SUCH_FAMILY)
}

/// `EAFNOSUPPORT`, for which `std` has no kind.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NO_SUCH_FAMILY: i32 = 97;
#[cfg(windows)]
const NO_SUCH_FAMILY: i32 = 10047;
#[cfg(not(any(target_os = "linux", target_os = "android", windows)))]
const NO_SUCH_FAMILY: i32 = 47;

fn bind_one(addr: SocketAddr, dual_stack: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // On Windows the option means something else: another process could take the port over.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    if addr.is_ipv6() {
        socket.set_only_v6(!dual_stack)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

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
            Self::Own(listener) => listener.poll_accept(cx),
        }
    }

    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => Listener::local_addr(listener),
            Self::Own(listener) => listener.local_addr(),
        }
    }
}

/// The bytes of a connection of whatever kind.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// The bytes of a connection; plain TCP goes without a virtual call.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Own(Box<dyn Io>),
}

/// The same call on whichever it is.
macro_rules! either {
    ($stream:expr, $io:ident => $call:expr) => {
        match $stream.get_mut() {
            Stream::Tcp(io) => {
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
