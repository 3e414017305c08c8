//! The connections that are open, and the requests on them.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Duration;

use http::Method;
use plumego_contract::extract::ClientCertificate;
use plumego_contract::{Connection, ConnectionContext, RequestContext};
use tokio::time::Instant;

use super::Shared;
use super::watch::{Phase, Watch};

/// One open connection.
pub(crate) struct Entry {
    pub(crate) shared: Arc<Shared>,
    /// What its requests share.
    pub(crate) home: Arc<ConnectionContext>,
    pub(crate) watch: Watch,
    /// What the client showed in its handshake.
    pub(crate) certificate: OnceLock<ClientCertificate>,
    waker: Mutex<Option<Waker>>,
    /// The request by HTTP/1.1.
    single: Single,
    /// Those by HTTP/2, and those by a method of its own.
    requests: Mutex<Vec<(u64, RequestContext)>>,
    next: AtomicU64,
    /// Streams that the client gave up, less those that were answered.
    given_up: AtomicU32,
    /// What the client did that nobody needs to do.
    abuse: OnceLock<&'static str>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(self.connection()).finish()
    }
}

impl Entry {
    pub(crate) fn new(shared: &Arc<Shared>, connection: Connection) -> Self {
        Self {
            shared: shared.clone(),
            home: shared.router.connect(connection),
            watch: Watch::new(Phase::Head),
            certificate: OnceLock::new(),
            waker: Mutex::new(None),
            single: Single::default(),
            requests: Mutex::new(Vec::new()),
            next: AtomicU64::new(0),
            given_up: AtomicU32::new(0),
            abuse: OnceLock::new(),
        }
    }

    /// The connection as the server sees it.
    pub(crate) fn connection(&self) -> &Connection {
        self.home.connection()
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

    /// Notes a request; the number is for [`Entry::close_request`]. Called by the task of the
    /// connection alone.
    pub(crate) fn open_request(&self, context: &RequestContext, is_stream: bool) -> u64 {
        let id = self.next.load(Ordering::Relaxed).wrapping_add(1);
        self.next.store(id, Ordering::Relaxed);
        if !is_stream && self.single.open(context) {
            return SINGLE;
        }
        lock(&self.requests).push((id, context.clone()));
        id
    }

    pub(crate) fn close_request(&self, id: u64) {
        if id == SINGLE {
            self.single.close();
            return;
        }
        let mut requests = lock(&self.requests);
        if let Some(at) = requests.iter().position(|(open, _)| *open == id) {
            requests.swap_remove(at);
        }
    }

    pub(crate) fn open_requests(&self, now: Instant) -> Vec<OpenRequest> {
        let requests = lock(&self.requests);
        let many = requests
            .iter()
            .map(|(_, context)| OpenRequest::new(context, now));
        let single = self.single.get(&self.shared, self.connection(), now);
        single.into_iter().chain(many).collect()
    }
}

/// The number of the request by HTTP/1.1, of which there is one at a time.
const SINGLE: u64 = 0;

/// What is told of the one open request of a connection: noted without a lock, for every request.
/// What is read while it changes may be of two requests.
#[derive(Default)]
struct Single {
    /// The place of the method in [`METHODS`], from 1; 0 for no request.
    method: AtomicU8,
    /// The place of the route, from 1; 0 for none.
    route: AtomicU32,
    /// When it began, in nanoseconds since the process looked first.
    started: AtomicU64,
}

const METHODS: [Method; 9] = [
    Method::GET,
    Method::POST,
    Method::HEAD,
    Method::PUT,
    Method::DELETE,
    Method::OPTIONS,
    Method::PATCH,
    Method::CONNECT,
    Method::TRACE,
];

impl Single {
    /// `false` for a request that cannot be told of in so few words.
    fn open(&self, context: &RequestContext) -> bool {
        let method = METHODS.iter().position(|it| it == context.method());
        let Some(method) = method.and_then(|place| u8::try_from(place + 1).ok()) else {
            return false;
        };
        let route = context.route().map_or(0, |route| route.index + 1);
        let Ok(route) = u32::try_from(route) else {
            return false;
        };
        let relaxed = Ordering::Relaxed;
        self.route.store(route, relaxed);
        self.started.store(since_epoch(context.started()), relaxed);
        self.method.store(method, Ordering::Release);
        true
    }

    fn close(&self) {
        self.method.store(0, Ordering::Release);
    }

    fn get(&self, shared: &Shared, connection: &Connection, now: Instant) -> Option<OpenRequest> {
        let method = usize::from(self.method.load(Ordering::Acquire)).checked_sub(1)?;
        let route = usize::try_from(self.route.load(Ordering::Relaxed)).ok()?;
        let route = route.checked_sub(1);
        let route = route.and_then(|place| shared.router.routes().get(place));
        let age = since_epoch(now).saturating_sub(self.started.load(Ordering::Relaxed));
        Some(OpenRequest {
            method: METHODS.get(method)?.to_string(),
            route: route.map(|route| route.pattern.clone()),
            age: Duration::from_nanos(age),
            peer: connection.peer,
        })
    }
}

/// Nanoseconds since the first look.
fn since_epoch(at: Instant) -> u64 {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    let epoch = *EPOCH.get_or_init(Instant::now);
    u64::try_from(at.saturating_duration_since(epoch).as_nanos()).unwrap_or(u64::MAX)
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
            .flat_map(|entry| entry.open_requests(now))
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
    pub age: Duration,
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
