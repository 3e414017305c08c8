//! The slots and the queue in front of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use plumego_contract::{Error, codes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::ConcurrencyLimitConfig;

/// When to come again. The queue is as long as it is because a slot comes free within its wait.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a [`ConcurrencyLimitLayer`](super::ConcurrencyLimitLayer) is doing and has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConcurrencyStats {
    /// Requests that hold a slot now.
    pub running: usize,
    /// Requests that wait now.
    pub queued: usize,
    /// Requests refused with `503 server_busy`.
    pub refused_busy: u64,
    /// Requests refused with `503 server_queue_timeout`.
    pub refused_timeout: u64,
}

/// The slots and the queue in front of them.
#[derive(Debug)]
pub(super) struct Gate {
    config: ConcurrencyLimitConfig,
    slots: Arc<Semaphore>,
    queued: AtomicUsize,
    refused_busy: AtomicU64,
    refused_timeout: AtomicU64,
}

/// A place in the queue, given back when it is dropped.
struct Place(Arc<Gate>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.queued.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    pub(super) fn new(config: ConcurrencyLimitConfig) -> Self {
        Self {
            config,
            slots: Arc::new(Semaphore::new(config.max_concurrent)),
            queued: AtomicUsize::new(0),
            refused_busy: AtomicU64::new(0),
            refused_timeout: AtomicU64::new(0),
        }
    }

    /// A slot, when one is free and nobody waits for it.
    pub(super) fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).try_acquire_owned().ok()
    }

    /// Waits for a slot, as long as is allowed. Whether there is a place in the queue is known at
    /// once. Dropping the future gives the place back.
    pub(super) fn wait(
        self: Arc<Self>,
    ) -> Result<impl Future<Output = Result<OwnedSemaphorePermit, Error>> + Send, Error> {
        let most = self.config.max_queued;
        let room = |queued: usize| (queued < most).then_some(queued + 1);
        let relaxed = Ordering::Relaxed;
        if self.queued.try_update(relaxed, relaxed, room).is_err() {
            self.refused_busy.fetch_add(1, relaxed);
            return Err(Error::new(codes::SERVER_BUSY)
                .with_detail("The server has no room for another request; try again.")
                .with_retry_after(RETRY_AFTER));
        }
        let place = Place(self);
        Ok(async move {
            let gate = &place.0;
            let slot = Arc::clone(&gate.slots).acquire_owned();
            // The semaphore is never closed, so no slot means that the time is over.
            if let Ok(Ok(slot)) = timeout(gate.config.max_wait, slot).await {
                return Ok(slot);
            }
            gate.refused_timeout.fetch_add(1, Ordering::Relaxed);
            Err(Error::new(codes::SERVER_QUEUE_TIMEOUT)
                .with_detail("The request waited too long for its turn; try again.")
                .with_retry_after(RETRY_AFTER))
        })
    }

    pub(super) fn stats(&self) -> ConcurrencyStats {
        let free = self.slots.available_permits();
        ConcurrencyStats {
            running: self.config.max_concurrent.saturating_sub(free),
            queued: self.queued.load(Ordering::Relaxed),
            refused_busy: self.refused_busy.load(Ordering::Relaxed),
            refused_timeout: self.refused_timeout.load(Ordering::Relaxed),
        }
    }
}
