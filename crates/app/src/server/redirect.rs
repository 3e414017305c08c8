//! An address whose clients are sent to another one.

use plumego_contract::Connection;
use plumego_router::{Frozen, Router};

use super::listener::{Bound, Endpoint};

/// What is to be listened on, and what answers there.
pub(crate) struct Redirection {
    pub(crate) addr: String,
    pub(crate) router: Router,
}

impl Redirection {
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::Addr(self.addr.clone())
    }

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

    /// Corrects how the sockets are told of: this one is not HTTPS.
    pub(crate) fn name(&self, bound: &[Bound], places: &mut [String]) {
        let port = self.clone().bound_to(bound).port;
        for (bound, place) in bound.iter().zip(places) {
            if bound.local_addr().is_some_and(|addr| addr.port() == port) {
                *place = bound.place("http");
            }
        }
    }

    /// Whether this connection came in by the address.
    pub(crate) fn has(&self, connection: &Connection) -> bool {
        connection
            .local
            .is_some_and(|addr| addr.port() == self.port)
    }
}
