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
//! A slot is also held while the body of the request is waited for, and how long that takes is up
//! to the client. So that nobody takes all slots by sending bodies slowly, a client has a share of
//! them to wait with: a request counts from the first time its body is waited for until the body
//! has ended or the slot is given back. Beyond the share the body ends with `503 server_busy` and
//! `Retry-After`, which every extractor hands on. A request whose body is there, or that nobody
//! reads, does not count. A client is what it is to the
//! [abuse guard](crate::rate_limit#who-a-client-is): its address, or its IPv6 /64; those without an
//! address share one share.
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
//! | what | default | bound |
//! | --- | --- | --- |
//! | requests at once | 256 | 1 to 1,000,000 |
//! | requests that wait for a slot | 512 | 0 to 1,000,000 |
//! | how long they wait | 250 ms | up to 1 min |
//! | slots of one client whose body is waited for | 64 | 1 to 1,000,000, or unlimited; three quarters of all |

mod body;
mod config;
mod gate;
mod layer;
mod service;
mod spare;
mod waits;

pub use self::config::{ConcurrencyLimitConfig, ConcurrencyLimitError};
pub use self::gate::ConcurrencyStats;
pub(crate) use self::gate::{Gate, Slot};
pub use self::layer::ConcurrencyLimitLayer;
pub use self::service::{ConcurrencyLimitFuture, ConcurrencyLimitService};
