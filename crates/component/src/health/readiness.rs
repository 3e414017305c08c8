//! Whether the application wants requests.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use plumego_contract::{HealthStatus, Message};
use serde::Serialize;

use super::registry::{HealthRegistry, HealthSnapshot};

/// Where an application is in its life. It only goes forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The components start.
    Starting,
    /// Requests are served.
    Ready,
    /// The application ends: requests are still served, new ones should go elsewhere.
    Draining,
    /// Nothing is served any more.
    Stopped,
}

/// Whether the application wants requests. Cheap to clone.
///
/// Three things are kept apart, and ready means all three: the [phase](Phase) that the lifecycle
/// sets, a switch that an operator or the program sets, and the health of the components that the
/// application can not do without (see [`Check::optional`](crate::Check::optional)). Asking changes
/// none of them.
///
/// ```
/// use plumego_component::{HealthRegistry, Phase, Readiness};
///
/// let readiness = Readiness::new(HealthRegistry::default());
/// assert_eq!(readiness.state().reason.as_deref(), Some("starting"));
/// readiness.advance(Phase::Ready);
/// assert!(readiness.state().ready);
///
/// readiness.set_not_ready("the index is rebuilt");
/// assert_eq!(readiness.state().reason.as_deref(), Some("the index is rebuilt"));
/// readiness.set_ready();
///
/// readiness.advance(Phase::Draining);
/// readiness.set_ready();
/// assert_eq!(readiness.state().reason.as_deref(), Some("draining connections"));
/// ```
#[derive(Debug, Clone)]
pub struct Readiness(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    phase: AtomicU8,
    handed_over: AtomicBool,
    withheld: Mutex<Option<Message>>,
    health: HealthRegistry,
}

/// Whether the application is ready, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadyState {
    /// Whether it wants requests.
    pub ready: bool,
    /// Why not.
    pub reason: Option<Message>,
    /// What the checks found last.
    pub health: HealthSnapshot,
}

impl Readiness {
    /// An application that starts.
    pub fn new(health: HealthRegistry) -> Self {
        Self(Arc::new(Inner {
            phase: AtomicU8::new(Phase::Starting as u8),
            handed_over: AtomicBool::new(false),
            withheld: Mutex::new(None),
            health,
        }))
    }

    /// Where the application is in its life.
    pub fn phase(&self) -> Phase {
        match self.0.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            2 => Phase::Draining,
            _ => Phase::Stopped,
        }
    }

    /// Goes on to a later phase; an earlier one than the present changes nothing.
    pub fn advance(&self, phase: Phase) {
        self.0.phase.fetch_max(phase as u8, Ordering::AcqRel);
    }

    /// Notes that another process has taken over, with the same sockets. What drains is not ready
    /// any more; the service is, and a probe asks for that: a balancer that asks this process on a
    /// connection of before must not take the service out.
    pub fn set_handed_over(&self) {
        self.0.handed_over.store(true, Ordering::Release);
    }

    /// Takes the application out by hand until [`set_ready`](Self::set_ready). The reason is shown
    /// by the probe; it must hold no secret.
    pub fn set_not_ready(&self, reason: impl Into<Message>) {
        self.switch(Some(reason.into()));
    }

    /// Takes back [`set_not_ready`](Self::set_not_ready). Does not make ready what starts, drains
    /// or is unhealthy.
    pub fn set_ready(&self) {
        self.switch(None);
    }

    /// Whether the application wants requests, why not, and how it fares. Runs no check.
    pub fn state(&self) -> ReadyState {
        let health = self.0.health.snapshot();
        let reason = self.reason(&health);
        ReadyState {
            ready: reason.is_none(),
            reason,
            health,
        }
    }

    fn reason(&self, health: &HealthSnapshot) -> Option<Message> {
        match self.phase() {
            Phase::Starting => return Some(Message::Borrowed("starting")),
            Phase::Ready => {}
            Phase::Draining if self.0.handed_over.load(Ordering::Acquire) => {}
            Phase::Draining => return Some(Message::Borrowed("draining connections")),
            Phase::Stopped => return Some(Message::Borrowed("stopped")),
        }
        let withheld = &self.0.withheld;
        let withheld = withheld.lock().unwrap_or_else(PoisonError::into_inner);
        if withheld.is_some() {
            return withheld.clone();
        }
        let down = health
            .components
            .iter()
            .find(|one| one.critical && one.status == HealthStatus::Unhealthy)?;
        Some(Message::Owned(format!("{} is unhealthy", down.name)))
    }

    fn switch(&self, reason: Option<Message>) {
        let withheld = &self.0.withheld;
        *withheld.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }
}
