use std::sync::atomic::{AtomicU64, Ordering};

use super::{Decision, Quota};

/// One quota for everybody. Lock-free; 24 bytes.
#[derive(Debug)]
pub struct Limiter {
    quota: Quota,
    full_at: AtomicU64,
}

impl Limiter {
    /// A limiter whose quota is full.
    pub const fn new(quota: Quota) -> Self {
        Self {
            quota,
            full_at: AtomicU64::new(0),
        }
    }

    /// Decides on one request at `now`, in nanoseconds. See [the module](super) on time.
    pub fn check(&self, now: u64) -> Decision {
        self.check_with(self.quota, now)
    }

    /// [`check`](Self::check) as if this were its quota.
    pub(super) fn check_with(&self, quota: Quota, now: u64) -> Decision {
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        loop {
            let (decision, next) = quota.decide(full_at, now);
            let Some(next) = next else {
                return decision;
            };
            let exchanged = self.full_at.compare_exchange_weak(
                full_at,
                next,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match exchanged {
                Ok(_) => return decision,
                Err(changed) => full_at = changed,
            }
        }
    }

    /// The quota.
    pub const fn quota(&self) -> Quota {
        self.quota
    }
}
