//! How many connections each client has open.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use plumego_contract::TrustedProxies;
use plumego_stdx::Limit;

use super::registry::lock;

/// The open connections of each client, and the most that it may have.
///
/// A client is its IPv4 address or the /64 of its IPv6 one, as for the abuse guard. There is one
/// place in the table for each client that has a connection open, so no more than connections.
#[derive(Debug)]
pub(crate) struct Peers {
    max: Limit,
    /// They hold the connections of all their clients.
    exempt: TrustedProxies,
    open: Mutex<HashMap<IpAddr, u64>>,
}

impl Peers {
    pub(crate) fn new(max: Limit, exempt: TrustedProxies) -> Self {
        Self {
            max,
            exempt,
            open: Mutex::default(),
        }
    }

    /// Lets a connection in until the answer is dropped; `None` when its client has too many.
    ///
    /// Who has no address, such as the other end of a Unix socket, is let in, and so is a trusted
    /// proxy.
    pub(crate) fn admit(self: &Arc<Self>, peer: Option<SocketAddr>) -> Option<Admitted> {
        let counted = peer
            .map(|peer| peer.ip())
            .filter(|ip| self.max != Limit::Unlimited && !self.exempt.contains(*ip))
            .map(network);
        let Some(client) = counted else {
            return Some(Admitted { place: None });
        };
        let mut open = lock(&self.open);
        let count = open.get(&client).copied().unwrap_or(0) + 1;
        if !self.max.allows(count) {
            return None;
        }
        open.insert(client, count);
        Some(Admitted {
            place: Some((self.clone(), client)),
        })
    }

    fn leave(&self, client: IpAddr) {
        let mut open = lock(&self.open);
        match open.get_mut(&client) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                open.remove(&client);
                // What a crowd has taken is given back when it has gone.
                let room = open.capacity();
                if room > 1024 && open.len() < room / 8 {
                    open.shrink_to(room / 2);
                }
            }
        }
    }
}

/// A connection that counts for its client, also when its task panics or is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    place: Option<(Arc<Peers>, IpAddr)>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if let Some((peers, client)) = self.place.take() {
            peers.leave(client);
        }
    }
}

/// What one client can take addresses from: its address with IPv4, its /64 with IPv6 (RFC 6177).
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn peers(max: u64) -> Arc<Peers> {
        let exempt = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        Arc::new(Peers::new(
            Limit::from_zero_as_unlimited(max),
            TrustedProxies::new(exempt),
        ))
    }

    #[expect(clippy::unnecessary_wraps, reason = "what `admit` takes")]
    fn at(ip: &str) -> Option<SocketAddr> {
        Some(SocketAddr::new(ip.parse().unwrap(), 1))
    }

    #[track_caller]
    fn check_same_client(first: &str, second: &str, same: bool) {
        let peers = peers(1);
        let _first = peers.admit(at(first)).unwrap();
        assert_eq!(
            peers.admit(at(second)).is_none(),
            same,
            "{first} and {second}"
        );
    }

    #[test]
    fn client_is_an_ipv4_address_or_an_ipv6_network() {
        check_same_client("192.0.2.1", "192.0.2.1", true);
        check_same_client("192.0.2.1", "192.0.2.2", false);
        check_same_client("192.0.2.1", "::ffff:192.0.2.1", true);
        check_same_client("2001:db8::1", "2001:db8:0:0:ffff::", true);
        check_same_client("2001:db8::1", "2001:db8:0:1::1", false);
    }

    #[test]
    fn who_holds_the_connections_of_others_is_not_counted() {
        let peers = peers(1);
        let many = [at("10.1.2.3"), at("::ffff:10.1.2.3"), at("fd00::1"), None];
        let all: Vec<_> = many.iter().flat_map(|peer| [*peer; 50]).collect();
        let held: Vec<_> = all.into_iter().map(|peer| peers.admit(peer)).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(lock(&peers.open).is_empty());
    }

    #[test]
    fn unlimited_keeps_no_table() {
        let peers = peers(0);
        let held: Vec<_> = (0..100).map(|_| peers.admit(at("192.0.2.1"))).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(lock(&peers.open).is_empty());
    }

    #[test]
    fn table_gives_back_what_a_crowd_took() {
        let peers = peers(1);
        let ip = |n: u32| at(&std::net::Ipv4Addr::from_bits(0xC000_0000 + n).to_string());
        let held: Vec<_> = (0..100_000).map(|n| peers.admit(ip(n)).unwrap()).collect();
        assert_eq!(lock(&peers.open).len(), 100_000);
        drop(held);
        assert!(lock(&peers.open).is_empty());
        assert!(lock(&peers.open).capacity() < 4096);
    }

    /// What happens to the connections of a few clients.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        Open(u8),
        Close(usize),
        Panic(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0_u8..4).prop_map(Step::Open),
            2 => any::<usize>().prop_map(Step::Close),
            1 => (0_u8..4).prop_map(Step::Panic),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// The table says at each step what a naive list of open connections says, and is empty
        /// when they have all gone.
        #[test]
        fn count_is_that_of_the_open_connections(steps in vec(step(), 0..60), max in 1_u64..4) {
            let peers = peers(max);
            let ip = |client: u8| at(&format!("192.0.2.{client}"));
            let mut held: Vec<(u8, Admitted)> = Vec::new();
            for step in steps {
                let count = |held: &[(u8, Admitted)], who: u8| {
                    held.iter().filter(|(client, _)| *client == who).count() as u64
                };
                match step {
                    Step::Open(client) => {
                        let room = count(&held, client) < max;
                        let admitted = peers.admit(ip(client));
                        prop_assert_eq!(admitted.is_some(), room);
                        held.extend(admitted.map(|admitted| (client, admitted)));
                    }
                    Step::Close(at) if !held.is_empty() => {
                        held.swap_remove(at % held.len());
                    }
                    Step::Close(_) => {}
                    Step::Panic(client) => {
                        let task = AssertUnwindSafe(|| {
                            let _admitted = peers.admit(ip(client));
                            std::panic::resume_unwind(Box::new("the task of a connection"));
                        });
                        prop_assert!(catch_unwind(task).is_err());
                    }
                }
                let open = lock(&peers.open).clone();
                let clients: std::collections::HashSet<u8> =
                    held.iter().map(|(client, _)| *client).collect();
                prop_assert_eq!(open.len(), clients.len());
                for client in clients {
                    let ip = ip(client).unwrap().ip();
                    prop_assert_eq!(open[&ip], count(&held, client));
                }
            }
            held.clear();
            prop_assert!(lock(&peers.open).is_empty());
        }
    }
}
