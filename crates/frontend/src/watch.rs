//! What is counted of the files in memory.

use plumego_observe::metrics::{Counter, Gauge, MetricError, Metrics};

/// The metrics of one site.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) evictions: Counter,
    pub(crate) bytes: Gauge,
    pub(crate) entries: Gauge,
}

impl Watch {
    pub(crate) fn new(metrics: &Metrics, site: &str) -> Result<Self, MetricError> {
        let counter = |name: &str, help: &str| {
            let family = metrics.counter_family(name, help, &["site"]);
            family.map(|family| family.with(&[site]))
        };
        let gauge = |name: &str, help: &str| {
            let family = metrics.gauge_family(name, help, &["site"]);
            family.map(|family| family.with(&[site]))
        };
        Ok(Self {
            hits: counter(
                "frontend_cache_hits",
                "Files that were remembered when they were asked for.",
            )?,
            misses: counter(
                "frontend_cache_misses",
                "Names that were looked for on disk, found or not.",
            )?,
            evictions: counter(
                "frontend_cache_evictions",
                "Files that were forgotten to make room for others.",
            )?,
            bytes: gauge(
                "frontend_cache_bytes",
                "Memory that files on disk take, with what is compressed of them.",
            )?,
            entries: gauge("frontend_cache_entries", "Files that are remembered.")?,
        })
    }
}
