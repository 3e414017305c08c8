//! A question to a component: how do you fare?

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use plumego_contract::{BoxError, Health, HealthStatus};

/// What a check found; the error is for the log alone.
pub(crate) type Finding = Result<Health, BoxError>;

type Ask = dyn Fn() -> Pin<Box<dyn Future<Output = Finding> + Send>> + Send + Sync;

/// A check of a component's health and how its answer counts.
///
/// ```
/// use std::time::Duration;
/// use plumego_component::Check;
/// use plumego_contract::Health;
///
/// async fn ping() -> Result<(), std::io::Error> { Ok(()) }
///
/// let check = Check::new(ping).named("replica").optional().timeout(Duration::from_millis(500));
/// let other = Check::new(|| Health::degraded("half of the cache is cold"));
/// # let _ = (check, other);
/// ```
#[derive(Clone)]
pub struct Check {
    pub(crate) name: Option<&'static str>,
    pub(crate) critical: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) ask: Arc<Ask>,
}

impl Check {
    /// A check that asks this closure or function, async or not. It answers a [`Health`], a
    /// [`HealthStatus`], `()` for healthy, or a `Result` of one of these.
    ///
    /// An error is `unhealthy`; its text goes to the log and nowhere else. What is not async must
    /// not block: it runs on a thread of the runtime.
    pub fn new<M>(check: impl HealthCheck<M>) -> Self {
        Self {
            name: None,
            critical: true,
            timeout: None,
            ask: check.into_ask(),
        }
    }

    /// Tells several checks of one component apart: `db` becomes `db.replica`.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// The application can do without it: while the check is unhealthy, the application is
    /// degraded and stays ready.
    ///
    /// Use it for what all replicas share and for what only some requests need: when a shared
    /// database is away, taking every replica out of the load balancer makes errors that the
    /// application could have explained into refused connections. Default: critical.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.critical = false;
        self
    }

    /// The time for one answer; beyond it the check is unhealthy.
    /// Default: [`HealthConfig::timeout`](crate::HealthConfig::timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("critical", &self.critical)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A closure or function without arguments, async or not, that answers how a component fares.
///
/// `M` tells the two kinds apart and is never written by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a health check",
    label = "not a health check",
    note = "a check is `|| …`, `async || …` or a function without arguments",
    note = "it answers `Health`, `HealthStatus`, `()` or a `Result` of one of these"
)]
pub trait HealthCheck<M>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_ask(self) -> Arc<Ask>;
}

/// Tells that a check answers at once.
#[derive(Debug, Clone, Copy)]
pub enum AtOnce {}

/// Tells that a check answers a future.
#[derive(Debug, Clone, Copy)]
pub enum Later {}

impl<F, A> HealthCheck<(AtOnce, A)> for F
where
    F: Fn() -> A + Send + Sync + 'static,
    A: CheckAnswer,
{
    fn into_ask(self) -> Arc<Ask> {
        let check = Arc::new(self);
        Arc::new(move || {
            let check = Arc::clone(&check);
            // Inside of the future, so that a panic is caught where those of async checks are.
            Box::pin(async move { check().finding() })
        })
    }
}

impl<F, Fut> HealthCheck<(Later, Fut)> for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output: CheckAnswer> + Send + 'static,
{
    fn into_ask(self) -> Arc<Ask> {
        let check = Arc::new(self);
        Arc::new(move || {
            let check = Arc::clone(&check);
            Box::pin(async move {
                let answer = check();
                answer.await.finding()
            })
        })
    }
}

/// What a check may answer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer of a health check",
    note = "a check answers `Health`, `HealthStatus`, `()` or a `Result` of one of these"
)]
pub trait CheckAnswer {
    #[doc(hidden)]
    fn finding(self) -> Finding;
}

impl CheckAnswer for Health {
    fn finding(self) -> Finding {
        Ok(self)
    }
}

impl CheckAnswer for HealthStatus {
    fn finding(self) -> Finding {
        Ok(self.into())
    }
}

impl CheckAnswer for () {
    fn finding(self) -> Finding {
        Ok(Health::healthy())
    }
}

impl<T: CheckAnswer, E: Into<BoxError>> CheckAnswer for Result<T, E> {
    fn finding(self) -> Finding {
        self.map_err(Into::into)?.finding()
    }
}
