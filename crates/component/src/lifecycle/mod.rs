//! Starting and stopping an application, without its sockets.
//!
//! A server binds, calls [`Lifecycle::start_all`], serves, drains, and calls
//! [`Lifecycle::stop_all`].
//!
//! ```text
//! start   components, dependencies first → runners, as added → one round of health checks
//! stop    tasks of requests → runners, in reverse → components, in reverse → hooks, in reverse
//!         → whatever task is left
//! ```
//!
//! The tasks of a component or runner are told to end when its `stop` has returned, and awaited
//! before the next one stops; what does not end in time is aborted and reported. Nothing is started
//! or stopped twice, however often and from however many sides it is asked.
//!
//! Limits and defaults: 30 s for each start. One deadline for all that stops: a step may take what
//! is left but 100 ms for each step behind it, so that one that hangs leaves time for the others;
//! beyond the deadline a step still gets 10 ms to be told.

mod builder;
mod part;
mod report;
mod steps;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plumego_contract::Health;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use self::builder::LifecycleBuilder;
pub(crate) use self::part::Hook;
use self::part::Part;
pub use self::part::PartKind;
pub use self::report::{Cause, Failure, StartError, StopReport};
use self::steps::Steps;
use crate::component::StartContext;
use crate::health::{HealthConfig, HealthRegistry, Readiness};
use crate::inspect::Inspect;
use crate::stop::after;
use crate::tasks::{MAX_TASKS, Tasks};

/// The time that aborted tasks get to be dropped in, after the deadline.
const ABORT_GRACE: Duration = Duration::from_millis(100);

/// Bounds of a lifecycle.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LifecycleConfig {
    /// The time for each component and each runner to start. Default: 30 s.
    pub start_timeout: Duration,
    /// The time for everything to stop again after a start has failed. Default: 5 s.
    pub unwind_timeout: Duration,
    /// The most live tasks, of requests and components together; more are refused.
    /// Default: 65,536.
    pub max_tasks: usize,
    /// When health checks run.
    pub health: HealthConfig,
}

impl Default for LifecycleConfig {
    fn default() -> Self {
        Self {
            start_timeout: Duration::from_secs(30),
            unwind_timeout: Duration::from_secs(5),
            max_tasks: MAX_TASKS,
            health: HealthConfig::default(),
        }
    }
}

/// Starts and stops the components, runners and hooks of an application. Cheap to clone.
#[derive(Clone)]
pub struct Lifecycle(Arc<Inner>);

struct Inner {
    config: LifecycleConfig,
    tasks: Tasks,
    requests: Tasks,
    /// The loop of the health checks.
    checks: Tasks,
    health: HealthRegistry,
    readiness: Readiness,
    inspect: Inspect,
    /// Components in the order they start, then runners.
    parts: Vec<Part>,
    progress: Mutex<Progress>,
    /// Fires when somebody wants everything stopped: a start on its way gives up.
    stopping: CancellationToken,
    /// Held by whoever starts or stops; whether a start was ever begun.
    turn: tokio::sync::Mutex<bool>,
    report: OnceCell<StopReport>,
}

/// What has started, what is left to do at the end, and what stopping came to so far. Kept outside
/// of the futures, so that a stop that is dropped half way can be taken up again.
#[derive(Default)]
struct Progress {
    started: Vec<usize>,
    hooks: Vec<Hook>,
    report: StopReport,
}

impl Lifecycle {
    /// Components, runners and hooks are added to this.
    pub fn builder(config: LifecycleConfig) -> LifecycleBuilder {
        LifecycleBuilder::new(config)
    }

