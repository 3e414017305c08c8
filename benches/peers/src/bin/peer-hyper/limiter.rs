//! One quota for each client, for the whole process (GCRA).

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 64;
/// Clients that are told apart. Those beyond share a quota.
const MAX_KEYS: usize = 100_000;
/// How often a full shard is searched for clients that need no place any more.
const SWEEP_EVERY: u64 = 100_000_000;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) allowed: bool,
    pub(crate) remaining: u64,
    /// Seconds until the quota is full again, or until the next request when this one is refused.
    pub(crate) seconds: u64,
}

pub(crate) struct Limiter {
    interval: u64,
    burst: u64,
    hasher: RandomState,
    shards: Vec<Mutex<Shard>>,
    overflow: Mutex<u64>,
}

#[derive(Default)]
struct Shard {
    /// By the keyed hash of the client: when its quota is full again.
    full_at: HashMap<u64, u64, BuildHasherDefault<Ready>>,
    swept: u64,
}

/// The keys are hashes already.
#[derive(Default)]
struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

impl Limiter {
    pub(crate) fn new(rate: u32, burst: u32) -> Self {
        Self {
            interval: 1_000_000_000 / u64::from(rate.max(1)),
            burst: u64::from(burst.max(1)),
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            overflow: Mutex::new(0),
        }
    }

    /// Takes one request of the quota of a client, at a moment in nanoseconds.
    pub(crate) fn check(&self, client: IpAddr, now: u64) -> Decision {
        let key = self.hasher.hash_one(client);
        let at = usize::try_from(key >> 57).unwrap_or_default() % SHARDS;
        let mut shard = lock(&self.shards[at]);
        if let Some(full_at) = shard.full_at.get_mut(&key) {
            return self.take(full_at, now);
        }
        if shard.full_at.len() >= MAX_KEYS / SHARDS && !shard.sweep(now) {
            drop(shard);
            return self.take(&mut lock(&self.overflow), now);
        }
        self.take(shard.full_at.entry(key).or_insert(0), now)
    }

    fn take(&self, full_at: &mut u64, now: u64) -> Decision {
        let whole = self.interval * self.burst;
        let used = (*full_at).max(now) + self.interval - now;
        if used > whole {
            return Decision {
                allowed: false,
                remaining: 0,
                seconds: (used - whole).div_ceil(1_000_000_000),
            };
        }
        *full_at = now + used;
        Decision {
            allowed: true,
            remaining: (whole - used) / self.interval,
            seconds: used.div_ceil(1_000_000_000),
        }
    }
}

impl Shard {
    /// Forgets clients whose quota is full again. Whether there is room afterwards.
    fn sweep(&mut self, now: u64) -> bool {
        if now < self.swept + SWEEP_EVERY {
            return false;
        }
        self.swept = now;
        self.full_at.retain(|_, full_at| *full_at > now);
        self.full_at.len() < MAX_KEYS / SHARDS
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn client(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let limiter = Limiter::new(2, 3);
        let allowed = |now| limiter.check(client(1), now).allowed;
        let burst: Vec<bool> = (0..4).map(|_| allowed(SECOND)).collect();
        assert_eq!(burst, [true, true, true, false]);
        assert!(allowed(SECOND + SECOND / 2));
        assert!(!allowed(SECOND + SECOND / 2));
        assert!(limiter.check(client(2), SECOND).allowed);
    }

    #[test]
    fn memory_is_bounded_and_a_flood_frees_nobody() {
        let limiter = Limiter::new(1, 1);
        assert!(limiter.check(client(0), 0).allowed);
        for number in 1..200_000 {
            limiter.check(client(number), 0);
        }
        let keys: usize = limiter.shards.iter().map(|it| lock(it).full_at.len()).sum();
        assert!(keys <= MAX_KEYS, "{keys}");
        assert!(!limiter.check(client(0), SECOND / 2).allowed);
        assert!(limiter.check(client(0), SECOND).allowed);
    }
}
