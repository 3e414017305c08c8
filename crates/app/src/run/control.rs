//! Ending an application from outside.

use std::fmt;

use plumego_component::{Lifecycle, Phase, Readiness};
use plumego_contract::Message;
use tokio::sync::watch;

use super::handover::Successor;
use crate::reload::{ReloadReport, Reloader, Trigger};

/// What an application was told. It only goes forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stop {
    No,
    /// Answer what is open, then stop.
    Gracefully,
    /// Stop.
    Now,
}

/// The receiving end of all handles of an application.
pub(crate) struct Control {
    stop: watch::Sender<Stop>,
    readiness: Readiness,
    reloader: Reloader,
    successor: Successor,
}

impl Control {
    pub(crate) fn new(lifecycle: &Lifecycle, reloader: Reloader) -> Self {
        Self {
            stop: watch::Sender::new(Stop::No),
            readiness: lifecycle.readiness().clone(),
            reloader,
            successor: Successor::default(),
        }
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle {
            stop: self.stop.clone(),
            readiness: self.readiness.clone(),
            reloader: self.reloader.clone(),
            successor: self.successor.clone(),
        }
    }

    pub(super) fn reloader(&self) -> &Reloader {
        &self.reloader
    }

    /// Who takes over, if anybody does.
    pub(super) fn successor(&self) -> &Successor {
        &self.successor
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Stop> {
        self.stop.subscribe()
    }
}

/// Ends an application and says whether it wants requests. Cheap to clone.
///
/// It may be taken before the application starts; told to end before that, the application ends as
/// soon as it does.
#[derive(Clone)]
pub struct Handle {
    pub(super) stop: watch::Sender<Stop>,
    pub(super) readiness: Readiness,
    reloader: Reloader,
    pub(super) successor: Successor,
}

impl Handle {
    /// Begins what a first SIGTERM begins: not ready, drain, stop. Returns at once; the end is the
    /// return of [`Running::wait`](crate::Running::wait).
    pub fn shutdown(&self) {
        self.raise(Stop::Gracefully);
    }

    /// Ends everything now: open requests are cut, and what stops gets no time.
    pub fn shutdown_now(&self) {
        self.raise(Stop::Now);
    }

    /// Takes back [`set_not_ready`](Self::set_not_ready).
    pub fn set_ready(&self) {
        self.readiness.set_ready();
    }

    /// Has the readiness probe answer 503 until [`set_ready`](Self::set_ready). Requests are served
    /// as before. The reason is shown by the probe; it must hold no secret.
    pub fn set_not_ready(&self, reason: impl Into<Message>) {
        self.readiness.set_not_ready(reason);
    }

    /// Where the application is in its life.
    pub fn phase(&self) -> Phase {
        self.readiness.phase()
    }

    /// Has everything that can be read again be read now, as SIGHUP does; see
    /// [`Reload`](crate::Reload). It may be called at any time, also before the start. What came of
    /// it is logged and counted as well.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the source that was being read as it was; those before it have
    /// taken effect.
    #[doc(alias = "ReloadWithValidation")]
    pub async fn reload(&self) -> ReloadReport {
        self.reloader.reload_all(Trigger::Call).await
    }

    /// What a signal does: returns at once.
    pub(super) fn request_reload(&self) {
        self.reloader.request();
    }

    pub(super) fn raise(&self, to: Stop) {
        self.stop.send_if_modified(|stop| {
            let later = to > *stop;
            if later {
                *stop = to;
            }
            later
        });
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("phase", &self.phase())
            .finish_non_exhaustive()
    }
}
