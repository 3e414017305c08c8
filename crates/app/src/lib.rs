//! The server of Plumego: bind, serve, drain, stop.

pub mod server;

mod config;
mod endpoints;

pub use self::config::{Config, ConfigLoader, LoadError, Loading, SERVER_KEYS, ServerConfig};
pub use self::endpoints::{BuildInfo, HealthEndpoints, MetricsEndpoint};
