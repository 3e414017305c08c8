//! Tasks that belong to the application: counted, named, awaited, never detached.
//!
//! Not for work that must survive the process: a task dies with it. Not for handlers: the server
//! runs those.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! use std::time::Duration;
//! use plumego_component::Tasks;
//! use tokio::time::Instant;
//!
//! let tasks = Tasks::default();
//! tasks.spawn("greet", async { /* … */ });
//! tasks.spawn_until("tick", async |stop| stop.stopped().await);
//!
//! tasks.stop();
//! tasks.close();
//! let left_over = tasks.join(Instant::now() + Duration::from_secs(5)).await;
//! assert!(left_over.is_empty());
//! # });
//! ```
//!
//! Limits and defaults: at most [`MAX_TASKS`] live tasks in all groups together; beyond it a task
//! is refused, counted and logged.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plumego_contract::{BoxTask, Error, SpawnTask};
use plumego_observe::metrics::{MetricError, Metrics};
use plumego_stdx::Timestamp;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::Name;
use crate::panic::catch;
use crate::stop::StopToken;

/// The most live tasks of one application, unless it says otherwise.
pub const MAX_TASKS: usize = 65_536;

/// What a task may end with: nothing, or a `Result` whose error is logged and counted.
///
/// Sealed.
pub trait TaskOutput: sealed::Sealed + Send {
    /// The error, if it is one.
    #[doc(hidden)]
    fn error(self) -> Option<Error>;
}

impl TaskOutput for () {
    fn error(self) -> Option<Error> {
        None
    }
}

impl<E: Into<Error> + Send> TaskOutput for Result<(), E> {
    fn error(self) -> Option<Error> {
        self.err().map(Into::into)
    }
}

mod sealed {
    use plumego_contract::Error;

    pub trait Sealed {}
    impl Sealed for () {}
    impl<E: Into<Error>> Sealed for Result<(), E> {}
}

/// A set of live tasks, or a named group in one.
///
/// Cheap to clone. The set that [`Tasks::new`] makes sees the tasks of all groups made from it;
/// a group sees its own. The bound, the counters and [`Tasks::list`] are those of the whole set.
#[derive(Clone)]
pub struct Tasks {
    shared: Arc<Shared>,
    group: Arc<Group>,
}

struct Shared {
    max: usize,
    live: Mutex<BTreeMap<u64, Live>>,
    root: Arc<Group>,
    groups: AtomicU64,
    spawned: AtomicU64,
    refused: AtomicU64,
    panicked: AtomicU64,
    failed: AtomicU64,
}

struct Group {
    /// 0 is the whole set.
    id: u64,
    owner: Option<Name>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

struct Live {
    name: Name,
    owner: Option<Name>,
    group: u64,
    started: Timestamp,
    aborted: bool,
    /// Not yet there for a moment after the task was entered.
    abort: Option<AbortHandle>,
}

/// One live task.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TaskInfo {
    /// The number of the task, counted from 0 in the order they were spawned.
    pub id: u64,
    /// Its name.
    pub name: Name,
    /// The group it belongs to, such as the component that spawned it.
    pub owner: Option<Name>,
    /// When it was spawned.
    pub started: Timestamp,
}

/// What became of the tasks so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskStats {
    /// Running now.
    pub live: usize,
    /// Accepted since the beginning.
    pub spawned: u64,
    /// Refused: the set was full, closed, or outside of a runtime.
    pub refused: u64,
    /// Ended by a panic.
    pub panicked: u64,
    /// Ended with an error.
    pub failed: u64,
}

