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
}

impl Connection {
    /// A plain connection from this address.
    pub fn from_peer(peer: SocketAddr) -> Self {
        Self {
            peer: Some(peer),
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
