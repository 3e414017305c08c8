//! What of an application may change while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use plumego_stdx::Limit;

/// As the application was built.
const AS_BUILT: u64 = u64::MAX;
/// No limit.
const NONE: u64 = u64::MAX - 1;

/// Changes the limits of requests while the application runs: see
/// [`AppContext::adjust`](super::AppContext::adjust). Requests that have begun keep theirs. Cheap
/// to clone; clones are one.
#[derive(Debug, Clone)]
pub struct Adjust(Arc<Adjusted>);

#[derive(Debug)]
struct Adjusted {
    max_body_bytes: AtomicU64,
    deadline_nanos: AtomicU64,
}

impl Default for Adjust {
    fn default() -> Self {
        Self(Arc::new(Adjusted {
            max_body_bytes: AtomicU64::new(AS_BUILT),
            deadline_nanos: AtomicU64::new(AS_BUILT),
        }))
    }
}

impl Adjust {
    /// Another size for bodies whose route has none of its own.
    pub fn set_max_body_bytes(&self, limit: Limit) {
        let value = limit.get().map_or(NONE, |bytes| bytes.min(NONE - 1));
        self.0.max_body_bytes.store(value, Ordering::Relaxed);
    }

    /// Another time for requests whose route has none of its own; `None` for no deadline.
    pub fn set_request_deadline(&self, time: Option<Duration>) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(NONE).min(NONE - 1);
        let value = time.map_or(NONE, nanos);
        self.0.deadline_nanos.store(value, Ordering::Relaxed);
    }

    pub(super) fn max_body_bytes(&self, built: Limit) -> Limit {
        match self.0.max_body_bytes.load(Ordering::Relaxed) {
            AS_BUILT => built,
            NONE => Limit::Unlimited,
            bytes => Limit::At(bytes),
        }
    }

    pub(super) fn request_deadline(&self, built: Option<Duration>) -> Option<Duration> {
        match self.0.deadline_nanos.load(Ordering::Relaxed) {
            AS_BUILT => built,
            NONE => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }
}
