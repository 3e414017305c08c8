//! The connections that are open, and the requests on them.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use plumego_contract::extract::ClientCertificate;
use plumego_contract::{Connection, RequestContext};
use tokio::time::Instant;

use super::watch::{Phase, Watch};

/// One open connection.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) connection: Connection,
    pub(crate) watch: Watch,
    /// What the client showed in its handshake.
    pub(crate) certificate: OnceLock<ClientCertificate>,
    waker: Mutex<Option<Waker>>,
    requests: Mutex<Vec<(u64, RequestContext)>>,
    next: AtomicU64,
    /// Streams that the client gave up, less those that were answered.
    given_up: AtomicU32,
    /// What the client did that nobody needs to do.
    abuse: OnceLock<&'static str>,
}

impl Entry {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            watch: Watch::new(Phase::Head),
            certificate: OnceLock::new(),
            waker: Mutex::new(None),
            requests: Mutex::new(Vec::new()),
            next: AtomicU64::new(0),
            given_up: AtomicU32::new(0),
            abuse: OnceLock::new(),
        }
    }

    /// The client gave up a stream before it was answered.
    pub(crate) fn stream_given_up(&self, most: u32) {
        if self.given_up.fetch_add(1, Ordering::Relaxed) >= most {
            self.abused("too_many_resets");
        }
    }

    /// The answer to a stream is there.
    pub(crate) fn stream_answered(&self) {
        if self.given_up.load(Ordering::Relaxed) > 0 {
            let less = |count: u32| count.checked_sub(1);
            let _ = self
                .given_up
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
    }

    /// Has the connection ended for this.
    pub(crate) fn abused(&self, what: &'static str) {
        if self.abuse.set(what).is_ok() {
            self.wake();
        }
    }

    pub(crate) fn abuse(&self) -> Option<&'static str> {
        self.abuse.get().copied()
    }

    /// Who is to be woken when something changes that no byte tells of.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        *lock(&self.waker) = Some(waker.clone());
    }

    /// Has the connection looked at again.
    pub(crate) fn wake(&self) {
        let waker = lock(&self.waker).clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether no request has been noted yet.
    pub(crate) fn is_new(&self) -> bool {
        self.next.load(Ordering::Relaxed) == 0
    }

    /// Notes a request; the number is for [`Entry::close_request`].
    pub(crate) fn open_request(&self, context: &RequestContext) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.requests).push((id, context.clone()));
        id
    }

    pub(crate) fn close_request(&self, id: u64) {
        let mut requests = lock(&self.requests);
        if let Some(at) = requests.iter().position(|(open, _)| *open == id) {
            requests.swap_remove(at);
        }
    }

    pub(crate) fn open_requests(&self) -> Vec<RequestContext> {
        lock(&self.requests)
            .iter()
            .map(|(_, context)| context.clone())
            .collect()
    }
}

/// All open connections of a server.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    entries: Mutex<HashMap<u64, Arc<Entry>>>,
    next: AtomicU64,
}

impl Registry {
    /// Lists a connection for as long as the answer lives, so also when its task panics or is
    /// dropped.
    pub(crate) fn list(self: &Arc<Self>, entry: &Arc<Entry>) -> Listed {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.entries).insert(id, entry.clone());
        Listed {
            registry: self.clone(),
            id,
        }
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.entries).len()
    }

    fn all(&self) -> Vec<Arc<Entry>> {
        lock(&self.entries).values().cloned().collect()
    }

    pub(crate) fn wake_all(&self) {
        for entry in self.all() {
            entry.wake();
        }
    }

    /// What is open now.
    pub(crate) fn open_requests(&self) -> Vec<OpenRequest> {
        let now = Instant::now();
        self.all()
            .iter()
            .flat_map(|entry| entry.open_requests())
            .map(|context| OpenRequest::new(&context, now))
            .collect()
    }
}

/// A place in a [`Registry`].
pub(crate) struct Listed {
    registry: Arc<Registry>,
    id: u64,
}

impl Drop for Listed {
    fn drop(&mut self) {
        lock(&self.registry.entries).remove(&self.id);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request that was open when the time for draining was over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenRequest {
    /// The method.
    pub method: String,
    /// The pattern of its route; `None` when none matched.
    pub route: Option<String>,
    /// The time since its head was complete.
    pub age: std::time::Duration,
    /// The other end of its connection.
    pub peer: Option<std::net::SocketAddr>,
}

impl fmt::Display for OpenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let route = self.route.as_deref().unwrap_or("(no route)");
        write!(f, "{} {route} for {} ms", self.method, self.age.as_millis())?;
        match self.peer {
            Some(peer) => write!(f, " from {peer}"),
            None => Ok(()),
        }
    }
}

impl OpenRequest {
    pub(crate) fn new(context: &RequestContext, now: Instant) -> Self {
        Self {
            method: context.method().to_string(),
            route: context.route().map(|route| route.pattern.clone()),
            age: now.saturating_duration_since(context.started()),
            peer: context.connection().peer,
        }
    }
}
