//! How often an address may be wrong.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The wrong tokens of one address within a minute; then it is refused until the minute is over.
pub const MAX_FAILURES: u32 = 10;

const MINUTE: Duration = Duration::from_mins(1);
/// The addresses that are told apart.
const MAX_ADDRESSES: usize = 4096;

/// Counts failures by address, in fixed windows of a minute.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    known: HashMap<Key, Count>,
    /// Of all addresses that found no place.
    others: Option<Count>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    /// A Unix socket, or a server that does not tell.
    Unknown,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    until: Instant,
    failures: u32,
}

impl Failures {
    /// How long this client has to wait, if it has been wrong too often.
    pub(super) fn refused(&self, client: Option<IpAddr>) -> Option<Duration> {
        let now = Instant::now();
        let state = self.state();
        let count = match state.known.get(&key(client)) {
            Some(count) => *count,
            None if state.known.len() >= MAX_ADDRESSES => state.others?,
            None => return None,
        };
        let left = count.until.saturating_duration_since(now);
        (count.failures >= MAX_FAILURES && !left.is_zero()).then_some(left)
    }

    /// This client was wrong once more.
    pub(super) fn note(&self, client: Option<IpAddr>) {
        let now = Instant::now();
        let fresh = Count {
            until: now + MINUTE,
            failures: 0,
        };
        let mut state = self.state();
        let State { known, others } = &mut *state;
        let key = key(client);
        if known.len() >= MAX_ADDRESSES && !known.contains_key(&key) {
            known.retain(|_, count| count.until > now);
        }
        let count = if known.len() < MAX_ADDRESSES || known.contains_key(&key) {
            known.entry(key).or_insert(fresh)
        } else {
            others.get_or_insert(fresh)
        };
        if count.until <= now {
            *count = fresh;
        }
        count.failures = count.failures.saturating_add(1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(client: Option<IpAddr>) -> Key {
    match client.map(|address| address.to_canonical()) {
        None => Key::Unknown,
        Some(IpAddr::V6(address)) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            Key::Address(Ipv6Addr::from_bits(network).into())
        }
        Some(address) => Key::Address(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(failures: &Failures, client: &str, times: u32) {
        for _ in 0..times {
            failures.note(Some(client.parse().unwrap()));
        }
    }

    fn refused(failures: &Failures, client: &str) -> bool {
        failures.refused(Some(client.parse().unwrap())).is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_is_refused_until_its_minute_is_over() {
        let failures = Failures::default();
        fail(&failures, "192.0.2.1", MAX_FAILURES - 1);
        assert!(!refused(&failures, "192.0.2.1"));
        fail(&failures, "::ffff:192.0.2.1", 1);
        assert!(refused(&failures, "192.0.2.1"));
        assert!(!refused(&failures, "192.0.2.2"));
        tokio::time::advance(MINUTE).await;
        assert!(!refused(&failures, "192.0.2.1"));
        fail(&failures, "192.0.2.1", 1);
        assert!(
            !refused(&failures, "192.0.2.1"),
            "a new minute, a new count"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_of_ipv6_is_one_client_and_the_map_is_bounded() {
        let failures = Failures::default();
        for host in 0..MAX_FAILURES {
            fail(&failures, &format!("2001:db8:1:2::{host:x}"), 1);
        }
        assert!(refused(&failures, "2001:db8:1:2:ffff::1"));
        assert!(!refused(&failures, "2001:db8:1:3::1"));
        for place in 0..10_000_u32 {
            let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + place);
            failures.note(Some(address.into()));
        }
        assert_eq!(failures.state().known.len(), MAX_ADDRESSES);
        // Nobody gets rid of a refusal by flooding, and those without a place share one.
        assert!(refused(&failures, "2001:db8:1:2::1"));
        assert!(refused(&failures, "203.0.113.7"));
        tokio::time::advance(MINUTE).await;
        fail(&failures, "203.0.113.7", 1);
        assert_eq!(failures.state().known.len(), 1);
    }
}
