//! The checks of an application and what they found last.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use plumego_contract::{Health, HealthStatus, Problem};
use plumego_stdx::Timestamp;
use serde::Serialize;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::task::AbortOnDropHandle;

use super::check::{Check, Finding};
use crate::Name;
use crate::panic::catch;
use crate::stop::{StopToken, after};

/// The most entries of one registry.
pub const MAX_CHECKS: usize = 1024;

/// The longest message that is kept, in bytes; the rest is cut off.
const MAX_MESSAGE_BYTES: usize = 512;

const NOT_CHECKED: &str = "not checked yet";
const FAILED: &str = "the check failed; see the log";
const TOO_LATE: &str = "the check did not answer in time";

/// When the checks run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthConfig {
    /// The time from one round of checks to the next. Default: 10 s.
    pub interval: Duration,
    /// The time for one answer, unless the check says otherwise. Default: 2 s.
    pub timeout: Duration,
    /// The most checks that run at the same time, at least 1. Default: 8.
    pub concurrency: usize,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(2),
            concurrency: 8,
        }
    }
}

/// The checks of an application and what they found last. Cheap to clone.
#[derive(Clone)]
pub struct HealthRegistry(Arc<Inner>);

struct Inner {
    config: HealthConfig,
    entries: RwLock<Vec<Arc<Entry>>>,
}

struct Entry {
    name: Name,
    /// Nothing to ask: what was reported stands.
    check: Option<Check>,
    record: Mutex<Record>,
}

struct Record {
    health: Health,
    checked_at: Option<Timestamp>,
    checked: Option<Instant>,
    took: Duration,
    /// The check that was given up but has not ended: it blocks its thread.
    stuck: Option<AbortHandle>,
}

/// How the application fared when its checks ran last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HealthSnapshot {
    /// The worst of all components; an optional one makes it `degraded` at most.
    pub status: HealthStatus,
    /// Every component, in the order they were registered.
    pub components: Vec<ComponentHealth>,
}

/// How a component fared when its check ran last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ComponentHealth {
    /// The name of the component, or `component.check`.
    pub name: Name,
    /// The status.
    pub status: HealthStatus,
    /// A line for the operator. Never the text of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether the application can not do without it.
    pub critical: bool,
    /// When it was found out; `None` before the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
    /// How long the check took, in milliseconds.
    pub duration_ms: u64,
    /// Whether it is older than three rounds of checks: the status may be wrong by now.
    #[serde(skip_serializing_if = "is_false")]
    pub stale: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !value
}

impl HealthRegistry {
    /// A registry without checks: healthy.
    pub fn new(config: HealthConfig) -> Self {
        Self(Arc::new(Inner {
            config,
            entries: RwLock::default(),
        }))
    }

    /// Adds a check of a component. Until it ran for the first time it is unhealthy.
    ///
    /// # Errors
    /// A [`Problem`] when the name is there already, or the registry holds [`MAX_CHECKS`].
    pub fn register(&self, component: &'static str, check: Check) -> Result<(), Problem> {
        let name = match check.name {
            Some(check) => Name::from(format!("{component}.{check}")),
            None => Name::from(component),
        };
        self.add(name, Some(check))
    }

    /// Adds a component that is not asked but [reported](Self::report). Until then it is
    /// unhealthy.
    ///
    /// # Errors
    /// As with [`register`](Self::register).
    pub fn register_reported(&self, component: impl Into<Name>) -> Result<(), Problem> {
        self.add(component.into(), None)
    }

    /// Sets how a component fares that is not asked. Answers whether there is such a component.
    pub fn report(&self, component: &str, health: Health) -> bool {
        let entries = self.entries();
        let entry = entries
            .iter()
            .find(|entry| entry.name == component && entry.check.is_none());
        if let Some(entry) = entry {
            entry.note(health, Duration::ZERO, None);
        }
        entry.is_some()
    }

    /// What the checks found last. Runs none of them and waits for none of them.
    pub fn snapshot(&self) -> HealthSnapshot {
        let old = self.0.config.interval.saturating_mul(3);
        let entries = self.entries();
        let components: Vec<_> = entries.iter().map(|entry| entry.show(old)).collect();
        let counted = components.iter().map(|component| match component.status {
            HealthStatus::Unhealthy if !component.critical => HealthStatus::Degraded,
            status => status,
        });
        HealthSnapshot {
            status: counted.max().unwrap_or_default(),
            components,
        }
    }

    /// Runs every check once and waits for the answers, each no longer than its timeout.
    ///
    /// # Cancel safety
    /// Cancel safe: the answers that came stand, checks on their way are given up.
    pub async fn run_checks(&self) {
        let mut running = JoinSet::new();
        for entry in self.entries() {
            let Some(check) = entry.check.clone() else {
                continue;
            };
            if running.len() >= self.0.config.concurrency.max(1) {
                running.join_next().await;
            }
            let timeout = check.timeout.unwrap_or(self.0.config.timeout);
            running.spawn(async move { entry.ask(&check, timeout).await });
        }
        while running.join_next().await.is_some() {}
    }

