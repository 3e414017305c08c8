//! The life of an application: bind, start, serve, drain, stop.
//!
//! ```text
//! bind        every address, or what the process inherited, or an error at once
//! start       components, dependencies first; runners
//! ready       the readiness probe answers 200; connections are accepted
//!   … a signal, or Handle::shutdown …
//! draining    the readiness probe answers 503; everything is served for the pre-drain delay
//! drain       the listeners close, idle connections end, open requests are answered
//! stop        tasks of requests, runners, components, hooks, what tasks are left
//! report      one line in the log, and the value of Running::wait
//! ```
//!
//! From the end of the pre-drain delay on everything shares one deadline, the shutdown timeout. The
//! last fifth of it is kept for what stops after the requests.

mod control;
mod descriptors;
#[cfg(all(unix, feature = "handover"))]
mod handover;
#[cfg(not(all(unix, feature = "handover")))]
#[path = "no_handover.rs"]
mod handover;
pub(crate) mod logging;
mod report;
mod shutdown;
mod signals;
#[cfg(feature = "log")]
mod subscriber;
#[cfg(not(feature = "log"))]
#[path = "no_subscriber.rs"]
mod subscriber;

use std::fmt;
use std::net::SocketAddr;

use plumego_component::Phase;
use plumego_contract::Error;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub(crate) use self::control::Control;
pub use self::control::Handle;
use self::control::Stop;
pub(crate) use self::handover::announce_failure;
use self::logging::Flusher;
pub use self::report::Report;
use self::shutdown::{Shutdown, unless};
use crate::app::App;
use crate::server::{Bound, Endpoint, OpenRequest, Server, View, take_inherited};

/// An application that serves.
///
/// Dropping it ends the application at once, as [`Handle::shutdown_now`] does, without waiting for
/// its end.
#[must_use = "dropping it ends the application at once"]
pub struct Running {
    addrs: Vec<SocketAddr>,
    handle: Handle,
    view: View,
    supervisor: Option<JoinHandle<Report>>,
}

impl Running {
    /// The addresses that are bound, with the ports that the system chose for port 0.
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Ends the application, and says whether it is ready.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.view.connections()
    }

    /// The requests that are open, the oldest first; also those whose client has gone and whose
    /// handler runs on.
    pub fn open_requests(&self) -> Vec<OpenRequest> {
        self.view.open_requests()
    }

    /// Waits until the application has ended, by a signal or by its [`Handle`].
    ///
    /// # Errors
    /// `500 internal` when the shutdown itself panicked. An end that was not clean is no error
    /// here: see [`Report::is_clean`].
    ///
    /// # Cancel safety
    /// Dropping the future drops the application: see [`Running`].
    pub async fn wait(mut self) -> Result<Report, Error> {
        let Some(supervisor) = &mut self.supervisor else {
            return Err(Error::internal("the application was awaited before"));
        };
        let report = supervisor.await.map_err(Error::internal);
        self.supervisor = None;
        report
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.supervisor.is_some() {
            self.handle.shutdown_now();
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("addrs", &self.addrs)
            .field("phase", &self.handle.phase())
            .finish_non_exhaustive()
    }
}

impl App {
    /// Binds, starts everything, and serves until its [`Handle`] ends it.
    ///
    /// Neither signals nor the log subscriber are touched: that is [`App::run`].
    ///
    /// # Errors
    /// `500 listen_failed` at once when an address cannot be bound; its detail names the address
    /// and the reason. The error of a component or runner that did not start; what had started is
    /// stopped again and the addresses are free.
    ///
    /// # Cancel safety
    /// Not cancel safe: components that have started are not stopped.
    pub async fn start(self) -> Result<Running, Error> {
        let flusher = self.flusher.clone();
        flusher.start();
        match self.start_with(flusher.clone()).await {
            Ok(running) => Ok(running),
            Err(error) => {
                flusher.stop().await;
                Err(error)
            }
        }
    }

