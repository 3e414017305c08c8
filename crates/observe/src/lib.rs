//! Metrics, log lines and W3C trace context of Plumego.
//!
//! What a service tells about itself goes through here: [`trace`] says which trace a request
//! belongs to, [`record`] is what is known when it is over, [`metrics`] and [`log`] are the two
//! places it is kept. Which of them are on, and where they lead, is the application's choice:
//! every sink is a trait.
//!
//! Nothing here spawns a task, opens a socket or is a global. Whoever owns a
//! [`log::LogWriter`] flushes it on a timer and at shutdown.
//!
//! ```
//! use plumego_observe::log::{CaptureSink, LogConfig, LogWriter};
//! use plumego_observe::metrics::Metrics;
//! use plumego_observe::record::{
//!     AccessLog, HttpMetrics, HttpMetricsConfig, RequestRecord, RequestSink,
//! };
//!
//! let lines = CaptureSink::default();
//! let writer = LogWriter::new(lines.clone(), &LogConfig::default());
//! let metrics = Metrics::default();
//! let sinks: [Box<dyn RequestSink>; 2] = [
//!     Box::new(AccessLog::new(writer.clone())),
//!     Box::new(HttpMetrics::new(&metrics, &HttpMetricsConfig::default())?),
//! ];
//!
//! let record = RequestRecord::new("GET", "/ping", 200);
//! for sink in &sinks {
//!     sink.record(&record);
//! }
//! writer.flush()?;
//! assert!(lines.text().contains(" INFO  request GET /ping 200 "));
//! assert!(metrics.encode().contains("status=\"200\"} 1\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Features: `log` adds the subscriber that writes the events of `tracing` as lines.

pub mod log;
pub mod metrics;
pub mod record;
pub mod trace;
