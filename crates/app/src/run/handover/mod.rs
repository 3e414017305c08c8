//! Handing the sockets over to a successor.
//!
//! The successor is the same program started once more: the same path, so that a file that was
//! replaced is the new version, the same arguments, environment and directory. It inherits the
//! listening sockets, so that their queue never closes: no connection is refused while both run.
//! Only when the successor says that it is ready does this process stop accepting and drain. One
//! that ends before that, or is not ready in time, changes nothing.

mod child;
mod notify;
mod plan;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use http::StatusCode;
use plumego_component::Phase;
use plumego_contract::Error;
use tokio::signal::unix::{SignalKind, signal};

pub(crate) use self::notify::announce_failure;
pub(super) use self::notify::{announce_ready, announce_stop};
use self::plan::Plan;
use super::control::{Handle, Stop};
use super::shutdown::unless;
use crate::builder::Settings;
use crate::server::Bound;

/// Who takes over, if anybody does. Shared by all handles of an application.
#[derive(Clone, Default)]
pub(super) struct Successor(Arc<Inner>);

#[derive(Default)]
struct Inner {
    plan: Mutex<Weak<Result<Plan, String>>>,
    is_starting: AtomicBool,
    has_taken_over: AtomicBool,
}

/// What a successor needs, sockets included; they close when this is dropped.
pub(super) type Armed = Arc<Result<Plan, String>>;

impl Successor {
    /// Gets ready to start one.
    pub(super) fn arm(&self, bound: &[Bound], settings: &Settings) -> Armed {
        let armed = Arc::new(Plan::new(bound, settings.start_timeout));
        *self.0.plan.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&armed);
        armed
    }

    pub(super) fn has_taken_over(&self) -> bool {
        self.0.has_taken_over.load(Ordering::Acquire)
    }

    fn plan(&self) -> Option<Armed> {
        let plan = self.0.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.upgrade()
    }

    /// The right to start one: one at a time.
    fn begin(&self) -> Option<Starting<'_>> {
        let taken = self.0.is_starting.swap(true, Ordering::AcqRel);
        (!taken).then_some(Starting(&self.0.is_starting))
    }
}

struct Starting<'a>(&'a AtomicBool);

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Handle {
    /// Begins what SIGUSR2 begins: starts the same program once more, with the listening sockets of
    /// this one, waits until it is ready, and has this application drain then. Returns the number
    /// of the new process.
    ///
    /// The new process has the path, the arguments, the environment and the directory that this one
    /// was started with, and its standard error; its standard input is empty. While both run, both
    /// serve, and both run their components: what may run only once needs a lock of its own. Needs
    /// [`App::run`], or [`AppBuilder::inherit_sockets`].
    ///
    /// # Errors
    /// `503 handover_failed`, and everything goes on as before: the new process ended, or was not
    /// ready within [`ServerConfig::start_timeout`] and was killed; the detail has its exit status
    /// and, up to 2 KiB, the error of its [`Config`](crate::Config), [`AppBuilder::build`] or
    /// [`App::run`]. Also when a
    /// handover is running already, when the application stops or does not serve yet, when a
    /// listener came from the program ([`AppBuilder::listener`]), and in process 1, which cannot
    /// end without its container. Told to stop meanwhile, the application kills the new process
    /// and stops.
    ///
    /// # Cancel safety
    /// Dropping the future kills the new process; this one goes on.
    ///
    /// [`App::run`]: crate::App::run
    /// [`AppBuilder::build`]: crate::AppBuilder::build
    /// [`AppBuilder::inherit_sockets`]: crate::AppBuilder::inherit_sockets
    /// [`AppBuilder::listener`]: crate::AppBuilder::listener
    /// [`ServerConfig::start_timeout`]: crate::ServerConfig::start_timeout
    pub async fn hand_over(&self) -> Result<u32, Error> {
        match self.start_successor().await {
            Ok(process) => {
                tracing::info!(process, "the successor is ready, draining");
                self.successor
                    .0
                    .has_taken_over
                    .store(true, Ordering::Release);
                notify::announce_successor(process);
                self.raise(Stop::Gracefully);
                Ok(process)
            }
            Err(no) => {
                no.log();
                Err(
                    Error::custom(StatusCode::SERVICE_UNAVAILABLE, "handover_failed")
                        .with_detail(no.reason()),
                )
            }
        }
    }

    async fn start_successor(&self) -> Result<u32, No> {
        let Some(_starting) = self.successor.begin() else {
            return Err(No::Refused("a handover is running already".to_owned()));
        };
        let armed = self.successor.plan();
        let stop = self.stop.subscribe();
        if *stop.borrow() != Stop::No {
            return Err(No::Refused("the application stops already".to_owned()));
        }
        if self.phase() == Phase::Starting {
            let reason = "the application does not serve yet: ask again when it is ready";
            return Err(No::Refused(reason.to_owned()));
        }
        let (Some(armed), Phase::Ready) = (armed, self.phase()) else {
            let reason = "only an application that serves by `App::run` can be handed over";
            return Err(No::Failed(reason.to_owned()));
        };
        let plan = armed.as_ref().as_ref();
        let plan = plan.map_err(|reason| No::Failed(reason.clone()))?;
        let started = unless(&stop, Stop::Gracefully, plan.start()).await;
        started.map_or(Err(No::GivenUp), |started| started.map_err(No::Failed))
    }
}

/// Why nobody takes over.
enum No {
    /// Nothing was begun: what goes on goes on.
    Refused(String),
    /// The application was told to stop meanwhile, and stops.
    GivenUp,
    /// The application serves on.
    Failed(String),
}

impl No {
    fn reason(&self) -> String {
        match self {
            Self::Refused(reason) | Self::Failed(reason) => reason.clone(),
            Self::GivenUp => "the application was told to stop meanwhile".to_owned(),
        }
    }

    fn log(&self) {
        let reason = self.reason();
        match self {
            Self::Refused(_) => tracing::warn!(reason, "no handover begins"),
            Self::GivenUp => {
                tracing::info!(reason, "the handover was given up; this process drains");
            }
            Self::Failed(_) => {
                tracing::error!(reason, "the handover failed; this process goes on serving");
            }
        }
    }
}

/// What SIGUSR2 does: returns at once. What comes of it is in the log.
pub(super) fn request(handle: &Handle) {
    let handle = handle.clone();
    tokio::spawn(async move {
        let _ = handle.hand_over().await;
    });
}

/// SIGUSR2.
pub(super) struct Signal(tokio::signal::unix::Signal);

impl Signal {
    pub(super) fn listen() -> io::Result<Self> {
        signal(SignalKind::user_defined2()).map(Self)
    }

    pub(super) async fn recv(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
