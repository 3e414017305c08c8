//! All sources of an application, and reading them one reload at a time.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;
use std::time::Duration;

use plumego_component::{StopToken, Tasks};
use plumego_contract::{Problem, Problems};
use plumego_observe::metrics::{CounterFamily, Metrics};
use tokio::sync::{Mutex, Notify};

use super::again::{Again, FIRST, MOST};
use super::outcome::joined;
use super::watch::{Known, Watcher};
use super::{Changes, Reading, Refused, ReloadReport, Source};

/// The time for one source to read.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    Signal,
    Call,
    File,
    /// What kept it from being read may have passed.
    Again,
}

impl Trigger {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Call => "call",
            Self::File => "file",
            Self::Again => "again",
        }
    }
}

/// The sources of an application. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reloader(Arc<Shared>);

struct Shared {
    sources: Vec<Box<dyn Source>>,
    count: Option<CounterFamily<2>>,
    one_at_a_time: Mutex<()>,
    signalled: Notify,
    /// Something was read: its files may be others.
    reloaded: Notify,
    /// What each source came to when it was read last: [`READ`], [`REFUSED`] or [`MAY_PASS`].
    last: Vec<AtomicU8>,
    /// What the files were when everything was read for the first time.
    known: Known,
}

const READ: u8 = 0;
const REFUSED: u8 = 1;
const MAY_PASS: u8 = 2;

fn standing(outcome: &Result<Changes, Refused>) -> u8 {
    match outcome {
        Ok(_) => READ,
        Err(refused) if refused.may_pass() => MAY_PASS,
        Err(_) => REFUSED,
    }
}

impl Reloader {
    /// What is wrong with the sources, or with the name of their metric, is told.
    pub(crate) fn new(
        sources: Vec<Box<dyn Source>>,
        metrics: &Metrics,
        problems: &mut Problems,
    ) -> Self {
        for (at, source) in sources.iter().enumerate() {
            let name = source.name();
            if sources.iter().take(at).any(|other| other.name() == name) {
                let told = format!("two sources of reloads are called `{name}`: rename one");
                problems.push(Problem::new(told));
            }
        }
        let help = "Times that a source was read again, by what came of it.";
        let count = metrics.counter_family("reloads", help, &["source", "result"]);
        let count = count.map_err(|error| problems.push(Problem::new(format!("metrics: {error}"))));
        if let Ok(count) = &count {
            for source in &sources {
                for result in ["changed", "unchanged", "refused"] {
                    let _ = count.with(&[source.name(), result]);
                }
            }
        }
        let paths: Vec<_> = sources.iter().map(|source| source.paths()).collect();
        Self(Arc::new(Shared {
            known: Known::look(&paths),
            last: sources.iter().map(|_| AtomicU8::new(READ)).collect(),
            sources,
            count: count.ok(),
            one_at_a_time: Mutex::new(()),
            signalled: Notify::new(),
            reloaded: Notify::new(),
        }))
    }

    /// Has the task of the application read everything again. Returns at once; asked again before
    /// that began, it is one reload.
    pub(crate) fn request(&self) {
        if self.0.sources.is_empty() {
            tracing::info!("told to reload, and nothing can be");
        }
        self.0.signalled.notify_one();
    }

    /// Reads everything again.
    pub(crate) async fn reload_all(&self, trigger: Trigger) -> ReloadReport {
        self.reload(trigger, |_| true).await
    }

    async fn reload(&self, trigger: Trigger, which: impl Fn(usize) -> bool) -> ReloadReport {
        let _one_at_a_time = self.0.one_at_a_time.lock().await;
        let mut report = ReloadReport::default();
        for (at, source) in self.0.sources.iter().enumerate() {
            if which(at) {
                let outcome = read(source.reload()).await;
                let last = self.0.last.get(at);
                let before = last.map_or(READ, |last| {
                    last.swap(standing(&outcome), Ordering::Relaxed)
                });
                self.note(source.name(), trigger, before, &outcome);
                report.push(source.name(), outcome);
            }
        }
        self.0.reloaded.notify_one();
        report
    }

