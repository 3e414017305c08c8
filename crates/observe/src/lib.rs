//! Metrics, log lines and W3C trace context of Plumego.

pub mod metrics;
pub mod record;
pub mod trace;
