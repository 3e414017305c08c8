//! Stopping, step by step, within one deadline.

use std::sync::Arc;
use std::time::Duration;

use plumego_contract::{Error, Health};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::part::{Hook, Part, PartKind};
use super::report::{Cause, Failure};
use super::{ABORT_GRACE, Inner};
use crate::Name;
use crate::component::StopContext;
use crate::panic::catch;
use crate::tasks::Tasks;

/// What each step behind the present one keeps of the time.
const RESERVE: Duration = Duration::from_millis(100);

/// What each step gets at least, also beyond the deadline: enough to be told.
const LEAST: Duration = Duration::from_millis(10);

/// Runs somebody's start, stop or hook as a task of its own, so that one that blocks its thread
/// cannot keep the deadline from passing.
pub(super) async fn guarded(
    work: impl Future<Output = Result<(), Error>> + Send + 'static,
    time: Duration,
    deadline: Instant,
) -> Result<(), Cause> {
    let task = AbortOnDropHandle::new(tokio::spawn(catch(work)));
    match tokio::time::timeout_at(deadline, task).await {
        Ok(Ok(Ok(result))) => result.map_err(|error| Cause::error(&error)),
        Ok(Ok(Err(panic))) => Err(Cause::Panic(panic)),
        // The runtime ends.
        Ok(Err(_)) => Err(Cause::Interrupted),
        Err(_) => Err(Cause::timeout(time)),
    }
}

/// The steps of a stop that are left, and the time for them.
pub(super) struct Steps<'a> {
    inner: &'a Inner,
    deadline: Instant,
}

impl<'a> Steps<'a> {
    pub(super) fn new(inner: &'a Inner, deadline: Instant) -> Self {
        Self { inner, deadline }
    }

    pub(super) async fn run(self) {
        self.end_tasks(&self.inner.requests).await;
        for part in self.never_started() {
            // A start that failed or was given up may have left tasks.
            part.tasks.stop();
            self.end_tasks(&part.tasks).await;
        }
        while let Some(place) = self.next_started() {
            if let Some(part) = self.inner.parts.get(place) {
                self.stop_part(part).await;
            }
        }
        while let Some(hook) = self.next_hook() {
            self.run_hook(hook).await;
        }
        self.inner.tasks.stop();
        self.end_tasks(&self.inner.tasks).await;
    }

    async fn stop_part(&self, part: &Part) {
        let (time, until) = self.share();
        let work = Arc::clone(&part.work).stop(StopContext::new(until));
        let result = guarded(work, time, until).await;
        if part.reported {
            let health = &self.inner.health;
            health.report(&part.name, Health::unhealthy("stopped"));
        }
        match result {
            Ok(()) => {
                tracing::debug!(kind = part.kind.as_str(), name = %part.name, "stopped");
            }
            Err(cause) => self.note(part.kind, &part.name, cause),
        }
        part.tasks.stop();
        self.end_tasks(&part.tasks).await;
    }

    async fn run_hook(&self, hook: Hook) {
        let (time, until) = self.share();
        if let Err(cause) = guarded((hook.run)(), time, until).await {
            self.note(PartKind::Hook, &hook.name, cause);
        }
    }

    /// Waits for the tasks within a share of the time, then aborts what is left.
    async fn end_tasks(&self, tasks: &Tasks) {
        let (_, until) = self.share();
        let left = tasks.join(until).await;
        if left.is_empty() {
            return;
        }
        tasks.abort_all();
        self.inner.progress().report.leftover_tasks.extend(left);
        tasks.join(Instant::now() + ABORT_GRACE).await;
    }

    /// The time for the next step, and when it is over: all that is left but [`RESERVE`] for each
    /// step behind it; an equal share when that is more.
    fn share(&self) -> (Duration, Instant) {
        let now = Instant::now();
        let left = self.deadline.saturating_duration_since(now);
        let behind = self.behind();
        let unreserved = left.saturating_sub(RESERVE.saturating_mul(behind));
        let time = unreserved.max(left / (behind + 1)).max(LEAST);
        (time, now + time)
    }

    /// How many steps come after the one that is about to be made, about: each part that has
    /// started is its stop and its tasks.
    fn behind(&self) -> u32 {
        let progress = self.inner.progress();
        let steps = 2 * progress.started.len() + progress.hooks.len() + 1;
        u32::try_from(steps).unwrap_or(u32::MAX - 1)
    }

    fn never_started(&self) -> Vec<&'a Part> {
        let progress = self.inner.progress();
        let parts = self.inner.parts.iter().enumerate().rev();
        parts
            .filter(|(place, _)| !progress.started.contains(place))
            .map(|(_, part)| part)
            .collect()
    }

    fn note(&self, kind: PartKind, name: &Name, cause: Cause) {
        let name = name.clone();
        let failure = Failure { kind, name, cause };
        self.inner.progress().report.failures.push(failure);
    }

    // Each is taken off the list before it runs: at most once, even when this future is dropped.
    fn next_started(&self) -> Option<usize> {
        self.inner.progress().started.pop()
    }

    fn next_hook(&self) -> Option<Hook> {
        self.inner.progress().hooks.pop()
    }
}