    /// Serves signals and changes of files until the tasks are told to stop.
    pub(crate) fn start(&self, tasks: &Tasks) {
        if self.0.sources.is_empty() {
            return;
        }
        let this = self.clone();
        tasks
            .group("reload")
            .spawn_until("reload", async move |stop: StopToken| {
                let _ = stop.run(this.serve()).await;
            });
    }

    async fn serve(&self) {
        let mut watcher = Watcher::new(self.paths(), self.0.known.clone()).await;
        let mut again = Again::new(self.0.sources.len());
        loop {
            again.follow(|at| self.may_pass(at));
            tokio::select! {
                () = self.0.signalled.notified() => {
                    self.reload_all(Trigger::Signal).await;
                }
                () = self.0.reloaded.notified() => {}
                changed = watcher.changed() => {
                    again.forget(&changed);
                    self.reload(Trigger::File, |at| changed.contains(&at)).await;
                }
                due = again.due() => {
                    self.reload(Trigger::Again, |at| due.contains(&at)).await;
                    again.tried(&due);
                }
            }
            watcher.watch(self.paths()).await;
        }
    }

    fn may_pass(&self, at: usize) -> bool {
        let last = self.0.last.get(at);
        last.is_some_and(|last| last.load(Ordering::Relaxed) == MAY_PASS)
    }

    /// What each source names.
    fn paths(&self) -> Vec<Vec<PathBuf>> {
        self.0.sources.iter().map(|source| source.paths()).collect()
    }

    /// A file that was saved and says the same is no news, unless it was refused before. Nor is it
    /// that what may pass has not passed yet.
    fn note(
        &self,
        source: &'static str,
        trigger: Trigger,
        before: u8,
        outcome: &Result<Changes, Refused>,
    ) {
        let is_news = trigger != Trigger::File || before != READ;
        let still = trigger == Trigger::Again && standing(outcome) == MAY_PASS;
        let trigger = trigger.as_str();
        let result = match outcome {
            Err(refused) => {
                tell_refused(source, trigger, refused, still);
                "refused"
            }
            Ok(changes) if changes.is_empty() => {
                let warnings = some(changes.warnings());
                let warnings = warnings.as_deref();
                if is_news {
                    tracing::info!(source, trigger, warnings, "reloaded, nothing has changed");
                } else {
                    tracing::debug!(source, trigger, warnings, "reloaded, nothing has changed");
                }
                "unchanged"
            }
            Ok(changes) => {
                tell(source, trigger, changes);
                "changed"
            }
        };
        if let Some(count) = &self.0.count {
            count.with(&[source, result]).inc();
        }
    }
}

fn tell_refused(source: &'static str, trigger: &'static str, refused: &Refused, still: bool) {
    let problems = joined(refused.problems());
    if still {
        tracing::debug!(source, trigger, problems, "still not reloaded");
        return;
    }
    let again = refused.may_pass();
    let again = again.then(|| format!("after {FIRST:?}, later every {MOST:?}, until it is read"));
    tracing::error!(
        source,
        trigger,
        problems,
        again,
        "not reloaded, nothing has changed"
    );
}

fn some(texts: &[String]) -> Option<String> {
    (!texts.is_empty()).then(|| joined(texts))
}

fn tell(source: &'static str, trigger: &'static str, changes: &Changes) {
    let (now, later) = (some(changes.in_effect()), some(changes.needing_restart()));
    let warnings = some(changes.warnings());
    let (now, warnings) = (now.as_deref(), warnings.as_deref());
    if let Some(needs_restart) = later {
        tracing::warn!(
            source,
            trigger,
            changed = now,
            needs_restart,
            warnings,
            "reloaded"
        );
    } else {
        tracing::info!(source, trigger, changed = now, warnings, "reloaded");
    }
}

/// The outcome, in time; a panic is a refusal.
async fn read(mut reading: Reading<'_>) -> Result<Changes, Refused> {
    let caught = poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| reading.as_mut().poll(cx))) {
            Ok(polled) => polled,
            Err(_) => Poll::Ready(Err(Refused::new("reading again panicked"))),
        },
    );
    let late = || Refused::new(format!("reading again took more than {PATIENCE:?}"));
    tokio::time::timeout(PATIENCE, caught)
        .await
        .unwrap_or_else(|_| Err(late()))
}
