//! SIGTERM, SIGINT, SIGHUP and SIGUSR2, for the time of a run.

use std::sync::atomic::{AtomicUsize, Ordering};

use plumego_contract::Error;

use super::{Handle, handover};

/// How many runs of this process handle signals. When there is none, a signal does what it does
/// by default: it ends the process. The runtime that listens for a signal once does so for ever.
static RUNS: AtomicUsize = AtomicUsize::new(0);

/// While it lives, signals drain the application.
pub(super) struct Scope(());

impl Scope {
    /// Listens for signals from now on.
    ///
    /// # Errors
    /// What the system says when a signal cannot be listened for.
    pub(super) fn enter(handle: Handle) -> Result<Self, Error> {
        let signals = Signals::listen().map_err(Error::internal)?;
        RUNS.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(watch(signals, handle));
        Ok(Self(()))
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        RUNS.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn watch(mut signals: Signals, handle: Handle) {
    let mut told = false;
    loop {
        let signal = signals.next().await;
        if signal.is_reload() && RUNS.load(Ordering::SeqCst) > 0 {
            handle.request_reload();
            continue;
        }
        if signal.is_handover() && RUNS.load(Ordering::SeqCst) > 0 {
            handover::request(&handle);
            continue;
        }
        if told || RUNS.load(Ordering::SeqCst) == 0 {
            exit(&signal);
        }
        tracing::info!(signal = signal.name, "told to stop");
        handle.shutdown();
        told = true;
    }
}

#[expect(
    clippy::exit,
    reason = "the second signal asks for the end of the process, whatever is still open"
)]
fn exit(signal: &Signal) {
    std::process::exit(signal.status);
}

/// A signal that came.
struct Signal {
    name: &'static str,
    /// The status of a process that it ended, as shells tell it.
    status: i32,
}

impl Signal {
    fn is_reload(&self) -> bool {
        self.name == "SIGHUP"
    }

    fn is_handover(&self) -> bool {
        self.name == "SIGUSR2"
    }
}

const INTERRUPT: Signal = Signal {
    name: "SIGINT",
    status: 130,
};

#[cfg(unix)]
const TERMINATE: Signal = Signal {
    name: "SIGTERM",
    status: 143,
};

#[cfg(unix)]
const HANG_UP: Signal = Signal {
    name: "SIGHUP",
    status: 129,
};

#[cfg(unix)]
const USER_2: Signal = Signal {
    name: "SIGUSR2",
    status: 140,
};

#[cfg(unix)]
struct Signals {
    hand_over: handover::Signal,
    hang_up: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            hand_over: handover::Signal::listen()?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            () = self.hand_over.recv() => USER_2,
            _ = self.hang_up.recv() => HANG_UP,
            _ = self.interrupt.recv() => INTERRUPT,
            _ = self.terminate.recv() => TERMINATE,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "the same on every system")]
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        INTERRUPT
    }
}
