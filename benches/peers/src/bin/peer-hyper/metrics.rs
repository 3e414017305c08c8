//! Requests by route: how many, how long.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Upper bounds of the buckets in nanoseconds.
const BOUNDS: [u64; 11] = [
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// Classes of statuses, from 1xx to 5xx.
const CLASSES: usize = 5;

#[derive(Default)]
struct Route {
    by_class: [AtomicU64; CLASSES],
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
    request_bytes: AtomicU64,
    response_bytes: AtomicU64,
}

/// What was counted since the start.
pub(crate) struct Metrics {
    active: AtomicI64,
    routes: Vec<Route>,
}

impl Metrics {
    /// With a place for each route, and one for what is none.
    pub(crate) fn new(routes: usize) -> Self {
        Self {
            active: AtomicI64::new(0),
            routes: (0..=routes).map(|_| Route::default()).collect(),
        }
    }

    pub(crate) fn begin(&self) {
        self.active.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self, route: Option<usize>, status: u16, nanos: u64, bytes: [u64; 2]) {
        self.active.fetch_sub(1, Ordering::Relaxed);
        let at = route.unwrap_or(self.routes.len() - 1);
        let Some(route) = self.routes.get(at) else {
            return;
        };
        let class = usize::from(status / 100).clamp(1, CLASSES) - 1;
        let bucket = BOUNDS.partition_point(|bound| *bound < nanos);
        let [read, written] = bytes;
        for (counter, more) in [
            (&route.by_class[class], 1),
            (&route.buckets[bucket], 1),
            (&route.nanos, nanos),
            (&route.request_bytes, read),
            (&route.response_bytes, written),
        ] {
            counter.fetch_add(more, Ordering::Relaxed);
        }
    }
}
