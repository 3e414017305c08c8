//! The metrics as text.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use plumego_observe::metrics::{CONTENT_TYPE as OPEN_METRICS, Metrics};
use plumego_router::Router;

/// The route of the metrics: OpenMetrics 1.0 text, as Prometheus reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricsEndpoint {
    /// Whether there is one. Default: true.
    pub enabled: bool,
    /// Where it is. Default: `/metrics`.
    pub path: String,
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
        let metrics = metrics.clone();
        Router::new()
            .get(&self.path, async move || {
                let headers = [(CONTENT_TYPE, OPEN_METRICS), (CACHE_CONTROL, "no-store")];
                (headers, metrics.encode())
            })
            .operational()
            .description("The metrics")
    }
}
