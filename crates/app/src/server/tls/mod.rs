//! TLS: certificates, handshakes, and what a connection knows of its client.
//!
//! A connection that is not TLS does not come here. One that is does its handshake in its own task,
//! under the deadline for the head; accepting goes on.

mod certificate;
mod client;
mod config;
mod fault;
mod handshake;
mod io;
mod metrics;
mod pem;
mod redirect;
mod subject;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use plumego_contract::{Connection, Problem, Problems};
use plumego_observe::metrics::{MetricError, Metrics};

use self::config::Active;
pub use self::config::TlsConfig;
use self::fault::Fault;
pub(crate) use self::io::TlsIo;
use self::metrics::TlsMetrics;
use super::connection::note;
use super::listener::Stream;
use super::redirect::Redirection;
use super::registry::Entry;
use super::{HTTP2, Shared};
use crate::config::ServerConfig;
use crate::reload::{Changes, Refused, Reload, Source};

/// The TLS of a server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tls(Arc<Inner>);

struct Inner {
    source: TlsConfig,
    http2: bool,
    current: RwLock<Arc<Active>>,
    metrics: TlsMetrics,
}

impl Inner {
    /// What new connections get.
    fn current(&self) -> Arc<Active> {
        let current = self.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tls {
    /// Reads and checks everything; `None` when there is none, or a problem.
    pub(crate) fn build(
        own: Option<TlsConfig>,
        config: &ServerConfig,
        metrics: &Metrics,
        problems: &mut Problems,
    ) -> Option<Self> {
        let before = problems.iter().count();
        let source = match own {
            Some(own) => own,
            None if config.tls.enabled => TlsConfig::from_settings(&config.tls),
            None => return None,
        };
        let mut tell = |message: String| problems.push(Problem::new(format!("tls: {message}")));
        let http2 = config.http2 && HTTP2;
        let active = source
            .load(http2)
            .map_err(|wrong| wrong.iter().for_each(|fault| tell(fault.to_string())));
        let counters = TlsMetrics::new(metrics).map_err(|error| tell(error.to_string()));
        let (Ok(active), Ok(counters)) = (active, counters) else {
            return None;
        };
        let tls = Self(Arc::new(Inner {
            source,
            http2,
            current: RwLock::new(Arc::new(active)),
            metrics: counters,
        }));
        if let Err(error) = tls.tell_expiry(metrics) {
            problems.push(Problem::new(format!("tls: {error}")));
        }
        (problems.iter().count() == before).then_some(tls)
    }

    fn tell_expiry(&self, metrics: &Metrics) -> Result<(), MetricError> {
        let inner = self.0.clone();
        metrics.gauge_fn(
            "http_tls_certificate_expiry_seconds",
            "When the first of the certificates expires, in seconds since 1970.",
            move || inner.current().not_after.map_or(f64::INFINITY, seconds),
        )
    }

    /// What reads the files again, when there are any.
    pub(crate) fn source(&self) -> Option<Box<dyn Source>> {
        let has_files = !self.0.source.paths().is_empty();
        has_files.then(|| Box::new(self.clone()) as Box<dyn Source>)
    }

    /// What is worth a look though it is no problem.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.0.current().warnings.clone()
    }

    /// The plain address that leads here.
    pub(crate) fn redirect(&self) -> Option<Redirection> {
        let (addr, port) = self.0.source.redirect()?;
        Some(Redirection {
            addr: addr.to_owned(),
            router: redirect::router(self.clone(), port),
        })
    }

    /// Whether one of the certificates is for this host.
    fn is_for(&self, name: &str) -> bool {
        self.0.current().is_for(name)
    }

    /// Serves one connection until it ends.
    pub(super) fn run(
        &self,
        shared: Arc<Shared>,
        stream: Stream,
        connection: Connection,
    ) -> impl Future<Output = ()> + Send + 'static {
        let tls = self.0.clone();
        async move {
            let entry = Arc::new(Entry::new(&shared, connection.with_tls(true)));
            let _listed = shared.registry.list(&entry);
            let ended = handshake::serve(&tls, &shared, stream, &entry).await;
            note(&shared, &entry, &ended);
        }
    }
}

/// New connections get what was read; those that are open stay as they are. A chain and its key
/// are taken together or not at all, and one that is wrong leaves all of them as they were.
impl Reload for Tls {
    fn name(&self) -> &'static str {
        "tls"
    }

    fn paths(&self) -> Vec<PathBuf> {
        self.0.source.paths()
    }

    async fn reload(&self) -> Result<Changes, Refused> {
        let inner = self.0.clone();
        let reading = tokio::task::spawn_blocking(move || inner.source.load(inner.http2));
        let read = reading
            .await
            .map_err(|error| Refused::new(error.to_string()))?;
        let read = read.map_err(|faults| refused(&faults))?;
        let changes = read.changes_since(&self.0.current());
        if !changes.is_empty() {
            let current = self.0.current.write();
            *current.unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        }
        Ok(changes)
    }
}

fn refused(faults: &[Fault]) -> Refused {
    let mut problems = faults.iter().map(ToString::to_string);
    let first = Refused::new(problems.next().unwrap_or_default());
    let refused = problems.fold(first, Refused::and);
    if faults.iter().any(Fault::may_pass) {
        refused.passing()
    } else {
        refused
    }
}

/// Exact: no date of a certificate is beyond 2⁵³ seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to the year 285 million"
)]
fn seconds(time: i64) -> f64 {
    time as f64
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.source.fmt(f)
    }
}
