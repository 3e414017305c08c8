//! From choices to one layer.

use plumego_component::Viewer;
use plumego_contract::{Problem, Problems};
use plumego_middleware::debug_errors::RouteList;
use plumego_middleware::{
    AbuseGuardLayer, BodyDeadlineLayer, BodyLimitLayer, ConcurrencyLimitLayer, DebugErrorsLayer,
    FusedGuard, FusedLayer, ObserveLayer, RecoverLayer, RequestIdLayer, SecurityHeadersLayer,
    TimeoutLayer,
};
use plumego_observe::metrics::{MetricError, Metrics};
use plumego_router::Router;

use super::{Guards, stats};

/// The layers of [`Guards`], those that are on.
#[derive(Debug, Clone)]
pub(crate) struct GuardStack(FusedLayer);

impl GuardStack {
    /// Makes the layers; `routes` are known later, `viewers` may see what is behind errors. What
    /// cannot be made is left out, and told.
    pub(crate) fn new(
        guards: Guards,
        observe: Option<ObserveLayer>,
        (routes, viewers): (&RouteList, Vec<Viewer>),
        problems: &mut Problems,
    ) -> Self {
        let abuse_guard = guards.abuse_guard.map(|config| {
            AbuseGuardLayer::new(config).map_err(|error| {
                format!(
                    "abuse guard (rate {}, burst {}, max_keys {}; APP_ABUSE_GUARD_RATE, \
                     APP_ABUSE_GUARD_BURST, APP_ABUSE_GUARD_MAX_KEYS): {error}",
                    config.rate, config.burst, config.max_keys
                )
            })
        });
        let body_deadline = guards.body_deadline.map(BodyDeadlineLayer::new);
        if guards.timeout.is_some_and(|timeout| timeout.is_zero()) {
            problems.push(Problem::new(
                "timeout is 0s, so every request that waits would be 504: expected more than that, \
                 or `None` for no timeout",
            ));
        }
        let concurrency = guards.concurrency_limit.map(ConcurrencyLimitLayer::new);
        let cors = guards.cors.map(plumego_middleware::cors::CorsConfig::build);
        let mut layers = FusedLayer::default();
        layers.request_id = guards.request_id.then(RequestIdLayer::new);
        layers.observe = observe;
        layers.debug_errors = guards
            .debug_errors
            .then(|| DebugErrorsLayer::new(routes.clone()).local_or(viewers));
        layers.security_headers = guards.security_headers.map(SecurityHeadersLayer::new);
        layers.cors = cors.transpose().unwrap_or_else(|found| {
            problems.extend(found);
            None
        });
        layers.recover = guards.recover.then(RecoverLayer::new);
        layers.abuse_guard = abuse_guard.transpose().unwrap_or_else(|error| {
            problems.push(Problem::new(error));
            None
        });
        layers.body_limit = guards.body_limit.then(BodyLimitLayer::new);
        layers.body_deadline = body_deadline.transpose().unwrap_or_else(|error| {
            problems.push(Problem::new(error.to_string()));
            None
        });
        layers.concurrency_limit = concurrency.transpose().unwrap_or_else(|error| {
            problems.push(Problem::new(error.to_string()));
            None
        });
        // The time of the application is that of the guard.
        layers.timeout = guards.timeout.map(|_| TimeoutLayer::of_application());
        Self(layers)
    }

    /// Those whose bounds may change.
    pub(crate) fn limits(&self) -> (Option<ConcurrencyLimitLayer>, Option<AbuseGuardLayer>) {
        let Self(layers) = self;
        (layers.concurrency_limit.clone(), layers.abuse_guard.clone())
    }

    /// Tells the metrics what the limits do.
    pub(crate) fn register(&self, metrics: &Metrics) -> Result<(), MetricError> {
        if let Some(guard) = &self.0.abuse_guard {
            stats::abuse_guard(metrics, guard)?;
        }
        if let Some(limit) = &self.0.concurrency_limit {
            stats::concurrency_limit(metrics, limit)?;
        }
        Ok(())
    }

    /// The router with these layers outside of those that it gets from now on.
    pub(crate) fn add_to(self, router: Router) -> Router {
        let names = self.names();
        if names.is_empty() {
            return router;
        }
        router.context_layer(&names, FusedGuard::outermost(&self.0))
    }

    fn names(&self) -> Vec<&'static str> {
        let on = &self.0;
        [
            (on.request_id.is_some(), "RequestIdLayer"),
            (on.observe.is_some(), "ObserveLayer"),
            (on.debug_errors.is_some(), "DebugErrorsLayer"),
            (on.security_headers.is_some(), "SecurityHeadersLayer"),
            // Around the predicate of CORS, which is code of the program, and again below it.
            (on.recover.is_some() && on.cors.is_some(), "RecoverLayer"),
            (on.cors.is_some(), "CorsLayer"),
            (on.abuse_guard.is_some(), "AbuseGuardLayer"),
            (on.recover.is_some(), "RecoverLayer"),
            (on.body_limit.is_some(), "BodyLimitLayer"),
            (on.body_deadline.is_some(), "BodyDeadlineLayer"),
            (on.concurrency_limit.is_some(), "ConcurrencyLimitLayer"),
            (on.timeout.is_some(), "TimeoutLayer"),
        ]
        .into_iter()
        .filter_map(|(on, name)| on.then_some(name))
        .collect()
    }
}
