use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use plumego_contract::Error;

/// The highest minimum: no line between two machines is so fast that a client can hold to more.
const MAX_RATE: u64 = 1_000_000_000;

/// The longest time that a body may wait, and that it may take.
const MAX_TIME: Duration = Duration::from_hours(24);

/// The shortest of both.
const MIN_TIME: Duration = Duration::from_millis(1);

/// How slowly a request body may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyDeadlineConfig {
    /// The bytes that a second of waiting must bring, on average, 1 to 10⁹; `None` for no minimum.
    /// Default: 240.
    pub min_bytes_per_second: Option<NonZeroU64>,
    /// The time a body may wait before the minimum holds, and the longest pause within it. 1 ms to
    /// 24 h. Default: 10 s.
    pub grace: Duration,
    /// The time for the whole body, from the end of the request's head, 1 ms to 24 h; `None` for
    /// no bound. Default: `None`, so that large uploads over slow lines get through.
    pub total: Option<Duration>,
}

impl Default for BodyDeadlineConfig {
    fn default() -> Self {
        Self {
            min_bytes_per_second: NonZeroU64::new(240),
            grace: Duration::from_secs(10),
            total: None,
        }
    }
}

impl BodyDeadlineConfig {
    pub(super) fn check(&self) -> Result<(), BodyDeadlineError> {
        if let Some(rate) = self.min_bytes_per_second
            && rate.get() > MAX_RATE
        {
            return Err(BodyDeadlineError(format!(
                "min_bytes_per_second is {rate}, it must be from 1 to {MAX_RATE}"
            )));
        }
        let times = [("grace", Some(self.grace)), ("total", self.total)];
        for (name, time) in times {
            if let Some(time) = time
                && !(MIN_TIME..=MAX_TIME).contains(&time)
            {
                return Err(BodyDeadlineError(format!(
                    "{name} is {time:?}, it must be from {MIN_TIME:?} to 24 h"
                )));
            }
        }
        Ok(())
    }
}

/// A layer cannot be made of this configuration. The text says which value and what it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyDeadlineError(String);

impl fmt::Display for BodyDeadlineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "body deadline: {}", self.0)
    }
}

impl std::error::Error for BodyDeadlineError {}

/// `500 internal`, for a `?` where an application is put together.
impl From<BodyDeadlineError> for Error {
    #[track_caller]
    fn from(error: BodyDeadlineError) -> Self {
        Self::internal(error)
    }
}
