//! The server: listeners, connections, deadlines, drain.
//!
//! It hands each request to the frozen router and sends what comes back.

mod accept;
mod body;
mod connection;
mod events;
mod flow;
mod frames;
mod http1;
mod io;
pub(crate) mod listener;
mod metrics;
mod pace;
mod peers;
mod portion;
mod redirect;
mod registry;
mod request;
mod stranger;
#[cfg(feature = "http2")]
mod stream;
#[cfg(not(feature = "http2"))]
#[path = "no_stream.rs"]
mod stream;
#[cfg(test)]
mod tests;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;
mod turns;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use http::HeaderMap;
use plumego_component::Tasks;
use plumego_contract::{Connection, TrustedProxies};
use plumego_router::Frozen;
use plumego_stdx::Limit;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

pub(crate) use self::listener::{Bound, Endpoint, UNIX, take_inherited};
pub use self::listener::{IntoListener, Listener};
pub(crate) use self::metrics::ServerMetrics;
use self::peers::Peers;
pub(crate) use self::redirect::{Redirect, Redirection};
pub use self::registry::OpenRequest;
use self::registry::{Entry, Listed, Registry};
use self::stranger::Stranger;
pub(crate) use self::stream::{HTTP2, StreamLimits};
pub(crate) use self::tls::Tls;
#[cfg(feature = "tls")]
pub use self::tls::TlsConfig;
#[cfg(not(feature = "tls"))]
pub(crate) use self::tls::TlsConfig;
use self::turns::Turns;
pub(crate) use self::watch::Timeouts;
use crate::reload::Times;

/// The bounds of a server, as its connections need them.
#[derive(Debug, Clone)]
pub(crate) struct Tuning {
    pub(crate) times: Arc<Times>,
    pub(crate) max_header_bytes: usize,
    pub(crate) max_connections: usize,
    pub(crate) max_connections_per_ip: Limit,
    /// Whose connections are those of many clients.
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) http2: bool,
    pub(crate) streams: StreamLimits,
}

/// The most connections that can be asked for.
const MAX_CONNECTIONS: usize = 1 << 24;

const SERVING: u8 = 0;
const DRAINING: u8 = 1;
const CUT: u8 = 2;

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) tuning: Tuning,
    pub(crate) router: Frozen,
    tls: Option<Tls>,
    redirect: Option<Redirect>,
    pub(crate) metrics: ServerMetrics,
    /// The open connections.
    pub(crate) registry: Arc<Registry>,
    /// The ended connections of handlers that run on.
    alone: Arc<Registry>,
    /// Handlers whose client has gone and that run to the end.
    pub(crate) finishing: Tasks,
    /// The tasks of the connections and of their streams.
    pub(crate) tracker: TaskTracker,
    permits: Arc<Semaphore>,
    peers: Arc<Peers>,
    stranger: Stranger,
    state: AtomicU8,
    handed_over: AtomicBool,
    /// Who ends when, once the server drains.
    pub(crate) turns: Turns,
    draining: CancellationToken,
}

impl Shared {
    fn new(tuning: Tuning, router: Frozen, metrics: ServerMetrics, tasks: &Tasks) -> Self {
        let peers = Peers::new(
            tuning.max_connections_per_ip,
            tuning.trusted_proxies.clone(),
        );
        Self {
            peers: Arc::new(peers),
            stranger: Stranger::default(),
            permits: Arc::new(Semaphore::new(
                tuning.max_connections.clamp(1, MAX_CONNECTIONS),
            )),
            tuning,
            router,
            tls: None,
            redirect: None,
            metrics,
            registry: Arc::default(),
            alone: Arc::default(),
            finishing: tasks.group("requests"),
            tracker: TaskTracker::new(),
            state: AtomicU8::new(SERVING),
            handed_over: AtomicBool::new(false),
            turns: Turns::default(),
            draining: CancellationToken::new(),
        }
    }

    /// What answers the requests of this connection.
    fn router_of(&self, connection: &Connection) -> &Frozen {
        match &self.redirect {
            Some(redirect) if redirect.has(connection) && !connection.tls => &redirect.router,
            _ => &self.router,
        }
    }

    /// Whether a connection that came in here speaks TLS.
    fn tls_of(&self, connection: &Connection) -> Option<&Tls> {
        let is_plain = |redirect: &Redirect| redirect.has(connection);
        let tls = self.tls.as_ref()?;
        (!self.redirect.as_ref().is_some_and(is_plain)).then_some(tls)
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.state.load(Ordering::Acquire) >= DRAINING
    }

    fn open_requests(&self) -> Vec<OpenRequest> {
        let mut open = self.registry.open_requests();
        open.append(&mut self.alone.open_requests());
        open.sort_by_key(|request| std::cmp::Reverse(request.age));
        open
    }

