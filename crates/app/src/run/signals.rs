//! SIGTERM, SIGINT, SIGHUP and SIGUSR2, for the time of a run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::{io, thread};

use plumego_contract::Error;

use super::{Handle, handover};

/// Who is told of signals. When there is nobody, a signal does what it does by default: it ends the
/// process. Whoever listens for a signal once does so for as long as the process lives.
static RUNS: Mutex<Vec<Run>> = Mutex::new(Vec::new());

/// Whether there is a thread that listens. One of its own: it hears the second signal while every
/// thread of the runtime is stuck, or while the runtime waits for one at its end.
static LISTENS: Mutex<bool> = Mutex::new(false);

/// A run of an application.
struct Run {
    number: u64,
    handle: Handle,
    runtime: tokio::runtime::Handle,
    log: tracing::Dispatch,
    /// Whether a signal has told it to stop.
    told: bool,
}

/// While it lives, signals drain the application.
pub(super) struct Scope(u64);

impl Scope {
    /// Listens for signals from now on.
    ///
    /// # Errors
    /// What the system says when a signal cannot be listened for.
    pub(super) fn enter(handle: Handle) -> Result<Self, Error> {
        static NEXT: AtomicU64 = AtomicU64::new(0);

        listen().map_err(Error::internal)?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        lock(&RUNS).push(Run {
            number,
            handle,
            runtime: tokio::runtime::Handle::current(),
            log: tracing::dispatcher::get_default(Clone::clone),
            told: false,
        });
        Ok(Self(number))
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        lock(&RUNS).retain(|run| run.number != self.0);
    }
}

/// Begins to listen, once for all runs of the process.
fn listen() -> io::Result<()> {
    let mut listens = lock(&LISTENS);
    if *listens {
        return Ok(());
    }
    let (tell, told) = mpsc::channel();
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return drop(tell.send(Err(error))),
            };
            runtime.block_on(async move {
                match Signals::listen() {
                    Ok(signals) => {
                        let _ = tell.send(Ok(()));
                        watch(signals).await;
                    }
                    Err(error) => drop(tell.send(Err(error))),
                }
            });
        })?;
    told.recv().map_err(io::Error::other)??;
    *listens = true;
    Ok(())
}

async fn watch(mut signals: Signals) {
    loop {
        let signal = signals.next().await;
        let mut runs = lock(&RUNS);
        if runs.is_empty() {
            exit(&signal);
        }
        for run in &mut *runs {
            run.hear(&signal);
        }
    }
}

impl Run {
    fn hear(&mut self, signal: &Signal) {
        let _runtime = self.runtime.enter();
        let _log = tracing::dispatcher::set_default(&self.log);
        if signal.is_reload() {
            self.handle.request_reload();
        } else if signal.is_handover() {
            handover::request(&self.handle);
        } else if self.told {
            exit(signal);
        } else {
            tracing::info!(signal = signal.name, "told to stop");
            self.handle.shutdown();
            self.told = true;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn listen() -> io::Result<Self> {
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
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        INTERRUPT
    }
}
