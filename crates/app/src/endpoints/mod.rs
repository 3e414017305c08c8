//! What an operator asks an application: does it live, is it ready, what is it, how does it fare.
//!
//! | route | answers |
//! | --- | --- |
//! | `GET /health/live` | 200 while the process serves anything, also while it drains |
//! | `GET /health/ready` | 200 or 503: wants requests or not, why not, every component's health |
//! | `GET /health/components/{name}` | 200 or 503: the health of one component; 404 without one |
//! | `GET /health/build` | version, commit, build time |
//! | `GET /metrics` | the metrics as OpenMetrics text |
//!
//! The routes are [operational](plumego_contract::RouteInfo::operational): limits let them pass. A
//! probe reads what the background checks found last and runs none of them. Nothing internal is in
//! an answer: the error of a check is in the log alone.
//!
//! Not behind any guard: keep them from the public at the proxy, or switch them off and serve them
//! on an address of their own.

mod build;
mod health;
mod metrics;

pub use self::build::BuildInfo;
pub use self::health::HealthEndpoints;
pub use self::metrics::MetricsEndpoint;
