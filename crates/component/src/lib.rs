//! Components, tasks, health and readiness: what an application is made of, without its server.
//!
//! A room of Plumego, or an extension that a third party writes, is a [`Component`]: it declares
//! routes, layers, state and health checks in `install`, starts its work in `start`, and lets go in
//! `stop`. A [`Lifecycle`] starts components in the order of their dependencies and stops them in
//! reverse. This crate knows no socket and no signal; those are the server's.
//!
//! | I want to … | look at |
//! | --- | --- |
//! | bring a part with a life of its own | [`Component`], or [`from_fn`] for one that only declares |
//! | run something beside the requests | [`Runner`], or [`StartContext::spawn`] |
//! | say how a part fares | [`Setup::health`], [`Check`] |
//! | take the application out of the load balancer | [`Readiness::set_not_ready`] |
//! | own tasks | [`Tasks`], [`StopToken`] |
//! | show something to operators | [`Setup::admin`], [`Setup::debug`] |
//! | show the application to operators | [`Setup::assemble`], [`inspect::Inspect`] |
//! | start and stop parts without a server | [`Lifecycle`] |
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! use std::time::Duration;
//! use plumego_component::{Component, Lifecycle, LifecycleConfig, Setup, StartContext};
//! use plumego_contract::Error;
//! use tokio::time::Instant;
//!
//! struct Pool;
//! impl Component for Pool {
//!     fn name(&self) -> &'static str { "pool" }
//! }
//!
//! struct Mailer;
//! impl Component for Mailer {
//!     fn name(&self) -> &'static str { "mailer" }
//!     fn dependencies(&self) -> &[&'static str] { &["pool"] }
//!     async fn start(&self, cx: StartContext) -> Result<(), Error> {
//!         cx.spawn("mailer.flush", async |stop| stop.stopped().await);
//!         Ok(())
//!     }
//! }
//!
//! let mut builder = Lifecycle::builder(LifecycleConfig::default());
//! builder.component(Mailer).component(Pool);
//! let (lifecycle, _routes) = builder.build()?;
//! assert!(lifecycle.names().eq(["pool", "mailer"]));
//!
//! lifecycle.start_all().await?;
//! let report = lifecycle.stop_all(Instant::now() + Duration::from_secs(5)).await;
//! assert!(report.is_clean());
//! # Ok::<(), Error>(()) }).unwrap();
//! ```
//!
//! Limits and defaults: 30 s for each start, one deadline for all that stops
//! ([`LifecycleConfig`]); 65,536 live tasks ([`MAX_TASKS`]); health checks every 10 s, 2 s each,
//! 8 at a time ([`HealthConfig`]), at most 1,024 of them ([`MAX_CHECKS`]).

mod component;
pub mod drawers;
pub mod health;
pub mod inspect;
pub mod lifecycle;
mod order;
mod panic;
mod setup;
mod stop;
pub mod tasks;

use std::borrow::Cow;

pub use self::component::{Component, FromFn, Runner, StartContext, StopContext, from_fn};
pub use self::drawers::{AdminDrawer, DebugDrawer, Drawers};
pub use self::health::{
    Check, ComponentHealth, HealthCheck, HealthConfig, HealthRegistry, HealthSnapshot, MAX_CHECKS,
    Phase, Readiness, ReadyState,
};
pub use self::inspect::{Host, Inspect};
pub use self::lifecycle::{
    Cause, Failure, Lifecycle, LifecycleBuilder, LifecycleConfig, PartKind, StartError, StopReport,
};
pub use self::setup::{Contributions, Observers, Setup, Viewer};
pub use self::stop::{StopSource, StopToken};
pub use self::tasks::{MAX_TASKS, TaskInfo, TaskOutput, TaskStats, Tasks};

/// The name of a component, a runner, a hook, a task or a check.
pub type Name = Cow<'static, str>;
