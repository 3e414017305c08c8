//! How the application fares: checks that run in the background, and what they found last.
//!
//! A probe reads what is there and never runs a check, so it costs the same however slow, broken or
//! many the checks are. The checks run every [`HealthConfig::interval`], and once before the
//! application is ready.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! use plumego_component::{Check, HealthConfig, HealthRegistry};
//! use plumego_contract::{HealthStatus, Problem};
//!
//! let registry = HealthRegistry::new(HealthConfig::default());
//! registry.register("db", Check::new(async || Err::<(), _>("password=hunter2 refused")))?;
//! registry.run_checks().await;
//!
//! let now = registry.snapshot();
//! assert_eq!(now.status, HealthStatus::Unhealthy);
//! assert_eq!(now.components[0].message.as_deref(), Some("the check failed; see the log"));
//! # Ok::<(), Problem>(()) }).unwrap();
//! ```

mod check;
mod readiness;
mod registry;

pub use self::check::{Check, CheckAnswer, HealthCheck};
pub use self::readiness::{Phase, Readiness, ReadyState};
pub use self::registry::{
    ComponentHealth, HealthConfig, HealthRegistry, HealthSnapshot, MAX_CHECKS,
};
