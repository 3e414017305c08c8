//! The layers that every application has unless it says otherwise.

mod stack;
mod stats;

use std::time::Duration;

use plumego_middleware::body_deadline::BodyDeadlineConfig;
use plumego_middleware::concurrency_limit::ConcurrencyLimitConfig;
use plumego_middleware::cors::CorsConfig;
use plumego_middleware::rate_limit::AbuseGuardConfig;
use plumego_security::headers::HeaderPolicy;

pub(crate) use self::stack::GuardStack;
use crate::config::ServerConfig;

/// Which of the layers that every application should have are on, and how.
///
/// They lie outside of all others, in the order of the fields, the first one outermost. So
/// everything is logged, counted and traced, also a 404, a 429 and a panic; every answer carries
/// the security headers, and those of CORS; and what costs nothing refuses before what costs more.
/// They are composed into one layer when the application is built; what is off costs nothing.
///
/// The configuration decides first: [`Guards::from_config`] is what `APP_ABUSE_GUARD_RATE` and its
/// like have set. [`AppBuilder::guards`](crate::AppBuilder::guards) changes these, and has the last
/// word:
///
/// ```
/// use plumego_app::App;
/// use plumego_middleware::cors::CorsConfig;
///
/// let app = App::builder()
///     .guards(|guards| {
///         guards.access_log = false;
///         guards.cors = Some(CorsConfig::origins(["https://app.example.com"]));
///     })
///     .build()?;
/// # Ok::<(), plumego_contract::Problems>(())
/// ```
///
/// Health probes and metrics are never refused by the abuse guard or the concurrency limit.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, and that is how they are read"
)]
pub struct Guards {
    /// Gives every request an id and sends it back as `X-Request-ID`; one that came in is kept when
    /// it is 1 to 128 visible ASCII characters. Default: on.
    pub request_id: bool,
    /// Sends `traceresponse` with the W3C trace context of the request. Default: on.
    pub trace: bool,
    /// Writes a line for every request. Default: on.
    pub access_log: bool,
    /// Counts requests, their time and their bytes by route. Default: on.
    pub metrics: bool,
    /// Shows what is behind an error: the line of the program, the causes, the nearest routes, as
    /// JSON or as a page. To whoever asks [from this machine](plumego_middleware::local), and to
    /// whom a component lets ([`Setup::show_errors_to`](plumego_component::Setup::show_errors_to)).
    /// For development alone. Default: [`ServerConfig::debug`], which is off.
    pub debug_errors: bool,
    /// Tells browsers what a page may do, on every answer. Default: [`HeaderPolicy::standard`].
    pub security_headers: Option<HeaderPolicy>,
    /// Lets pages of other origins read the answers, refusals included, and answers preflights
    /// before any limit. Default: off.
    pub cors: Option<CorsConfig>,
    /// Gives every client its share of the requests; beyond it `429 rate_limited`. Default: 100 a
    /// second, 200 at once, 100,000 clients.
    pub abuse_guard: Option<AbuseGuardConfig>,
    /// Turns a panic into `500 internal`; also one in the predicate of `cors`. Default: on. Without
    /// it the server answers all the same, and what the layers around would have added, logged and
    /// counted is lost.
    pub recover: bool,
    /// Holds request bodies to the limit of their route, else to that of the application: a body
    /// that is larger is `413 body_too_large`. Default: on. Extractors hold to it anyway.
    pub body_limit: bool,
    /// Holds request bodies to a minimum rate: `408 body_timeout` for one that comes more slowly.
    /// Default: 240 bytes a second after 10 s of waiting.
    pub body_deadline: Option<BodyDeadlineConfig>,
    /// Bounds how many requests run and how many wait; beyond it `503 server_busy` or
    /// `503 server_queue_timeout`. Bounds how many of them wait for the body of one client; beyond
    /// it `503 server_busy`. Default: 256, and 512 for 250 ms; 64 bodies.
    pub concurrency_limit: Option<ConcurrencyLimitConfig>,
    /// Bounds the time to the head of the response; beyond it `504 timeout`. Handlers read what is
    /// left of it from their `Context`. A route may have a time of its own, which holds only while
    /// this is on. Zero is a problem at build. Default: 30 s.
    pub timeout: Option<Duration>,
}

impl Guards {
    /// As the configuration has them. What it has no key for has its default.
    pub fn from_config(config: &ServerConfig) -> Self {
        Self {
            request_id: true,
            trace: true,
            access_log: true,
            metrics: true,
            debug_errors: config.debug,
            security_headers: config.security_headers_enabled.then(HeaderPolicy::standard),
            cors: None,
            recover: true,
            abuse_guard: config.abuse_guard_enabled.then(|| abuse_guard(config)),
            body_limit: true,
            body_deadline: Some(BodyDeadlineConfig::default()),
            concurrency_limit: config
                .max_concurrency
                .get()
                .map(|_| concurrency_limit(config)),
            timeout: (!config.request_timeout.is_zero()).then_some(config.request_timeout),
        }
    }

    /// None of them.
    pub const fn none() -> Self {
        Self {
            request_id: false,
            trace: false,
            access_log: false,
            metrics: false,
            debug_errors: false,
            security_headers: None,
            cors: None,
            recover: false,
            abuse_guard: None,
            body_limit: false,
            body_deadline: None,
            concurrency_limit: None,
            timeout: None,
        }
    }
}

/// As [`ServerConfig::default`] has them: all of them but CORS.
impl Default for Guards {
    fn default() -> Self {
        Self::from_config(&ServerConfig::default())
    }
}

pub(crate) fn abuse_guard(config: &ServerConfig) -> AbuseGuardConfig {
    let mut guard = AbuseGuardConfig::default();
    guard.rate = config.abuse_guard_rate;
    guard.burst = config.abuse_guard_burst;
    guard.max_keys = config.abuse_guard_max_keys;
    guard
}

/// Unlimited is as many as a limit may be.
pub(crate) fn concurrency_limit(config: &ServerConfig) -> ConcurrencyLimitConfig {
    let most = config.max_concurrency.get().unwrap_or(u64::MAX);
    let mut limit = ConcurrencyLimitConfig::default();
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    limit.max_concurrent = most.min(ConcurrencyLimitConfig::MAX_REQUESTS);
    limit.max_queued = config.queue_depth;
    limit.max_wait = config.queue_timeout;
    limit.max_waiting_bodies_per_client = config.max_waiting_bodies_per_client;
    limit
}
