//! The handles that code updates: atomics behind an `Arc`, no lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use super::snapshot::{Bucket, HistogramValue};

/// Upper bounds, in seconds, that suit the latency of HTTP answers: 0.5 ms to 10 s.
pub const LATENCY_BUCKETS_SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// On a cache line of its own, so that busy neighbours do not slow each other down.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Lonely<T>(T);

/// A number that only grows. Clones share the value. Wraps at 2⁶⁴.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    value: Arc<Lonely<AtomicU64>>,
}

impl Counter {
    /// Adds one.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Adds `amount`.
    pub fn add(&self, amount: u64) {
        self.value.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// The value now.
    pub fn get(&self) -> u64 {
        self.value.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down. Clones share the value.
#[derive(Clone, Debug, Default)]
pub struct Gauge {
    value: Arc<Lonely<AtomicI64>>,
}

impl Gauge {
    /// Adds one.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Takes one off.
    pub fn dec(&self) {
        self.add(-1);
    }

    /// Adds `amount`, which may be negative.
    pub fn add(&self, amount: i64) {
        self.value.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// Replaces the value.
    pub fn set(&self, value: i64) {
        self.value.0.store(value, Ordering::Relaxed);
    }

    /// The value now.
    pub fn get(&self) -> i64 {
        self.value.0.load(Ordering::Relaxed)
    }

    /// Adds one until the guard is dropped: right also when a future is cancelled or panics.
    pub fn track(&self) -> GaugeGuard {
        self.inc();
        GaugeGuard {
            gauge: self.clone(),
        }
    }
}

/// Takes one off its gauge when dropped. From [`Gauge::track`].
#[derive(Debug)]
#[must_use = "dropped at once it counts nothing"]
pub struct GaugeGuard {
    gauge: Gauge,
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

/// How often values fell below which bound. Clones share the values.
#[derive(Clone, Debug)]
pub struct Histogram {
    core: Arc<Core>,
}

#[derive(Debug)]
struct Core {
    bounds: Arc<[f64]>,
    /// One more than bounds: the last one is for what is above them all.
    counts: Box<[AtomicU64]>,
    /// The bits of an `f64`.
    sum: Lonely<AtomicU64>,
}

impl Histogram {
    pub(super) fn new(bounds: Arc<[f64]>) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self {
            core: Arc::new(Core {
                bounds,
                counts,
                sum: Lonely::default(),
            }),
        }
    }

    /// Counts `value`. A bound includes its own value. NaN, infinite and negative values are
    /// ignored: one of them would spoil the sum for ever.
    pub fn observe(&self, value: f64) {
        if !value.is_finite() || value < 0.0 {
            return;
        }
        let index = self.core.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.core.counts.get(index) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let add = |bits: u64| Some((f64::from_bits(bits) + value).to_bits());
        // The closure never refuses, so this is the loop that std has for it.
        let _ = self
            .core
            .sum
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Counts a duration in seconds.
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    /// The values now. While others count, the sum may be ahead of the buckets or behind.
    pub fn get(&self) -> HistogramValue {
        let bounds = self.core.bounds.iter().copied().chain([f64::INFINITY]);
        let buckets: Vec<Bucket> = bounds
            .zip(&self.core.counts)
            .map(|(upper_bound, count)| Bucket {
                upper_bound,
                count: count.load(Ordering::Relaxed),
            })
            .collect();
        HistogramValue {
            count: buckets.iter().map(|bucket| bucket.count).sum(),
            sum: f64::from_bits(self.core.sum.0.load(Ordering::Relaxed)),
            buckets,
        }
    }
}
