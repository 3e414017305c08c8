//! How long to wait before something is tried again.
//!
//! Pure: the clock that waits and the randomness that spreads belong to the caller. Every room
//! that tries again (outbound requests, deliveries, queues) uses this one.
//!
//! ```
//! use std::time::Duration;
//! use plumego_stdx::{Backoff, random};
//!
//! let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
//! let seed = u64::from_ne_bytes(random::id());
//! // The first attempt failed: at most 200 ms. The second: at most 400 ms. Never above 5 s.
//! assert!(backoff.delay(1, seed) <= Duration::from_millis(200));
//! assert!(backoff.delay(2, seed) <= Duration::from_millis(400));
//! assert!(backoff.delay(1000, seed) <= Duration::from_secs(5));
//! ```

use std::time::Duration;

/// Exponential delays with full jitter and a cap.
///
/// After the `n`-th failed attempt the wait is evenly spread over zero to `base × 2ⁿ⁻¹`, and that
/// bound is never above the cap. Jitter over the whole width keeps clients that failed together
/// from coming back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// `base` bounds the first wait, `cap` every wait.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// The longest wait after that many failed attempts; zero after none.
    pub fn ceiling(&self, failed: u32) -> Duration {
        let Some(doublings) = failed.checked_sub(1) else {
            return Duration::ZERO;
        };
        let grown = 1_u32
            .checked_shl(doublings)
            .and_then(|factor| self.base.checked_mul(factor));
        match grown {
            Some(grown) => grown.min(self.cap),
            // A base of zero never grows.
            None if self.base.is_zero() => Duration::ZERO,
            None => self.cap,
        }
    }

    /// The wait after that many failed attempts: between zero and [`ceiling`](Self::ceiling),
    /// evenly spread over the seeds.
    ///
    /// The same arguments give the same wait. Take a new seed for each thing that is tried (not
    /// for each attempt: the attempt is mixed in).
    pub fn delay(&self, failed: u32, seed: u64) -> Duration {
        let ceiling = self.ceiling(failed).as_nanos();
        let spread = u128::from(mix(seed ^ u64::from(failed).rotate_left(32)));
        // 64 random bits as a fraction of the ceiling; a ceiling is below 2⁶⁴ ns or cut to it.
        let ceiling = ceiling.min(u128::from(u64::MAX));
        let nanos = (ceiling * spread) >> 64;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// The finaliser of `SplitMix64`: every bit of the input changes half of the output.
const fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
