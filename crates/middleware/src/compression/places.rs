//! How many bodies are compressed at once while they are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Places for encoders; clones share them.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Free>);

#[derive(Debug)]
struct Free(AtomicUsize);

impl Places {
    pub(super) fn new(count: usize) -> Self {
        Self(Arc::new(Free(AtomicUsize::new(count))))
    }

    /// A place, where one is free.
    pub(super) fn take(&self) -> Option<Place> {
        let Self(free) = self;
        let one_less = |count: usize| count.checked_sub(1);
        free.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .ok()?;
        Some(Place(Arc::clone(free)))
    }
}

/// One encoder's place, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<Free>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}
