use std::num::NonZeroU64;
use std::time::Duration;

/// How slowly a request body may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyDeadlineConfig {
    /// The bytes that a second of waiting must bring, on average; `None` for no minimum.
    /// Default: 240.
    pub min_bytes_per_second: Option<NonZeroU64>,
    /// The time a body may wait before the minimum holds, and the longest pause within it.
    /// Default: 10 s.
    pub grace: Duration,
    /// The time for the whole body, from the end of the request's head; `None` for no bound.
    /// Default: `None`, so that large uploads over slow lines get through.
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
