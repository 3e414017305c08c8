//! What can be looked at of an application that runs, and the few things that can be turned.
//!
//! For a component that shows the application to its operators. What a component needs for its own
//! work it gets from [`Setup`](crate::Setup) and [`StartContext`](crate::StartContext).

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use plumego_contract::RouteInfo;
use plumego_observe::log::LiveFilter;
use plumego_observe::metrics::Metrics;
use serde::Serialize;

use crate::health::Readiness;
use crate::tasks::Tasks;

/// An application as its components may look at it. Cheap to clone.
///
/// What comes from the server ([`routes`](Self::routes), [`settings`](Self::settings) and so on) is
/// empty until the application is built, and stays so where there is no server.
#[derive(Clone)]
pub struct Inspect(Arc<Shared>);

struct Shared {
    debug: bool,
    metrics: Metrics,
    log_filter: LiveFilter,
    tasks: Tasks,
    readiness: Readiness,
    host: OnceLock<Box<dyn Host>>,
}

/// The side of the server: what it has beside the components.
pub trait Host: Send + Sync {
    /// Every route, in the order of registration.
    fn routes(&self) -> &[Arc<RouteInfo>];

    /// The layers around all routes, the outermost first.
    fn layers(&self) -> &[&'static str];

    /// What is running.
    fn build(&self) -> Build;

    /// The settings in force. No secret is in them.
    fn settings(&self) -> Vec<Setting>;

    /// Reads everything again that can be.
    fn reload(&self) -> Reloading<'_>;
}

/// The work of [`Host::reload`].
pub type Reloading<'a> = Pin<Box<dyn Future<Output = Vec<Reloaded>> + Send + 'a>>;

/// What is running.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Build {
    /// The version.
    pub version: &'static str,
    /// The commit.
    pub commit: &'static str,
    /// The time of the build.
    pub build_time: &'static str,
}

/// A setting in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name, such as `server.addr`.
    pub key: String,
    /// Its value as text; `[secret]` for a secret that is set.
    pub value: String,
    /// Where the value came from: `default`, a variable, a flag, a line of a file, or the program.
    pub origin: String,
}

/// What came of reading one source again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reloaded {
    /// The source: `config`, `tls`, or one of the program's own.
    pub source: &'static str,
    /// Whether it was taken; refused, nothing of it has changed.
    pub taken: bool,
    /// What is different now.
    pub changed: Vec<String>,
    /// What will be different when the process starts again.
    pub needs_restart: Vec<String>,
    /// What deserves a look.
    pub warnings: Vec<String>,
    /// Why it was refused.
    pub problems: Vec<String>,
}

impl Inspect {
    pub(crate) fn new(
        debug: bool,
        (metrics, log_filter): (Metrics, LiveFilter),
        tasks: Tasks,
        readiness: Readiness,
    ) -> Self {
        Self(Arc::new(Shared {
            debug,
            metrics,
            log_filter,
            tasks,
            readiness,
            host: OnceLock::new(),
        }))
    }

    /// Tells the side of the server. The first one stays. For whoever builds an application.
    pub fn set_host(&self, host: impl Host + 'static) {
        let _ = self.0.host.set(Box::new(host));
    }

    /// Whether this is a development run.
    pub fn is_debug(&self) -> bool {
        self.0.debug
    }

    /// The metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The tasks.
    pub fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// Phase, readiness and health.
    pub fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// Every route, in the order of registration.
    pub fn routes(&self) -> &[Arc<RouteInfo>] {
        self.host().map(Host::routes).unwrap_or_default()
    }

    /// The layers around all routes, the outermost first.
    pub fn layers(&self) -> &[&'static str] {
        self.host().map(Host::layers).unwrap_or_default()
    }

    /// What is running.
    pub fn build(&self) -> Build {
        self.host().map(Host::build).unwrap_or_default()
    }

    /// The settings in force. No secret is in them.
    pub fn settings(&self) -> Vec<Setting> {
        self.host().map(Host::settings).unwrap_or_default()
    }

    /// What decides on log lines; `None` when the program has a subscriber of its own.
    pub fn log_filter(&self) -> Option<&LiveFilter> {
        Some(&self.0.log_filter).filter(|filter| filter.is_in_use())
    }

    pub(crate) fn live_filter(&self) -> &LiveFilter {
        &self.0.log_filter
    }

    /// Reads everything again that can be; one at a time.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the source that was being read as it was; those before it have
    /// taken effect.
    pub async fn reload(&self) -> Vec<Reloaded> {
        match self.host() {
            Some(host) => host.reload().await,
            None => Vec::new(),
        }
    }

    fn host(&self) -> Option<&dyn Host> {
        self.0.host.get().map(Box::as_ref)
    }
}

impl fmt::Debug for Inspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspect")
            .field("debug", &self.0.debug)
            .field("built", &self.0.host.get().is_some())
            .finish_non_exhaustive()
    }
}
