//! The server of Plumego: bind, serve, drain, stop.

mod app;
mod builder;
mod config;
mod endpoints;
mod guards;
mod run;
mod server;

pub use self::app::App;
pub use self::builder::AppBuilder;
pub use self::config::{Config, ConfigLoader, LoadError, Loading, SERVER_KEYS, ServerConfig};
pub use self::endpoints::{BuildInfo, HealthEndpoints, MetricsEndpoint};
pub use self::guards::Guards;
pub use self::run::{Handle, Report, Running};
pub use self::server::{IntoListener, Listener, OpenRequest};
