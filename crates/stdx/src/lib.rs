//! What Plumego misses in std: clock, randomness, secrets, limits, backoff, hexadecimal text,
//! telling which failures pass.
//!
//! Wall-clock time and randomness enter the toolkit here and nowhere else, so everything above
//! can be given both and tested without them. Elapsed time is not wall-clock time: use
//! [`std::time::Instant`] for it.
//!
//! ```
//! use plumego_stdx::{Limit, Secret, Timestamp, random};
//!
//! let line = format!("{} request {}", Timestamp::from_unix_nanos(0), random::hex::<16>());
//! assert!(line.starts_with("1970-01-01T00:00:00.000Z request "));
//! assert!(Limit::At(10).allows(10));
//! assert_eq!(Secret::new("hunter2").to_string(), "[secret]");
//! ```

pub mod backoff;
pub mod clock;
pub mod hex;
pub mod limit;
pub mod passing;
pub mod random;
pub mod secret;
pub mod shards;

pub use backoff::Backoff;
pub use clock::Timestamp;
pub use hex::Hex;
pub use limit::Limit;
pub use passing::may_pass;
pub use secret::{Secret, ct_eq};
pub use shards::{Shard, Shards};