    /// The names of components and runners in the order they start.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.parts.iter().map(|part| &*part.name)
    }

    /// The tasks of the application.
    pub fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// The group for tasks that outlive their request.
    pub fn request_tasks(&self) -> &Tasks {
        &self.0.requests
    }

    /// The health of the application.
    pub fn health(&self) -> &HealthRegistry {
        &self.0.health
    }

    /// The readiness of the application. The lifecycle does not change it: whoever serves knows
    /// when requests are welcome.
    pub fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// The application as its components look at it.
    pub fn inspect(&self) -> &Inspect {
        &self.0.inspect
    }

    /// Starts everything, one after the other, and runs every health check once.
    ///
    /// # Errors
    /// The first start that failed, panicked or took longer than
    /// [`start_timeout`](LifecycleConfig::start_timeout); what had started is stopped again, hooks
    /// included. Also when it is called a second time, or after a stop.
    ///
    /// # Cancel safety
    /// Cancel safe: the start on its way is dropped; call [`stop_all`](Self::stop_all) afterwards.
    pub async fn start_all(&self) -> Result<(), StartError> {
        let failure = {
            let mut begun = self.0.turn.lock().await;
            if std::mem::replace(&mut *begun, true) {
                return Err(refused());
            }
            match self.start_parts().await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            }
        };
        // Who told to stop gets the report.
        let report = if failure.cause == Cause::Interrupted {
            StopReport::default()
        } else {
            tracing::error!(%failure, "a start failed; stopping what had started");
            self.stop_all(after(self.0.config.unwind_timeout)).await
        };
        Err(StartError { failure, report })
    }

    /// Stops everything that has started, in reverse, then runs the hooks. All share the deadline;
    /// it is passed by 10 ms for each step that hangs, and a moment to drop aborted tasks in.
    ///
    /// A start on its way is given up first. Asked again, it waits for the first call and answers
    /// the same report; the deadline is that of the first. Without a start before, only the hooks
    /// run.
    ///
    /// # Cancel safety
    /// Cancel safe: the step on its way is given up; a later call goes on with the next.
    pub async fn stop_all(&self, deadline: Instant) -> StopReport {
        self.0.stopping.cancel();
        let report = self.0.report.get_or_init(|| self.stop_parts(deadline));
        report.await.clone()
    }

    async fn start_parts(&self) -> Result<(), Failure> {
        for (place, part) in self.0.parts.iter().enumerate() {
            if let Err(cause) = self.start_part(part).await {
                part.tasks.stop();
                return Err(Failure {
                    kind: part.kind,
                    name: part.name.clone(),
                    cause,
                });
            }
            self.progress().started.push(place);
            if part.reported {
                self.0.health.report(&part.name, Health::healthy());
            }
            tracing::debug!(kind = part.kind.as_str(), name = %part.name, "started");
        }
        tokio::select! {
            biased;
            () = self.0.stopping.cancelled() => {}
            () = self.0.health.run_checks() => {}
        }
        let health = self.0.health.clone();
        let checks = &self.0.checks;
        checks.spawn_until("health.checks", |stop| health.run(stop));
        Ok(())
    }

    async fn start_part(&self, part: &Part) -> Result<(), Cause> {
        let time = self.0.config.start_timeout;
        let deadline = after(time);
        let cx = StartContext::new(part.tasks.clone(), deadline);
        let work = Arc::clone(&part.work).start(cx);
        tokio::select! {
            biased;
            () = self.0.stopping.cancelled() => Err(Cause::Interrupted),
            result = steps::guarded(work, time, deadline) => result,
        }
    }

    async fn stop_parts(&self, deadline: Instant) -> StopReport {
        // Whoever starts sees `stopping` and lets go at once.
        let _turn = {
            let mut begun = self.0.turn.lock().await;
            *begun = true;
            begun
        };
        // What is being stopped is no news.
        self.0.checks.stop();
        Steps::new(&self.0, deadline).run().await;
        let report = std::mem::take(&mut self.progress().report);
        if !report.is_clean() {
            tracing::warn!("{report}");
        }
        report
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.progress()
    }
}

impl Inner {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().collect();
        f.debug_struct("Lifecycle")
            .field("names", &names)
            .finish_non_exhaustive()
    }
}

fn refused() -> StartError {
    StartError {
        failure: Failure {
            kind: PartKind::Component,
            name: "all".into(),
            cause: Cause::Error("the application was started or stopped before".into()),
        },
        report: StopReport::default(),
    }
}
