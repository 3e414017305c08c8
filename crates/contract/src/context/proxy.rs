//! Whose forwarding headers are believed, and what they say.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

use super::Connection;

/// The networks whose forwarding headers are believed. None by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
}

/// Who asks, after the forwarding headers of trusted proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client {
    /// The address of the client.
    pub ip: Option<IpAddr>,
    /// Whether the client speaks `https`.
    pub https: bool,
    /// The host that a trusted proxy forwarded, when it is not the one of the request itself.
    pub host: Option<String>,
}

impl TrustedProxies {
    /// Believes these networks.
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self {
            networks: networks.into_iter().collect(),
        }
    }

    /// Who asks.
    pub fn resolve(&self, connection: &Connection, headers: &HeaderMap) -> Client {
        let _ = headers;
        Client {
            ip: connection.peer.map(|peer| peer.ip()),
            https: connection.tls,
            host: None,
        }
    }
}
