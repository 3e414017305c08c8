//! Counters, gauges and histograms with declared labels, a cap on series, and their exposition
//! as OpenMetrics text.
//!
//! Not for events with high cardinality (one series per user or per path): that is what the log
//! is for. A series that is over the cap is counted, not kept.
//!
//! ```
//! use plumego_observe::metrics::Metrics;
//!
//! let metrics = Metrics::default();
//! let jobs = metrics.counter_family("jobs", "Jobs that were run.", &["queue", "result"])?;
//! // Resolve a handle once and keep it: updating it takes no lock and no lookup.
//! let done = jobs.with(&["mail", "done"]);
//! done.inc();
//!
//! assert!(metrics.encode().contains("jobs_total{queue=\"mail\",result=\"done\"} 1\n"));
//! # Ok::<(), plumego_observe::metrics::MetricError>(())
//! ```
//!
//! Limits and defaults:
//!
//! - 10,000 series ([`MetricsConfig::max_series`]). Beyond, each new label set gets the hidden
//!   overflow handle of its family and adds one to `plumego_metrics_dropped_series_total`.
//!   Refused label sets are not remembered, so memory stays flat.
//! - 1,000 families; 16 labels a family; 64 buckets a histogram; names of 128 bytes; label
//!   values of 256 bytes, longer ones are cut. Beyond the first four: a [`MetricError`].
//!
//! Nothing here is a global: two [`Metrics`] in one process know nothing of each other.

mod encode;
mod error;
mod family;
mod name;
mod process;
mod registry;
mod snapshot;
mod value;

pub use encode::CONTENT_TYPE;
pub use error::MetricError;
pub use family::{CounterFamily, Family, GaugeFamily, HistogramFamily, Instrument};
pub use registry::{Metrics, MetricsConfig};
pub use snapshot::{Bucket, FamilySnapshot, HistogramValue, Kind, Sample, Snapshot, Unit, Value};
pub use value::{Counter, Gauge, GaugeGuard, Histogram, LATENCY_BUCKETS_SECONDS};
