use std::fmt;
use std::time::Duration;

use plumego_contract::Error;
use tokio::sync::Semaphore;

/// How many requests run, how many wait, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConcurrencyLimitConfig {
    /// Requests that run at once, at least 1. Default: 256.
    pub max_concurrent: usize,
    /// Requests that wait beside those that run; 0 for none. Beyond it: `503 server_busy`.
    /// Default: 512.
    pub max_queued: usize,
    /// How long a request waits. Beyond it: `503 server_queue_timeout`. Default: 250 ms.
    pub max_wait: Duration,
}

impl Default for ConcurrencyLimitConfig {
    fn default() -> Self {
        Self {
            max_concurrent: 256,
            max_queued: 512,
            max_wait: Duration::from_millis(250),
        }
    }
}

impl ConcurrencyLimitConfig {
    pub(super) fn check(&self) -> Result<(), ConcurrencyLimitError> {
        if (1..=Semaphore::MAX_PERMITS).contains(&self.max_concurrent) {
            Ok(())
        } else {
            Err(ConcurrencyLimitError(self.max_concurrent))
        }
    }
}

/// A layer cannot be made of this configuration. The text says which value and what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConcurrencyLimitError(usize);

impl fmt::Display for ConcurrencyLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "concurrency limit: max_concurrent is {}, it must be from 1 to {}",
            self.0,
            Semaphore::MAX_PERMITS
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
