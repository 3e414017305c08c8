//! Bounds how many requests run at once.
//!
//! A request takes one of a fixed number of slots. When all are taken it waits in a queue, first
//! come first served, for a short time. The answer is `503 server_busy` when the queue is full and
//! `503 server_queue_timeout` when the wait is over, both with `Retry-After`.
//!
//! A slot is held until the head of the response is there. A body that is in memory by then costs
//! nothing more; one that is streamed (a download, server-sent events) may last for hours, so it
//! holds no slot. What bounds streams is the number of connections. The time of reading the
//! request body in the handler is within.
//!
//! A client that goes away while it waits leaves the queue: the server drops the future, and with
//! it the place. Operational routes (health, metrics) neither take a slot nor wait.
//!
//! Taking a free slot is one atomic operation; nothing is allocated unless a request has to wait.
//!
//! ```
//! use std::time::Duration;
//! use plumego_middleware::concurrency_limit::{ConcurrencyLimitConfig, ConcurrencyLimitLayer};
//!
//! let mut config = ConcurrencyLimitConfig::default();
//! config.max_concurrent = 64;
//! config.max_queued = 128;
//! config.max_wait = Duration::from_millis(100);
//! let layer = ConcurrencyLimitLayer::new(config)?;
//! assert_eq!(layer.stats().running, 0);
//! # Ok::<(), plumego_middleware::concurrency_limit::ConcurrencyLimitError>(())
//! ```
//!
//! # Limits and defaults
//!
//! 256 at once, 512 waiting, for 250 ms at most.

mod config;
mod gate;
mod layer;
mod service;

pub use self::config::{ConcurrencyLimitConfig, ConcurrencyLimitError};
pub use self::gate::ConcurrencyStats;
pub use self::layer::ConcurrencyLimitLayer;
pub use self::service::{ConcurrencyLimitFuture, ConcurrencyLimitService};
