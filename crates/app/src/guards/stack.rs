//! From choices to one layer.

use plumego_contract::{Problem, Problems};
use plumego_middleware::debug_errors::RouteList;
use plumego_middleware::{
    AbuseGuardLayer, BodyDeadlineLayer, BodyLimitLayer, ConcurrencyLimitLayer, CorsLayer,
    DebugErrorsLayer, ObserveLayer, RecoverLayer, RequestIdLayer, SecurityHeadersLayer,
    TimeoutLayer,
};
use plumego_observe::metrics::{MetricError, Metrics};
use plumego_router::Router;

use super::maybe::{Maybe, Stack};
use super::{Guards, stats};

/// The layers of [`Guards`], those that are on.
#[derive(Debug)]
pub(crate) struct GuardStack {
    request_id: Option<RequestIdLayer>,
    observe: Option<ObserveLayer>,
    debug_errors: Option<DebugErrorsLayer>,
    security_headers: Option<SecurityHeadersLayer>,
    /// Around CORS, whose predicate is code of the program. The other one is inside of it, so that
    /// pages of other origins can read what it answers.
    outer_recover: Option<RecoverLayer>,
    cors: Option<CorsLayer>,
    recover: Option<RecoverLayer>,
    abuse_guard: Option<AbuseGuardLayer>,
    body_limit: Option<BodyLimitLayer>,
    body_deadline: Option<BodyDeadlineLayer>,
    concurrency_limit: Option<ConcurrencyLimitLayer>,
    timeout: Option<TimeoutLayer>,
}

impl GuardStack {
    /// Makes the layers; `routes` are known later. What cannot be made is left out, and told.
    pub(crate) fn new(
        guards: Guards,
        observe: Option<ObserveLayer>,
        routes: &RouteList,
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
        Self {
            request_id: guards.request_id.then(RequestIdLayer::new),
            observe,
            debug_errors: guards
                .debug_errors
                .then(|| DebugErrorsLayer::new(routes.clone())),
            security_headers: guards.security_headers.map(SecurityHeadersLayer::new),
            outer_recover: (guards.recover && cors.is_some()).then(RecoverLayer::new),
            cors: cors.transpose().unwrap_or_else(|found| {
                problems.extend(found);
                None
            }),
            recover: guards.recover.then(RecoverLayer::new),
            abuse_guard: abuse_guard.transpose().unwrap_or_else(|error| {
                problems.push(Problem::new(error));
                None
            }),
            body_limit: guards.body_limit.then(BodyLimitLayer::new),
            body_deadline: body_deadline.transpose().unwrap_or_else(|error| {
                problems.push(Problem::new(error.to_string()));
                None
            }),
            concurrency_limit: concurrency.transpose().unwrap_or_else(|error| {
                problems.push(Problem::new(error.to_string()));
                None
            }),
            // The time of the application is that of the guard.
            timeout: guards.timeout.map(|_| TimeoutLayer::of_application()),
        }
    }

    /// Those whose bounds may change.
    pub(crate) fn limits(&self) -> (Option<ConcurrencyLimitLayer>, Option<AbuseGuardLayer>) {
        (self.concurrency_limit.clone(), self.abuse_guard.clone())
    }

    /// Tells the metrics what the limits do.
    pub(crate) fn register(&self, metrics: &Metrics) -> Result<(), MetricError> {
        if let Some(guard) = &self.abuse_guard {
            stats::abuse_guard(metrics, guard)?;
        }
        if let Some(limit) = &self.concurrency_limit {
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
        let work = Stack(Maybe(self.concurrency_limit), Maybe(self.timeout));
        let body = Stack(Maybe(self.body_limit), Maybe(self.body_deadline));
        let inner = Stack(Maybe(self.recover), Stack(body, work));
        let cors = Stack(Maybe(self.outer_recover), Maybe(self.cors));
        let browsers = Stack(Maybe(self.security_headers), cors);
        let marks = Stack(browsers, Maybe(self.abuse_guard));
        let told = Stack(Maybe(self.observe), Maybe(self.debug_errors));
        let seen = Stack(Maybe(self.request_id), told);
        let all = Stack(seen, Stack(marks, inner));
        router.layers(&names, all)
    }

    fn names(&self) -> Vec<&'static str> {
        [
            (self.request_id.is_some(), "RequestIdLayer"),
            (self.observe.is_some(), "ObserveLayer"),
            (self.debug_errors.is_some(), "DebugErrorsLayer"),
            (self.security_headers.is_some(), "SecurityHeadersLayer"),
            (self.outer_recover.is_some(), "RecoverLayer"),
            (self.cors.is_some(), "CorsLayer"),
            (self.abuse_guard.is_some(), "AbuseGuardLayer"),
            (self.recover.is_some(), "RecoverLayer"),
            (self.body_limit.is_some(), "BodyLimitLayer"),
            (self.body_deadline.is_some(), "BodyDeadlineLayer"),
            (self.concurrency_limit.is_some(), "ConcurrencyLimitLayer"),
            (self.timeout.is_some(), "TimeoutLayer"),
        ]
        .into_iter()
        .filter_map(|(on, name)| on.then_some(name))
        .collect()
    }
}
