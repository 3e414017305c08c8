//! Log lines: one format for the access log and the application's log, written in batches off
//! the request path.
//!
//! One record is one line, whatever is in it: control characters, quotes, line separators and
//! bytes that are not UTF-8 are escaped, so a client cannot forge a record.
//!
//! A line goes into a buffer in memory. [`LogWriter::flush`] writes the buffers to the
//! [`LogSink`]; the application calls it on a timer, when [`LogWriter::wants_flush`] says so, and
//! at shutdown. What is in the buffers when the process is killed is lost. Nothing here spawns a
//! thread or a task.
//!
//! ```
//! use plumego_observe::log::{CaptureSink, LogConfig, LogFormat, LogWriter};
//! use tracing::Level;
//!
//! let sink = CaptureSink::default();
//! let mut config = LogConfig::default();
//! config.format = LogFormat::Json;
//! let writer = LogWriter::new(sink.clone(), &config);
//! writer.log(Level::INFO, "shop", "ready\nor not", &[("port", &8080)]);
//! writer.flush()?;
//! assert!(sink.text().ends_with(
//!     "\"level\":\"info\",\"target\":\"shop\",\"msg\":\"ready\\nor not\",\
//!      \"fields\":{\"port\":\"8080\"}}\n"
//! ));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Limits and defaults: see [`LogConfig`]. With the feature `log` the function `subscriber`
//! writes the events of `tracing` as such lines.

mod append;
mod buffer;
mod escape;
mod filter;
mod line;
mod live;
mod rotate;
mod sink;
#[cfg(feature = "log")]
mod subscriber;
mod writer;

pub use filter::{LogFilter, LogFilterError};
pub use live::LiveFilter;
pub use rotate::{RotatingFileSink, Rotation};
pub use sink::{CaptureSink, FileSink, LogSink, StderrSink, StdoutSink};
#[cfg(feature = "log")]
pub use subscriber::{install, subscriber, traced_subscriber};
pub use writer::{LogConfig, LogFormat, LogWriter};

pub(crate) use escape::{push_bare, push_escaped};
pub(crate) use line::{level_json, level_pretty};
