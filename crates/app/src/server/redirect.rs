//! An address whose clients are sent to another one.

use plumego_contract::Connection;
use plumego_router::{Frozen, Router};

use super::listener::Bound;

/// What is to be listened on, and what answers there.
pub(crate) struct Redirection {
    pub(crate) addr: String,
    pub(crate) router: Router,
}

impl Redirection {
    /// With the router that was made of this one.
    pub(crate) fn with(addr: &str, router: Frozen) -> Redirect {
        let port = addr
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok());
        Redirect {
            router,
            port: port.unwrap_or(0),
        }
    }
}

/// A router for one of the addresses.
#[derive(Debug, Clone)]
pub(crate) struct Redirect {
    pub(crate) router: Frozen,
    /// Of the address; 0 until it is bound.
    pub(crate) port: u16,
}

impl Redirect {
    /// Finds out the port when the system chose it: the address was bound last.
    pub(crate) fn bound_to(mut self, bound: &[Bound]) -> Self {
        if self.port == 0 {
            let addr = bound.last().and_then(Bound::local_addr);
            self.port = addr.map_or(0, |addr| addr.port());
        }
        self
    }

    /// Whether this connection came in by the address.
    pub(crate) fn has(&self, connection: &Connection) -> bool {
        connection
            .local
            .is_some_and(|addr| addr.port() == self.port)
    }
}
