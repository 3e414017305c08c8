use std::fmt;
use std::time::Duration;

use plumego_contract::Error;

use super::Decision;

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const MAX_BURST: u64 = 1_000_000_000;
/// The longest time until a quota is full again: 366 days. Keeps every sum below within 64 bits.
const MAX_REFILL_NANOS: u64 = 366 * 24 * 3600 * NANOS_PER_SECOND;
/// How late the time of a thread may be that was not run in between.
const LATE_NANOS: u64 = NANOS_PER_SECOND;
/// Later times are taken as this one: 146 years after the limiter was made.
const MAX_NOW: u64 = u64::MAX / 4;

/// How often somebody may ask: a steady rate, and how many requests may come at once.
///
/// The default is 100 requests a second with a burst of 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    interval_nanos: u64,
    burst: u64,
}

impl Quota {
    /// `rate` requests a second, 1 to 10⁹, and `burst` at once.
    ///
    /// The interval between two requests is a whole number of nanoseconds, rounded up: 3 a second
    /// is one every 333 333 334 ns. So a rate is never exceeded, and met exactly where it divides
    /// 10⁹.
    pub fn per_second(rate: u64, burst: u64) -> Result<Self, LimitError> {
        Self::new(rate, Duration::from_secs(1), burst)
    }

    /// `count` requests in each `period`, and `burst` at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// use plumego_security::limit::Quota;
    ///
    /// let logins = Quota::new(5, Duration::from_secs(60), 5)?;
    /// assert_eq!(logins.interval(), Duration::from_secs(12));
    /// # Ok::<(), plumego_security::limit::LimitError>(())
    /// ```
    pub fn new(count: u64, period: Duration, burst: u64) -> Result<Self, LimitError> {
        let period_nanos = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
        if count == 0 || count > period_nanos {
            return Err(LimitError(Kind::Rate { count, period }));
        }
        if burst == 0 || burst > MAX_BURST {
            return Err(LimitError(Kind::Burst(burst)));
        }
        let interval_nanos = period_nanos.div_ceil(count);
        if interval_nanos.saturating_mul(burst) > MAX_REFILL_NANOS {
            return Err(LimitError(Kind::Refill {
                interval: Duration::from_nanos(interval_nanos),
                burst,
            }));
        }
        Ok(Self {
            interval_nanos,
            burst,
        })
    }

    /// How many requests may come at once.
    pub const fn burst(&self) -> u64 {
        self.burst
    }

    /// The time in which one request is earned.
    pub const fn interval(&self) -> Duration {
        Duration::from_nanos(self.interval_nanos)
    }

    /// The time in which an empty quota becomes full.
    pub const fn refill_time(&self) -> Duration {
        Duration::from_nanos(self.capacity_nanos())
    }

    /// Both numbers in one, never 0.
    pub(super) fn packed(&self) -> Result<u64, LimitError> {
        let interval = u32::try_from(self.interval_nanos);
        let burst = u32::try_from(self.burst);
        match (interval, burst) {
            (Ok(interval), Ok(burst)) => Ok(u64::from(interval) << 32 | u64::from(burst)),
            _ => Err(LimitError(Kind::Change)),
        }
    }

    /// What [`packed`](Self::packed) packed.
    pub(super) const fn unpacked(packed: u64) -> Self {
        Self {
            interval_nanos: packed >> 32,
            burst: packed & 0xffff_ffff,
        }
    }

    const fn capacity_nanos(&self) -> u64 {
        self.interval_nanos * self.burst
    }

    /// What to say to a request at `now` when the quota is full again at `full_at`; with the new
    /// `full_at` when it changes. That is later than the old one when the request is let in.
    ///
    /// It is earlier when more is owed than this quota ever lends: then an earlier quota lent it,
    /// and the rest is forgiven. A thread whose time is late by less than [`LATE_NANOS`] sees such
    /// a debt too, and forgives nothing.
    pub(super) fn decide(&self, full_at: u64, now: u64) -> (Decision, Option<u64>) {
        let now = clamped(now);
        let capacity = self.capacity_nanos();
        let debt = full_at.saturating_sub(now);
        if debt > capacity.saturating_add(LATE_NANOS) {
            return (self.decision(false, capacity), Some(now + capacity));
        }
        let after = debt.saturating_add(self.interval_nanos);
        let allowed = after <= capacity;
        let debt = if allowed { after } else { debt };
        (self.decision(allowed, debt), allowed.then_some(now + after))
    }

    fn decision(&self, allowed: bool, debt: u64) -> Decision {
        let free = self.capacity_nanos().saturating_sub(debt);
        let wait = self.interval_nanos.saturating_sub(free);
        // More than the capacity is owed only when the time went backwards.
        let excess = debt.saturating_sub(self.capacity_nanos());
        Decision {
            allowed,
            limit: self.burst,
            remaining: free / self.interval_nanos,
            reset_after: Duration::from_nanos(debt),
            retry_after: Duration::from_nanos(wait.saturating_add(excess)),
        }
    }
}

/// 100 requests a second, 200 at once.
impl Default for Quota {
    fn default() -> Self {
        Self {
            interval_nanos: NANOS_PER_SECOND / 100,
            burst: 200,
        }
    }
}

/// The time as the limiters take it.
pub(super) fn clamped(now: u64) -> u64 {
    now.min(MAX_NOW)
}

/// A quota or a limiter cannot be made of these numbers. The text says which one and what it may
/// be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitError(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rate { count: u64, period: Duration },
    Burst(u64),
    Refill { interval: Duration, burst: u64 },
    MaxKeys(usize),
    Change,
}

impl LimitError {
    pub(super) fn max_keys(max_keys: usize) -> Self {
        Self(Kind::MaxKeys(max_keys))
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Rate { count, period } => write!(
                f,
                "the rate is {count} in {period:?}, it must be at least 1 and at most \
                 {NANOS_PER_SECOND} a second"
            ),
            Kind::Burst(burst) => {
                write!(f, "the burst is {burst}, it must be from 1 to {MAX_BURST}")
            }
            Kind::Refill { interval, burst } => write!(
                f,
                "a burst of {burst} at one request in {interval:?} takes more than 366 days to be \
                 full again: raise the rate or lower the burst"
            ),
            Kind::Change => f.write_str(
                "a quota of less than one in 4.29 s is no change that can be made to a limiter",
            ),
            Kind::MaxKeys(keys) => write!(
                f,
                "the number of keys is {keys}, it must be from 1 to {}",
                super::keyed::MAX_KEYS
            ),
        }
    }
}

impl std::error::Error for LimitError {}

/// `500 internal`, for a `?` where an application is put together.
impl From<LimitError> for Error {
    #[track_caller]
    fn from(error: LimitError) -> Self {
        Self::internal(error)
    }
}
