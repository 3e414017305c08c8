//! The metrics as text.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use plumego_contract::{Context, Error};
use plumego_middleware::local::Readers;
use plumego_observe::metrics::{CONTENT_TYPE as OPEN_METRICS, Metrics};
use plumego_router::Router;
use plumego_stdx::Secret;

/// The route of the metrics: OpenMetrics 1.0 text, as Prometheus reads it.
///
/// They tell a stranger much. So they are given to who asks from this machine: from a loopback
/// address, for `localhost` or such an address, without a header that proxies add, and for no page
/// of another origin. Anybody else is answered 401, unless there is a [token](Self::token), or they
/// are [public](Self::public) because the network lets nobody else come near.
///
/// ```
/// use plumego_app::MetricsEndpoint;
/// use plumego_stdx::Secret;
///
/// let from_elsewhere = MetricsEndpoint::default().token(Secret::new("a long one".to_owned()));
/// let behind_a_wall = MetricsEndpoint::at("/internal/metrics").public();
/// # drop((from_elsewhere, behind_a_wall));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricsEndpoint {
    /// Whether there is one. Default: true.
    pub enabled: bool,
    /// Where it is. Default: `/metrics`.
    pub path: String,
    /// Who may read them. Default: who asks from this machine.
    pub readers: Readers,
}

impl Default for MetricsEndpoint {
    fn default() -> Self {
        Self::at("/metrics")
    }
}

impl MetricsEndpoint {
    /// At this path.
    pub fn at(path: impl Into<String>) -> Self {
        Self {
            enabled: true,
            path: path.into(),
            readers: Readers::Local,
        }
    }

    /// Gives them to whoever shows this token (`Authorization: Bearer …`), too.
    #[must_use]
    pub fn token(self, token: Secret<String>) -> Self {
        Self {
            readers: Readers::Token(token),
            ..self
        }
    }

    /// Gives them to everybody who reaches the server.
    #[must_use]
    pub fn public(self) -> Self {
        Self {
            readers: Readers::Everybody,
            ..self
        }
    }

    /// None at all.
    pub fn disabled() -> Self {
        Self {
            enabled: false,
            ..Self::default()
        }
    }

    /// The route, to be merged into those of the application; none when it is disabled.
    #[must_use]
    pub fn routes(&self, metrics: &Metrics) -> Router {
        if !self.enabled {
            return Router::new();
        }
        let (metrics, readers) = (metrics.clone(), self.readers.clone());
        Router::new()
            .get(&self.path, async move |cx: Context| {
                readers.admit(cx.request_context(), cx.headers())?;
                let headers = [(CONTENT_TYPE, OPEN_METRICS), (CACHE_CONTROL, "no-store")];
                Ok::<_, Error>((headers, metrics.encode()))
            })
            .operational()
            .description("The metrics")
    }
}