    async fn start_with(self, flusher: Flusher) -> Result<Running, Error> {
        self.warn();
        self.metrics
            .uptime(std::time::Instant::now())
            .map_err(Error::internal)?;
        let mode = self.settings.unix_socket_mode;
        let bound = listen(self.endpoints, self.is_of_process, mode).await?;
        let stop = self.control.subscribe();
        let started = unless(&stop, Stop::Gracefully, self.lifecycle.start_all()).await;
        let Some(started) = started else {
            let deadline = Instant::now() + self.settings.times.shutdown.get();
            self.lifecycle.stop_all(deadline).await;
            self.lifecycle.readiness().advance(Phase::Stopped);
            return Err(interrupted());
        };
        started?;
        self.control.reloader().start(self.lifecycle.tasks());
        let successor = self.control.successor().clone();
        let armed = self
            .is_of_process
            .then(|| successor.arm(&bound, &self.settings));
        let scheme = self.settings.tls.as_ref().map_or("http", |_| "https");
        if self.settings.tls.is_some() && bound.iter().all(Bound::is_unix) {
            tracing::warn!("{TLS_IS_IDLE}");
        }
        let mut places: Vec<String> = bound.iter().map(|bound| bound.place(scheme)).collect();
        if let Some(redirect) = &self.settings.redirect {
            redirect.name(&bound, &mut places);
        }
        let tuning = self.settings.tuning.clone();
        let server = Server::start(
            bound,
            tuning,
            (self.settings.tls.clone(), self.settings.redirect.clone()),
            self.router,
            self.server_metrics,
            self.lifecycle.tasks(),
        );
        let (addrs, view) = (server.addrs().to_vec(), server.view());
        self.lifecycle.readiness().advance(Phase::Ready);
        for place in &places {
            tracing::info!(addr = %place, "listening on {place}");
        }
        for tell in self.on_listening {
            tell(&addrs);
        }
        if self.is_of_process {
            handover::announce_ready();
        }
        let handle = self.control.handle();
        let shutdown = Shutdown {
            server,
            stop,
            flusher,
            lifecycle: self.lifecycle,
            settings: self.settings,
            successor,
            armed,
        };
        Ok(Running {
            addrs,
            handle,
            view,
            supervisor: Some(tokio::spawn(shutdown.supervise())),
        })
    }

    fn warn(&self) {
        for warning in &self.settings.warnings {
            tracing::warn!("{warning}");
        }
        // Whoever embeds an application answers for the process.
        if self.is_of_process
            && let Some(warning) = descriptors::warning(self.settings.tuning.max_connections)
        {
            tracing::warn!("{warning}");
        }
    }

    /// Serves until SIGTERM or SIGINT (Ctrl-C), drains, stops everything, and returns.
    ///
    /// Sockets that the process inherited (`LISTEN_FDS`, as systemd passes them) take the place of
    /// every address of the configuration and of the builder: TCP and Unix, up to 64. The variables
    /// are removed, so that no other application of the process and no child takes them for its
    /// own.
    ///
    /// Installs a subscriber for `tracing` (feature `log`) unless the program has set one. Prints
    /// nothing; the addresses are in the log. Signals are handled from here on: the first one
    /// drains, a second one ends the process at once with the status that a shell gives for it (130
    /// or 143). SIGUSR2 hands over to a successor (feature `handover`). SIGHUP reads again what can
    /// be (see [`Reload`](crate::Reload)). A signal after the return ends the process too.
    ///
    /// # Errors
    /// Those of [`App::start`]; `500 shutdown_unclean` when requests were cut or something did not
    /// stop as it should, so that `main` ends with a failure. A clean drain is `Ok`.
    ///
    /// # Cancel safety
    /// Dropping the future ends the application at once, as dropping [`Running`] does.
    pub async fn run(mut self) -> Result<(), Error> {
        self.is_of_process = true;
        subscriber::install(&self);
        let _signals = signals::Scope::enter(self.handle())?;
        let running = match self.start().await {
            Err(error) if error.code() == INTERRUPTED => return Ok(()),
            Err(error) => {
                announce_failure(&error);
                return Err(error);
            }
            Ok(running) => running,
        };
        let report = running.wait().await?;
        if report.is_clean() {
            return Ok(());
        }
        Err(
            Error::custom(http::StatusCode::INTERNAL_SERVER_ERROR, "shutdown_unclean")
                .with_detail(report.to_string()),
        )
    }
}

/// What the process inherited comes before every address; a listener that the program brought is
/// bound already, and stays.
async fn listen(
    endpoints: Vec<Endpoint>,
    is_of_process: bool,
    mode: u32,
) -> Result<Vec<Bound>, Error> {
    let mut bound = Vec::with_capacity(endpoints.len());
    if is_of_process {
        bound = take_inherited()?;
    }
    let inherits = !bound.is_empty();
    if inherits {
        tracing::info!(
            sockets = bound.len(),
            "listening on inherited sockets (LISTEN_FDS) in place of the configured addresses"
        );
    }
    for endpoint in endpoints {
        if !inherits || matches!(endpoint, Endpoint::Own(_)) {
            bound.push(endpoint.bind(mode).await?);
        }
    }
    Ok(bound)
}

/// What is told when a certificate was named and no client is shown it.
const TLS_IS_IDLE: &str = "not used: the settings of TLS. Every socket is a Unix socket, which \
    speaks plain HTTP and asks for no certificate; listen on an address, or set TLS_ENABLED=false";

/// The code of the error of a start that was told to stop.
const INTERRUPTED: &str = "start_interrupted";

fn interrupted() -> Error {
    Error::custom(http::StatusCode::SERVICE_UNAVAILABLE, INTERRUPTED)
        .with_detail("the application was told to stop while it started")
}