    /// Runs the checks every interval, until told to stop. The first round is one interval from
    /// now.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn run(self, stop: StopToken) {
        let interval = self.0.config.interval.max(Duration::from_millis(1));
        let mut ticks = tokio::time::interval_at(after(interval), interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run(ticks.tick()).await.is_some() {
            if stop.run(self.run_checks()).await.is_none() {
                break;
            }
        }
    }

    fn add(&self, name: Name, check: Option<Check>) -> Result<(), Problem> {
        let entries = &self.0.entries;
        let mut entries = entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.iter().any(|entry| entry.name == name) {
            return Err(Problem::new(format!(
                "there are two health checks `{name}`: tell them apart with `Check::named`"
            )));
        }
        if entries.len() >= MAX_CHECKS {
            return Err(Problem::new(format!(
                "health check `{name}` is one more than the {MAX_CHECKS} there may be"
            )));
        }
        entries.push(Arc::new(Entry {
            name,
            check,
            record: Mutex::new(Record {
                health: Health::unhealthy(NOT_CHECKED),
                checked_at: None,
                checked: None,
                took: Duration::ZERO,
                stuck: None,
            }),
        }));
        Ok(())
    }

    fn entries(&self) -> Vec<Arc<Entry>> {
        let entries = &self.0.entries;
        entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Default for HealthRegistry {
    fn default() -> Self {
        Self::new(HealthConfig::default())
    }
}

impl fmt::Debug for HealthRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.entries().into_iter().map(|entry| entry.name.clone());
        f.debug_list().entries(names).finish()
    }
}

impl Entry {
    async fn ask(&self, check: &Check, timeout: Duration) {
        if self
            .record()
            .stuck
            .as_ref()
            .is_some_and(|last| !last.is_finished())
        {
            // Asking again would block one thread more.
            self.note(Health::unhealthy(TOO_LATE), timeout, None);
            return;
        }
        let begin = Instant::now();
        let mut answer = AbortOnDropHandle::new(tokio::spawn(catch((check.ask)())));
        let answered = tokio::time::timeout(timeout, &mut answer).await;
        let took = begin.elapsed();
        let (health, why) = match answered {
            Ok(Ok(Ok(finding))) => read(finding),
            Ok(Ok(Err(panic))) => (Health::unhealthy(FAILED), Some(format!("panic: {panic}"))),
            // The runtime ends.
            Ok(Err(_)) => return,
            Err(_) => (Health::unhealthy(TOO_LATE), None),
        };
        answer.abort();
        self.record().stuck = (!answer.is_finished()).then(|| answer.abort_handle());
        self.note(health, took, why);
    }

    fn note(&self, mut health: Health, took: Duration, why: Option<String>) {
        if let Some(message) = &mut health.message {
            message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
        }
        let mut record = self.record();
        let was = record.health.status;
        let first = record.checked.is_none();
        let (status, message) = (health.status, health.message.clone());
        record.health = health;
        record.checked_at = Some(Timestamp::now());
        record.checked = Some(Instant::now());
        record.took = took;
        drop(record);

        if self.check.is_none() {
            // The lifecycle, which reports this, has lines of its own.
            return;
        }
        let check = &*self.name;
        let why = why.or(message);
        if status == HealthStatus::Healthy {
            if !first && was != status {
                tracing::info!(check, "healthy again");
            }
        } else if first || was != status {
            tracing::warn!(check, %status, why, "health changed");
        } else {
            tracing::debug!(check, %status, why, "health unchanged");
        }
    }

    fn show(&self, old: Duration) -> ComponentHealth {
        let record = self.record();
        ComponentHealth {
            name: self.name.clone(),
            status: record.health.status,
            message: record.health.message.clone(),
            critical: self.check.as_ref().is_none_or(|check| check.critical),
            checked_at: record.checked_at,
            duration_ms: u64::try_from(record.took.as_millis()).unwrap_or(u64::MAX),
            stale: self.check.is_some()
                && record
                    .checked
                    .is_some_and(|checked| checked.elapsed() > old),
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(finding: Finding) -> (Health, Option<String>) {
    match finding {
        Ok(health) => (health, None),
        Err(error) => {
            let mut why = error.to_string();
            let mut cause = error.source();
            while let Some(inner) = cause {
                why.push_str(": ");
                why.push_str(&inner.to_string());
                cause = inner.source();
            }
            (Health::unhealthy(FAILED), Some(why))
        }
    }
}