    fn drain_begins(&self) -> WaitForCancellationFutureOwned {
        self.draining.clone().cancelled_owned()
    }

    /// Keeps the requests of an ended connection in the books.
    fn list_alone(&self, entry: &Arc<Entry>) -> Listed {
        self.alone.list(entry)
    }

    /// Looks at the first request of a connection, whether somebody forwards who is not believed.
    fn note_stranger(&self, connection: &Connection, headers: &HeaderMap) {
        self.stranger
            .look(&self.tuning.trusted_proxies, connection, headers);
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.state.load(Ordering::Acquire) >= CUT
    }
}

/// A server that runs.
pub(crate) struct Server {
    shared: Arc<Shared>,
    addrs: Vec<SocketAddr>,
    stop_accepting: CancellationToken,
    acceptor: Option<JoinHandle<()>>,
}

impl Server {
    /// Begins to accept connections on these listeners.
    pub(crate) fn start(
        listeners: Vec<Bound>,
        tuning: Tuning,
        (tls, redirect): (Option<Tls>, Option<Redirect>),
        router: Frozen,
        metrics: ServerMetrics,
        tasks: &Tasks,
    ) -> Self {
        let mut shared = Shared::new(tuning, router, metrics, tasks);
        shared.tls = tls;
        shared.redirect = redirect.map(|it| it.bound_to(&listeners));
        let shared = Arc::new(shared);
        let stop_accepting = CancellationToken::new();
        let addrs = listeners.iter().filter_map(Bound::local_addr).collect();
        let acceptor = accept::run(shared.clone(), listeners, stop_accepting.clone());
        Self {
            addrs,
            acceptor: Some(tokio::spawn(acceptor)),
            shared,
            stop_accepting,
        }
    }

    /// The addresses that are bound.
    pub(crate) fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Takes what waits in the backlogs, then closes the listeners. What waits at sockets that were
    /// handed over is left to the successor.
    pub(crate) async fn stop_accepting(&mut self, handed_over: bool) {
        self.shared
            .handed_over
            .store(handed_over, Ordering::Release);
        self.stop_accepting.cancel();
        if let Some(acceptor) = self.acceptor.take()
            && acceptor.await.is_err()
        {
            tracing::error!("the accept loop ended with a panic");
        }
    }

    /// Ends idle connections, one after the other, and the others after the answers they owe. The
    /// window is the time for everything to end.
    pub(crate) fn drain(&self, window: Duration) {
        self.shared.turns.begin(self.connections(), window);
        self.shared.state.fetch_max(DRAINING, Ordering::AcqRel);
        self.shared.draining.cancel();
        self.shared.registry.wake_all();
    }

    /// Waits until every connection has ended, and every handler that outlived its own; until the
    /// deadline at most. Says every `interval` how many are left.
    pub(crate) async fn wait(&self, deadline: Instant, interval: Duration) -> bool {
        let interval = interval.max(Duration::from_millis(10));
        self.shared.tracker.close();
        loop {
            let next = deadline.min(Instant::now() + interval);
            if tokio::time::timeout_at(next, self.shared.tracker.wait())
                .await
                .is_ok()
            {
                break;
            }
            if next >= deadline {
                return false;
            }
            let requests = self.open_requests().len();
            let connections = self.connections();
            tracing::info!(connections, requests, "draining");
        }
        self.shared.finishing.join(deadline).await.is_empty()
    }

    /// Looks at the server from outside.
    pub(crate) fn view(&self) -> View {
        View(self.shared.clone())
    }

    /// How many connections are open.
    pub(crate) fn connections(&self) -> usize {
        self.shared.registry.len()
    }

    /// The requests that are open, the oldest first.
    pub(crate) fn open_requests(&self) -> Vec<OpenRequest> {
        self.shared.open_requests()
    }

    /// Ends everything now.
    pub(crate) async fn cut(&self) {
        let left = self.connections();
        self.shared.metrics.cut.add(left as u64);
        self.shared.state.store(CUT, Ordering::Release);
        self.shared.registry.wake_all();
        self.shared.finishing.abort_all();
        self.shared.tracker.close();
        // The connections end at their next poll; one that blocks its thread is not waited for.
        let patience = Duration::from_millis(250);
        let _ = tokio::time::timeout(patience, self.shared.tracker.wait()).await;
    }
}

/// What of a running server may be looked at.
#[derive(Clone)]
pub(crate) struct View(Arc<Shared>);

impl View {
    pub(crate) fn connections(&self) -> usize {
        self.0.registry.len()
    }

    pub(crate) fn open_requests(&self) -> Vec<OpenRequest> {
        self.0.open_requests()
    }
}
