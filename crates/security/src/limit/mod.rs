//! How often somebody may ask: the one rate limiter of the toolkit.
//!
//! A [`Quota`] is a rate and a burst. [`Limiter`] holds one quota for everybody, [`KeyedLimiter`]
//! one for each key: each client, each account, each route.
//!
//! The algorithm is GCRA, the generic cell rate algorithm (ITU-T I.371), in whole nanoseconds. All
//! that is kept of a key is one 64-bit number: the time at which its quota will be full again. A
//! request moves it one interval ahead and is refused when that would be further away than the
//! burst allows. A refused request costs nothing, so a client that keeps on asking is let in again
//! as soon as it is due.
//!
//! Not for limits that several processes share, and not for counting what must be billed: nothing
//! is stored.
//!
//! ```
//! use std::time::Duration;
//! use plumego_security::limit::{KeyedLimiter, Quota};
//!
//! let limiter = KeyedLimiter::new(Quota::per_second(10, 2)?, 100_000)?;
//! assert!(limiter.check("192.0.2.7", 0).allowed);
//! assert!(limiter.check("192.0.2.7", 0).allowed);
//! let refused = limiter.check("192.0.2.7", 0);
//! assert!(!refused.allowed);
//! assert_eq!(refused.retry_after, Duration::from_millis(100));
//! assert!(limiter.check("192.0.2.8", 0).allowed);
//! assert!(limiter.check("192.0.2.7", 100_000_000).allowed);
//! # Ok::<(), plumego_security::limit::LimitError>(())
//! ```
//!
//! # Time
//!
//! The time is an argument, in nanoseconds since whatever moment the caller chose; it should not
//! go backwards. Where threads read the clock at slightly different times, a key may be let in
//! early by that difference and no more. A time that is more than a second late may forgive what
//! was lent since.
//!
//! # Limits
//!
//! | what | bound |
//! | --- | --- |
//! | rate | up to 10⁹ a second; 1 or more in 366 days |
//! | burst | 1 to 10⁹, and full again within 366 days |
//! | keys | 1 to 10⁷, chosen by the caller; 32 bytes each, taken as they come |
//! | a check | looks at 16 places, however many keys there are; a new key at 256 when full |

mod bucket;
mod keyed;
mod page;
mod quota;

use std::time::Duration;

pub use self::bucket::Limiter;
pub use self::keyed::{KeyedLimiter, KeyedStats};
pub use self::quota::{LimitError, Quota};

/// What a limiter says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// Whether the request may go on.
    pub allowed: bool,
    /// The burst: how many requests a full quota holds.
    pub limit: u64,
    /// How many more requests would be let in right now.
    pub remaining: u64,
    /// How long until the quota is full again.
    pub reset_after: Duration,
    /// How long until the next request would be let in; zero when one would be now.
    pub retry_after: Duration,
}
