use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Request};
use plumego_contract::{Error, RequestContext, Response, codes};
use plumego_security::limit::{Decision, KeyedLimiter, KeyedStats, Limiter, Quota};
use tokio::time::Instant;
use tower_layer::Layer;

use super::exempt::is_exempt;
use super::fields::{Fields, whole_seconds};
use super::key::{KeyOf, KeySource};
use super::{
    AbuseGuardLayer, Key, RateLimitConfig, RateLimitError, RateLimitHeaders, RateLimitService,
};

/// Bounds how often somebody may ask, by any [`Key`]. See the [module](super).
///
/// Clones share the limiter: put a clone on each of several groups to count them together.
#[derive(Clone)]
pub struct RateLimitLayer {
    pub(crate) shared: Arc<Shared>,
}

/// What the layer, its clones and their services share.
pub(crate) struct Shared {
    name: String,
    key: Key,
    limiter: KeyedLimiter,
    fields: Fields,
    epoch: Instant,
}

impl RateLimitLayer {
    /// # Errors
    /// A name or a number is out of bounds, or the name is that of the abuse guard; the error says
    /// which and what it may be.
    pub fn new(config: RateLimitConfig) -> Result<Self, RateLimitError> {
        if config.name == AbuseGuardLayer::NAME {
            return Err(RateLimitError::reserved(AbuseGuardLayer::NAME));
        }
        Self::named(config)
    }

    pub(super) fn named(config: RateLimitConfig) -> Result<Self, RateLimitError> {
        let fields = Fields::new(&config.name, &config.quota, config.headers)?;
        let shared = Shared {
            name: config.name,
            key: config.key,
            limiter: KeyedLimiter::new(config.quota, config.max_keys)?,
            fields,
            epoch: Instant::now(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Another quota for every key, from the next request on; what a key has used up stays so.
    ///
    /// # Errors
    /// The quota is slower than one in 4.29 s.
    pub fn set_quota(&self, quota: Quota) -> Result<(), RateLimitError> {
        Ok(self.shared.limiter.set_quota(quota)?)
    }

    /// What has been done so far, for metrics: requests let in, refused, counted against the
    /// overflow quota; places given away; keys.
    pub fn stats(&self) -> KeyedStats {
        self.shared.limiter.stats()
    }
}

impl fmt::Debug for RateLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitLayer")
            .field("name", &self.shared.name)
            .field("key", &self.shared.key)
            .field("limiter", &self.shared.limiter)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimitService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimitService {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Shared {
    /// `None` for a request that is not counted. `at` is now, not when the head was complete: a
    /// request that waited for its turn would be held against those that came after it.
    pub(crate) fn check<B>(
        &self,
        context: &RequestContext,
        request: &Request<B>,
        at: Instant,
    ) -> Option<Decision> {
        if is_exempt(context, request) {
            return None;
        }
        let key = KeyOf {
            key: &self.key,
            source: KeySource {
                context,
                headers: request.headers(),
                extensions: request.extensions(),
            },
        };
        let now = at.saturating_duration_since(self.epoch);
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        Some(self.limiter.check(&key, now))
    }

    /// Which headers [`mark`](Self::mark) adds.
    pub(crate) fn headers(&self) -> RateLimitHeaders {
        self.fields.kind()
    }

    /// A decision as there is one for each request.
    pub(crate) fn example(&self) -> Decision {
        Limiter::new(self.limiter.quota()).check(0)
    }

    /// The value of `RateLimit-Policy`, when it is another one than at first.
    pub(crate) fn changed_policy(&self) -> Option<HeaderValue> {
        self.fields.changed_policy(self.limiter.quota())
    }

    /// The value of `RateLimit-Policy`.
    pub(crate) fn put_policy(&self, put: impl FnOnce(&[u8])) {
        self.fields.put_policy(self.limiter.quota(), put);
    }

    /// The value of `RateLimit` in an answer.
    pub(crate) fn limit(&self, decision: &Decision) -> HeaderValue {
        self.fields.limit(decision, &self.limiter.quota())
    }

    /// The same in parts.
    pub(crate) fn put_limit(&self, decision: &Decision, put: impl FnMut(&[u8])) {
        let quota = self.limiter.quota();
        self.fields.put_limit(decision, &quota, put);
    }

    pub(crate) fn mark(&self, headers: &mut HeaderMap, decision: &Decision) {
        self.fields.add(headers, decision, self.limiter.quota());
    }

    pub(crate) fn refuse(&self, context: &RequestContext, decision: &Decision) -> Response {
        let error = Error::new(codes::RATE_LIMITED)
            .with_detail(format!(
                "Too many requests: the limit is {} at once, then one in {:?}.",
                decision.limit,
                self.limiter.quota().interval()
            ))
            .with_member("limit", decision.limit)
            .with_member("remaining", decision.remaining)
            .with_member("retry_after", whole_seconds(decision.retry_after).max(1))
            .with_member("violated-policies", vec![self.name.clone()])
            .with_retry_after(decision.retry_after);
        let mut response = error.respond(context);
        self.mark(response.headers_mut(), decision);
        response
    }
}
