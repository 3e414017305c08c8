//! TCP ports.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

use plumego_contract::Connection;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use super::{BACKLOG, Listener};

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

/// An IPv4 client of a dual-stack socket is an IPv4 client.
fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

/// Binds `host:port`, or `:port` for all interfaces.
pub(super) async fn bind(addr: &str) -> io::Result<TcpListener> {
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
