//! Bounds how slowly a request body may come.
//!
//! A client that sends a byte now and then holds a handler, and what the handler holds, for as
//! long as it likes. Each body therefore has a budget of waiting time. Waiting for the client uses
//! it up; what arrives refills it, one second for each [`min_bytes_per_second`], never above the
//! [`grace`] it started with. So no single pause is longer than the grace, and over time no body
//! comes more slowly than the minimum. Beyond that the body ends with `408 body_timeout`, which
//! every extractor hands on.
//!
//! Only the time in which somebody wants to read and nothing is there counts: a handler that takes
//! its time between two reads is not held against the client. A body that is in memory already is
//! not touched, and no timer is set before the first wait.
//!
//! Not for routes whose clients pause on purpose, such as a stream in both directions: leave the
//! layer off their group, or set the minimum to `None`.
//!
//! ```
//! use std::time::Duration;
//! use plumego_middleware::body_deadline::{BodyDeadlineConfig, BodyDeadlineLayer};
//!
//! let mut config = BodyDeadlineConfig::default();
//! config.total = Some(Duration::from_secs(120));
//! let layer = BodyDeadlineLayer::new(config)?;
//! # Ok::<(), plumego_middleware::body_deadline::BodyDeadlineError>(())
//! ```
//!
//! [`min_bytes_per_second`]: BodyDeadlineConfig::min_bytes_per_second
//! [`grace`]: BodyDeadlineConfig::grace

mod body;
mod config;
mod layer;
mod service;

pub use self::config::{BodyDeadlineConfig, BodyDeadlineError};
pub use self::layer::BodyDeadlineLayer;
pub use self::service::BodyDeadlineService;
