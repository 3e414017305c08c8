use plumego_security::limit::{KeyedStats, Quota};
use tower_layer::Layer;

use super::layer::Shared;
use super::{AbuseGuardConfig, RateLimitConfig, RateLimitError, RateLimitLayer, RateLimitService};

/// Gives every client its share of the application. See the [module](super).
///
/// ```
/// use plumego_middleware::AbuseGuardLayer;
/// use plumego_middleware::rate_limit::AbuseGuardConfig;
///
/// let mut config = AbuseGuardConfig::default();
/// config.rate = 20;
/// config.burst = 50;
/// let layer = AbuseGuardLayer::new(config)?;
/// # Ok::<(), plumego_middleware::rate_limit::RateLimitError>(())
/// ```
#[derive(Debug, Clone)]
pub struct AbuseGuardLayer(RateLimitLayer);

impl AbuseGuardLayer {
    /// The name of its policy in the headers.
    pub const NAME: &'static str = "abuse-guard";

    /// # Errors
    /// A number is out of bounds; the error says which and what it may be.
    pub fn new(config: AbuseGuardConfig) -> Result<Self, RateLimitError> {
        RateLimitLayer::named(RateLimitConfig {
            quota: Quota::per_second(config.rate, config.burst)?,
            max_keys: config.max_keys,
            headers: config.headers,
            ..RateLimitConfig::new(Self::NAME)
        })
        .map(Self)
    }

    /// Another rate a second and another burst, from the next request on; what a client has used
    /// up stays so.
    ///
    /// # Errors
    /// A number is out of bounds; nothing has changed.
    pub fn set(&self, rate: u64, burst: u64) -> Result<(), RateLimitError> {
        self.0.set_quota(Quota::per_second(rate, burst)?)
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    /// What has been done so far, for metrics.
    pub fn stats(&self) -> KeyedStats {
        self.0.stats()
    }
}

impl<S> Layer<S> for AbuseGuardLayer {
    type Service = RateLimitService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        self.0.layer(inner)
    }
}
