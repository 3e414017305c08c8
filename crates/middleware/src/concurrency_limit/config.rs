use std::fmt;
use std::time::Duration;

use plumego_contract::{Error, Limit};

/// The longest wait.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// How many requests run, how many wait, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConcurrencyLimitConfig {
    /// Requests that run at once, 1 to 1,000,000. Default: 256.
    pub max_concurrent: usize,
    /// Requests that wait beside those that run, at most 1,000,000; 0 for none. Beyond it:
    /// `503 server_busy`. Default: 512.
    pub max_queued: usize,
    /// How long a request waits, at most 1 min. Beyond it: `503 server_queue_timeout`.
    /// Default: 250 ms.
    pub max_wait: Duration,
    /// Of the requests that run, those of one client whose body is waited for, 1 to 1,000,000 or
    /// unlimited. Beyond it: `503 server_busy` when the body is read. Whatever the number, a
    /// quarter of the slots stays for others, unless it is unlimited. Default: 64.
    pub max_waiting_bodies_per_client: Limit,
}

impl Default for ConcurrencyLimitConfig {
    fn default() -> Self {
        Self {
            max_concurrent: 256,
            max_queued: 512,
            max_wait: Duration::from_millis(250),
            max_waiting_bodies_per_client: Limit::At(64),
        }
    }
}

impl ConcurrencyLimitConfig {
    /// The most requests that may run, and the most that may wait.
    pub const MAX_REQUESTS: usize = 1_000_000;

    pub(super) fn check(&self) -> Result<(), ConcurrencyLimitError> {
        let wrong = |field, value: String, expected| ConcurrencyLimitError {
            field,
            value,
            expected,
        };
        let numbers = "from 1 to 1000000";
        if !(1..=Self::MAX_REQUESTS).contains(&self.max_concurrent) {
            let value = self.max_concurrent.to_string();
            return Err(wrong("max_concurrent", value, numbers));
        }
        if self.max_queued > Self::MAX_REQUESTS {
            let value = self.max_queued.to_string();
            return Err(wrong("max_queued", value, "at most 1000000"));
        }
        if self.max_wait > MAX_WAIT {
            let value = format!("{:?}", self.max_wait);
            return Err(wrong("max_wait", value, "at most one minute"));
        }
        match self.max_waiting_bodies_per_client {
            Limit::At(most) if most == 0 || most > Self::MAX_REQUESTS as u64 => {
                let value = most.to_string();
                Err(wrong("max_waiting_bodies_per_client", value, numbers))
            }
            _ => Ok(()),
        }
    }

    /// The share of one client; `usize::MAX` is unlimited.
    pub(super) fn waiting_bodies(&self) -> usize {
        let Limit::At(most) = self.max_waiting_bodies_per_client else {
            return usize::MAX;
        };
        let left_by_others = self.max_concurrent - self.max_concurrent.div_ceil(4);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        most.min(left_by_others.max(1))
    }
}

/// A layer cannot be made of this configuration. The text says which value and what it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConcurrencyLimitError {
    field: &'static str,
    value: String,
    expected: &'static str,
}

impl fmt::Display for ConcurrencyLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            value,
            expected,
        } = self;
        write!(
            f,
            "concurrency limit: {field} is {value}, it must be {expected}"
        )
    }
}

impl std::error::Error for ConcurrencyLimitError {}

/// `500 internal`, for a `?` where an application is put together.
impl From<ConcurrencyLimitError> for Error {
    #[track_caller]
    fn from(error: ConcurrencyLimitError) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_slots_stays_for_others() {
        for (slots, share, expected) in [
            (256, Limit::At(64), 64),
            (256, Limit::At(200), 192),
            (256, Limit::Unlimited, usize::MAX),
            (1_000, Limit::At(64), 64),
            (32, Limit::At(64), 24),
            (4, Limit::At(64), 3),
            (2, Limit::At(64), 1),
            (1, Limit::At(64), 1),
        ] {
            let config = ConcurrencyLimitConfig {
                max_concurrent: slots,
                max_waiting_bodies_per_client: share,
                ..ConcurrencyLimitConfig::default()
            };
            assert_eq!(config.waiting_bodies(), expected, "{share} of {slots}");
        }
    }
}
