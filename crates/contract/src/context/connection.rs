//! Where a request came in.

use std::net::SocketAddr;

/// The connection a request came in on, as the server saw it.
///
/// A server puts it into the request's extensions; without it (a test, a foreign server) nothing is
/// known, and it is the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connection {
    /// The address of the other end: a client, or a proxy.
    pub peer: Option<SocketAddr>,
    /// Our own end.
    pub local: Option<SocketAddr>,
    /// Whether the connection itself is TLS.
    pub tls: bool,
    /// The process at the other end, when the connection came by a Unix socket. Then there are no
    /// addresses.
    pub unix: Option<UnixPeer>,
}

/// The process at the other end of a Unix socket, as the system tells it: who it was when it
/// connected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnixPeer {
    /// Its user; `None` when the system did not tell.
    pub uid: Option<u32>,
    /// Its group; `None` when the system did not tell.
    pub gid: Option<u32>,
    /// Its number, which may belong to another process by now; `None` where the system does not
    /// tell.
    pub pid: Option<i32>,
}

impl UnixPeer {
    /// A process of this user and group.
    pub fn new(uid: u32, gid: u32, pid: Option<i32>) -> Self {
        Self {
            uid: Some(uid),
            gid: Some(gid),
            pid,
        }
    }
}

impl Connection {
    /// A plain connection from this address.
    pub fn from_peer(peer: SocketAddr) -> Self {
        Self {
            peer: Some(peer),
            ..Self::default()
        }
    }

    /// A connection by a Unix socket.
    pub fn from_unix(peer: UnixPeer) -> Self {
        Self {
            unix: Some(peer),
            ..Self::default()
        }
    }

    /// Sets our own end.
    #[must_use]
    pub fn with_local(mut self, local: Option<SocketAddr>) -> Self {
        self.local = local;
        self
    }

    /// Sets whether the connection itself is TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }
}
