//! Times of the server that may change while it runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::config::ServerConfig;
use crate::server::Timeouts;

/// A time; reading it is one load.
#[derive(Debug, Default)]
pub(crate) struct Time(AtomicU64);

impl Time {
    pub(crate) fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn set(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0.store(nanos, Ordering::Relaxed);
    }

    /// Zero is none.
    fn some(&self) -> Option<Duration> {
        Some(self.get()).filter(|time| !time.is_zero())
    }
}

/// Read by each connection when it begins, by each body, and by the end of the application.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub(super) header: Time,
    pub(super) read: Time,
    pub(super) write: Time,
    pub(super) idle: Time,
    pub(crate) shutdown: Time,
    pub(crate) pre_drain: Time,
    pub(crate) drain_interval: Time,
}

impl Times {
    pub(crate) fn of(config: &ServerConfig) -> Self {
        let times = Self::default();
        times.header.set(config.read_header_timeout);
        times.read.set(config.read_timeout);
        times.write.set(config.write_timeout);
        times.idle.set(config.idle_timeout);
        times.shutdown.set(config.shutdown_timeout);
        times.pre_drain.set(config.pre_drain);
        times.drain_interval.set(config.drain_interval);
        times
    }

    #[cfg(test)]
    pub(crate) fn with(timeouts: Timeouts) -> Self {
        let times = Self::default();
        times.header.set(timeouts.header.unwrap_or_default());
        times.read.set(timeouts.read.unwrap_or_default());
        times.write.set(timeouts.write.unwrap_or_default());
        times.idle.set(timeouts.idle.unwrap_or_default());
        times
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts {
            header: self.header.some(),
            read: self.read.some(),
            write: self.write.some(),
            idle: self.idle.some(),
        }
    }
}
