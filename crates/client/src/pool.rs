//! Connections that wait for the next request to the same origin.
//!
//! Each client has a pool of its own, so a connection is never used under another policy than the
//! one its address was checked by.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use crate::connection::Connection;
use crate::url::Origin;

#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolLimits {
    pub(crate) max_idle: usize,
    pub(crate) max_idle_per_origin: usize,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_age: Duration,
}

pub(crate) struct Pool {
    limits: PoolLimits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The one that was used last is at the end.
    entries: Vec<Entry>,
    sweeper: Option<AbortHandle>,
}

struct Entry {
    origin: Origin,
    connection: Connection,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(limits: PoolLimits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
        }
    }

    /// A connection to this origin that still lives; the one that was used last.
    pub(crate) async fn take(&self, origin: &Origin) -> Option<Connection> {
        // Ends: each round uses up a connection or returns.
        while let Some(mut connection) = self.take_any(origin) {
            if connection.settle().await {
                return Some(connection);
            }
        }
        None
    }

    fn take_any(&self, origin: &Origin) -> Option<Connection> {
        let mut state = self.lock();
        state.sweep(self.limits);
        let at = state.entries.iter().rposition(|entry| {
            entry.origin == *origin && entry.connection.age() < self.limits.max_age
        })?;
        if let Some(shared) = state.entries.get(at)?.connection.share() {
            return Some(shared);
        }
        Some(state.entries.remove(at).connection)
    }

    /// Keeps a connection for the next request. Beyond the bounds, the one that was not used for
    /// longest is closed.
    pub(crate) fn put(self: &Arc<Self>, origin: Origin, connection: Connection) {
        if connection.is_closed() {
            return;
        }
        let mut state = self.lock();
        let since = Instant::now();
        if connection.is_http2() {
            // It stayed in the pool while it was used.
            let there = |entry: &&mut Entry| entry.origin == origin && entry.connection.is_http2();
            if let Some(entry) = state.entries.iter_mut().find(there) {
                entry.since = since;
                return;
            }
        }
        state.entries.push(Entry {
            origin,
            connection,
            since,
        });
        state.sweep(self.limits);
        state.shrink(self.limits);
        self.start_sweeper(&mut state);
    }

    /// Forgets a shared connection on which something went wrong, so that the next request does not
    /// share the fate. Those that are on it go on.
    pub(crate) fn evict(&self, connection: &Connection) {
        if connection.is_http2() {
            let mut state = self.lock();
            state
                .entries
                .retain(|entry| !entry.connection.is_same(connection));
        }
    }

    /// How many connections wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().entries.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes what waited too long, also when no request ever comes again.
    fn start_sweeper(self: &Arc<Self>, state: &mut State) {
        // One that a runtime took along counts as finished.
        let runs = |sweeper: &AbortHandle| !sweeper.is_finished();
        if state.sweeper.as_ref().is_some_and(runs) || state.entries.is_empty() {
            return;
        }
        let pool = Arc::downgrade(self);
        let idle_timeout = self.limits.idle_timeout;
        let sweeper = tokio::spawn(async move {
            let mut next = Instant::now().checked_add(idle_timeout);
            while let Some(at) = next {
                sleep_until(at).await;
                next = Weak::upgrade(&pool).and_then(|pool| pool.sweep_all());
            }
        });
        state.sweeper = Some(sweeper.abort_handle());
    }

    /// When to sweep next; `None` when nothing is left.
    fn sweep_all(&self) -> Option<Instant> {
        let mut state = self.lock();
        state.sweep(self.limits);
        let oldest = state.entries.iter().map(|entry| entry.since).min();
        // One that is in use and old is looked at again after a whole timeout.
        let next = oldest.map(|since| {
            let due = since.checked_add(self.limits.idle_timeout);
            due.filter(|due| *due > Instant::now())
                .unwrap_or_else(|| Instant::now() + self.limits.idle_timeout)
        });
        if next.is_none() {
            state.sweeper = None;
        }
        next
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        if let Some(sweeper) = &state.unwrap_or_else(PoisonError::into_inner).sweeper {
            sweeper.abort();
        }
    }
}

impl State {
    fn sweep(&mut self, limits: PoolLimits) {
        self.entries.retain(|entry| {
            let unused = entry.connection.is_unused();
            let waited_long = unused && entry.since.elapsed() >= limits.idle_timeout;
            let old = entry.connection.age() >= limits.max_age;
            !(waited_long || old || entry.connection.is_closed())
        });
    }

    fn shrink(&mut self, limits: PoolLimits) {
        if let Some(last) = self.entries.last().map(|entry| entry.origin.clone()) {
            let same = |entry: &Entry| entry.origin == last;
            while self.entries.iter().filter(|entry| same(entry)).count()
                > limits.max_idle_per_origin
            {
                let Some(at) = self.entries.iter().position(same) else {
                    break;
                };
                self.entries.remove(at);
            }
        }
        while self.entries.len() > limits.max_idle {
            let unused = |entry: &Entry| entry.connection.is_unused();
            let at = self.entries.iter().position(unused).unwrap_or(0);
            self.entries.remove(at);
        }
    }
}
