//! HTTPS by choice of the program.

use super::AppBuilder;
use crate::server::TlsConfig;

impl AppBuilder {
    /// Speaks TLS, in place of what the [configuration](crate::ServerConfig::tls) says.
    ///
    /// It is spoken to every client that has an address: on the addresses, and on listeners that
    /// the program brings. A Unix socket stays as it is, and so does a listener whose connections
    /// say that they are [TLS](plumego_contract::Connection::tls) already.
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.tls = Some(tls);
        self
    }
}
