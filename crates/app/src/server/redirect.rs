//! An address whose clients are sent to another one.

use plumego_contract::{Connection, Problem, Problems};
use plumego_router::{Frozen, Router};

use super::listener::{Bound, Endpoint, UNIX};

/// What is to be listened on, and what answers there.
pub(crate) struct Redirection {
    pub(crate) addr: String,
    pub(crate) router: Router,
}

impl Redirection {
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::Addr(self.addr.clone())
    }

    /// Connections are told apart by the port that they came to, so it must be of one address.
    pub(crate) fn check_port(&self, endpoints: &[Endpoint]) -> Problems {
        let mut problems = Problems::new();
        let port = port(&self.addr).filter(|port| *port != 0);
        let others = endpoints.iter().filter_map(|endpoint| match endpoint {
            Endpoint::Addr(addr) if *addr != self.addr => Some(addr),
            _ => None,
        });
        for other in others.filter(|_| port.is_some()) {
            if port_of_tcp(other) == port {
                problems.push(Problem::new(format!(
                    "tls: {} is to send clients to HTTPS, and {other} has the same port: expected \
                     a port of its own (TLS_REDIRECT_ADDR)",
                    self.addr
                )));
            }
        }
        problems
    }

    /// With the router that was made of this one.
    pub(crate) fn with(addr: &str, router: Frozen) -> Redirect {
        Redirect {
            router,
            port: port(addr).unwrap_or(0),
        }
    }
}

fn port(addr: &str) -> Option<u16> {
    let (_, port) = addr.rsplit_once(':')?;
    port.parse().ok()
}

/// `unix:8080` is a file.
fn port_of_tcp(addr: &str) -> Option<u16> {
    (!addr.starts_with(UNIX)).then(|| port(addr)).flatten()
}

/// A router for one of the addresses.
#[derive(Debug, Clone)]
pub(crate) struct Redirect {
    pub(crate) router: Frozen,
    /// Of the address; 0 until it is bound.
    pub(crate) port: u16,
}

impl Redirect {
    /// Finds out the port when the system chose it: the address was bound last. One socket alone
    /// was inherited, and is no redirect.
    pub(crate) fn bound_to(mut self, bound: &[Bound]) -> Self {
        if self.port == 0 && bound.len() > 1 {
            let addr = bound.last().and_then(Bound::local_addr);
            self.port = addr.map_or(0, |addr| addr.port());
        }
        self
    }

    /// Corrects how the sockets are told of: this one is not HTTPS. Says so when none of those
    /// that were inherited is the one.
    pub(crate) fn name(&self, bound: &[Bound], places: &mut [String]) {
        let port = self.clone().bound_to(bound).port;
        let mut is_missing = true;
        for (bound, place) in bound.iter().zip(places) {
            if bound.local_addr().is_some_and(|addr| addr.port() == port) {
                *place = bound.place("http");
                is_missing = false;
            }
        }
        if is_missing {
            tracing::warn!(
                "not used: TLS_REDIRECT_ADDR. No inherited socket has its port ({port}), so nobody \
                 is sent from http to https; pass one that has, or take the address away"
            );
        }
    }

    /// Whether this connection came in by the address.
    pub(crate) fn has(&self, connection: &Connection) -> bool {
        connection
            .local
            .is_some_and(|addr| self.port != 0 && addr.port() == self.port)
    }
}

#[cfg(test)]
mod tests {
    use plumego_contract::AppContext;

    use super::*;

    async fn bound() -> Bound {
        let addr = Endpoint::Addr("127.0.0.1:0".to_owned());
        addr.bind(0).await.unwrap()
    }

    #[tokio::test]
    async fn a_lone_socket_is_never_the_one_that_redirects() {
        let router = Router::new().freeze(AppContext::default()).unwrap();
        let redirect = Redirection::with("127.0.0.1:0", router);
        let mut sockets = vec![bound().await];
        let to = |sockets: &[Bound], at: usize| {
            let connection = Connection::default().with_local(sockets[at].local_addr());
            redirect.clone().bound_to(sockets).has(&connection)
        };
        assert!(!to(&sockets, 0));
        sockets.push(bound().await);
        assert!(!to(&sockets, 0));
        assert!(to(&sockets, 1));
    }
}