impl Tasks {
    /// A set of at most `max` live tasks.
    pub fn new(max: usize) -> Self {
        let root = Arc::new(Group {
            id: 0,
            owner: None,
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        let shared = Shared {
            max,
            live: Mutex::default(),
            root: Arc::clone(&root),
            groups: AtomicU64::new(1),
            spawned: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            panicked: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        };
        Self {
            shared: Arc::new(shared),
            group: root,
        }
    }

    /// A new group of the set: with its own stop token, which also fires with that of the set, to
    /// be closed, awaited and aborted by itself.
    #[must_use]
    pub fn group(&self, owner: impl Into<Name>) -> Self {
        Self {
            group: Arc::new(Group {
                id: self.shared.groups.fetch_add(1, Ordering::Relaxed),
                owner: Some(owner.into()),
                tracker: TaskTracker::new(),
                stop: self.shared.root.stop.child_token(),
            }),
            shared: Arc::clone(&self.shared),
        }
    }

    /// Runs a future to its end. Answers `false`, and drops it, when it is refused: the set is
    /// full or closed, or there is no tokio runtime here.
    ///
    /// An error or a panic is logged and counted.
    pub fn spawn<F>(&self, name: impl Into<Name>, future: F) -> bool
    where
        F: Future<Output: TaskOutput> + Send + 'static,
    {
        let name = name.into();
        let accepted = self.try_spawn(name.clone(), future);
        if let Err(why) = accepted {
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(task = %name, why, "a task was refused");
        }
        accepted.is_ok()
    }

    /// [`spawn`](Self::spawn) for a task that runs until it is told to end.
    pub fn spawn_until<F, Fut>(&self, name: impl Into<Name>, task: F) -> bool
    where
        F: FnOnce(StopToken) -> Fut,
        Fut: Future<Output: TaskOutput> + Send + 'static,
    {
        self.spawn(name, task(self.stop_token()))
    }

    /// The token that [`stop`](Self::stop) fires.
    pub fn stop_token(&self) -> StopToken {
        StopToken::of(self.group.stop.clone())
    }

    /// Tells the tasks to end. Those that do not look at their token go on.
    pub fn stop(&self) {
        self.group.stop.cancel();
    }

    /// Takes no more tasks.
    pub fn close(&self) {
        // Under the lock, so that no task slips in between the look and the entry.
        let _live = self.shared.live();
        self.group.tracker.close();
    }

    /// Takes no more tasks and waits until all have ended, or until the deadline. Answers the
    /// names of those that have not, oldest first.
    ///
    /// # Cancel safety
    /// Cancel safe; the tasks stay closed.
    pub async fn join(&self, deadline: Instant) -> Vec<Name> {
        self.close();
        let all = self.group.tracker.wait();
        if tokio::time::timeout_at(deadline, all).await.is_ok() {
            return Vec::new();
        }
        let live = self.shared.live();
        let names = live.values().filter(|task| self.sees(task));
        names.map(|task| task.name.clone()).collect()
    }

    /// Drops the futures of all live tasks at their next wait. A task that blocks its thread goes
    /// on until it stops doing so.
    pub fn abort_all(&self) {
        let mut live = self.shared.live();
        for task in live.values_mut().filter(|task| self.sees(task)) {
            task.aborted = true;
            if let Some(abort) = &task.abort {
                abort.abort();
            }
        }
    }

    /// The live tasks of the whole set, oldest first.
    pub fn list(&self) -> Vec<TaskInfo> {
        let live = self.shared.live();
        let tasks = live.iter().map(|(id, task)| TaskInfo {
            id: *id,
            name: task.name.clone(),
            owner: task.owner.clone(),
            started: task.started,
        });
        tasks.collect()
    }

    /// What became of the tasks of the whole set so far.
    pub fn stats(&self) -> TaskStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TaskStats {
            live: self.shared.live().len(),
            spawned: count(&self.shared.spawned),
            refused: count(&self.shared.refused),
            panicked: count(&self.shared.panicked),
            failed: count(&self.shared.failed),
        }
    }

    /// Counts the tasks of the whole set in these metrics: the gauge `tasks_live`, the counters
    /// `tasks_spawned`, `tasks_refused`, `tasks_panicked` and `tasks_failed`.
    ///
    /// # Errors
    /// One of these names is taken.
    pub fn export(&self, metrics: &Metrics) -> Result<(), MetricError> {
        type Read = fn(TaskStats) -> u64;
        let tasks = self.clone();
        #[expect(clippy::cast_precision_loss, reason = "at most a few thousand")]
        let live = move || tasks.stats().live as f64;
        metrics.gauge_fn("tasks_live", "Tasks that run now.", live)?;
        let counters: [(&str, &str, Read); 4] = [
            ("tasks_spawned", "Tasks that were accepted.", |stats| {
                stats.spawned
            }),
            ("tasks_refused", "Tasks that were refused.", |stats| {
                stats.refused
            }),
            ("tasks_panicked", "Tasks that ended by a panic.", |stats| {
                stats.panicked
            }),
            ("tasks_failed", "Tasks that ended with an error.", |stats| {
                stats.failed
            }),
        ];
        for (name, help, read) in counters {
            let tasks = self.clone();
            metrics.counter_fn(name, help, move || read(tasks.stats()))?;
        }
        Ok(())
    }

    fn try_spawn<F>(&self, name: Name, future: F) -> Result<(), &'static str>
    where
        F: Future<Output: TaskOutput> + Send + 'static,
    {
        let runtime = Handle::try_current().map_err(|_| "there is no tokio runtime here")?;
        let entry = self.enter(&name)?;
        let id = entry.id;
        // Outside of the lock: a runtime that shuts down drops the future, and with it the entry,
        // before `spawn` returns.
        let task = runtime.spawn(async move {
            let ended = catch(future).await;
            entry.note(&name, ended);
        });
        if let Some(entry) = self.shared.live().get_mut(&id) {
            if entry.aborted {
                task.abort();
            }
            entry.abort = Some(task.abort_handle());
        }
        Ok(())
    }

    fn enter(&self, name: &Name) -> Result<Entry, &'static str> {
        let root = &self.shared.root;
        let mut live = self.shared.live();
        if root.tracker.is_closed() || self.group.tracker.is_closed() {
            return Err("no more tasks are taken");
        }
        if live.len() >= self.shared.max {
            return Err("too many tasks are running");
        }
        let id = self.shared.spawned.fetch_add(1, Ordering::Relaxed);
        live.insert(
            id,
            Live {
                name: name.clone(),
                owner: self.group.owner.clone(),
                group: self.group.id,
                started: Timestamp::now(),
                aborted: false,
                abort: None,
            },
        );
        Ok(Entry {
            id,
            shared: Arc::clone(&self.shared),
            _tracked: [root.tracker.token(), self.group.tracker.token()],
        })
    }

    fn sees(&self, task: &Live) -> bool {
        self.group.id == 0 || self.group.id == task.group
    }
}

/// At most [`MAX_TASKS`] live tasks.
impl Default for Tasks {
    fn default() -> Self {
        Self::new(MAX_TASKS)
    }
}

impl SpawnTask for Tasks {
    fn spawn_task(&self, name: &'static str, task: BoxTask) -> bool {
        self.spawn(name, task)
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("owner", &self.group.owner)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, BTreeMap<u64, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one task in the set. It goes with the task's future, however that ends.
struct Entry {
    id: u64,
    shared: Arc<Shared>,
    _tracked: [TaskTrackerToken; 2],
}

impl Entry {
    fn note(&self, name: &Name, ended: Result<impl TaskOutput, String>) {
        match ended.map(TaskOutput::error) {
            Ok(None) => {}
            Ok(Some(error)) => {
                self.shared.failed.fetch_add(1, Ordering::Relaxed);
                tracing::error!(task = %name, error = ?error, "a task failed");
            }
            Err(panic) => {
                self.shared.panicked.fetch_add(1, Ordering::Relaxed);
                tracing::error!(task = %name, panic, "a task panicked");
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.shared.live().remove(&self.id);
    }
}
