use std::fmt;

use plumego_contract::Error;
use plumego_security::limit::{LimitError, Quota};

use super::Key;

/// The number of keys both layers make room for when nothing else is said.
const DEFAULT_MAX_KEYS: usize = 100_000;

/// The headers in which answers speak of the limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RateLimitHeaders {
    /// None.
    Off,
    /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
    #[default]
    Standard,
    /// These, and the customary `X-RateLimit-Limit`, `-Remaining` and `-Reset` (the Unix time in
    /// seconds at which the quota is full again). Where limits stand inside each other, the
    /// customary three are those of the outermost.
    WithCustomary,
}

/// How a [`RateLimitLayer`](super::RateLimitLayer) counts.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RateLimitConfig {
    /// The name of the policy in the headers, by which a client tells this quota from the others
    /// that stand around it: give each its own. 1 to 64 visible ASCII characters or spaces, without
    /// quotes and backslashes; not [`AbuseGuardLayer::NAME`](super::AbuseGuardLayer::NAME).
    pub name: String,
    /// How often each key may ask. Default: 100 a second, 200 at once.
    pub quota: Quota,
    /// For how many keys there is room, 1 to 10⁷, at 32 bytes each. When all places are in use,
    /// newcomers share one quota. Default: 100 000.
    pub max_keys: usize,
    /// What is counted together. Default: [`Key::client_ip`].
    pub key: Key,
    /// Which headers answers carry. `Retry-After` is always sent with a refusal. Default:
    /// [`RateLimitHeaders::Standard`].
    pub headers: RateLimitHeaders,
}

impl RateLimitConfig {
    /// A policy of this name, with the defaults for everything else.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            quota: Quota::default(),
            max_keys: DEFAULT_MAX_KEYS,
            key: Key::client_ip(),
            headers: RateLimitHeaders::Standard,
        }
    }
}

/// What each client may ask of the whole application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AbuseGuardConfig {
    /// Requests a second, 1 to 10⁹. Default: 100.
    pub rate: u64,
    /// Requests at once, 1 to 10⁹. Default: 200.
    pub burst: u64,
    /// For how many clients there is room, 1 to 10⁷, at 32 bytes each. When all places are in use,
    /// newcomers share one quota. Default: 100 000.
    pub max_keys: usize,
    /// Which headers answers carry. `Retry-After` is always sent with a refusal. Default:
    /// [`RateLimitHeaders::Standard`].
    pub headers: RateLimitHeaders,
}

impl Default for AbuseGuardConfig {
    fn default() -> Self {
        Self {
            rate: 100,
            burst: 200,
            max_keys: DEFAULT_MAX_KEYS,
            headers: RateLimitHeaders::Standard,
        }
    }
}

/// A layer cannot be made of this configuration. The text says which value and what it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimitError(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Limit(LimitError),
    Name(String),
    Reserved(&'static str),
}

impl RateLimitError {
    pub(super) fn name(name: &str) -> Self {
        Self(Kind::Name(name.to_owned()))
    }

    pub(super) fn reserved(name: &'static str) -> Self {
        Self(Kind::Reserved(name))
    }
}

impl From<LimitError> for RateLimitError {
    fn from(error: LimitError) -> Self {
        Self(Kind::Limit(error))
    }
}

impl fmt::Display for RateLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rate limit: ")?;
        match &self.0 {
            Kind::Limit(error) => error.fmt(f),
            Kind::Name(name) => write!(
                f,
                "the name is {name:?}, it must be 1 to 64 visible ASCII characters or spaces, \
                 without quotes and backslashes"
            ),
            Kind::Reserved(name) => write!(
                f,
                "the name {name:?} is that of the abuse guard: give this limit another one, so \
                 that clients can tell them apart"
            ),
        }
    }
}

impl std::error::Error for RateLimitError {}

/// `500 internal`, for a `?` where an application is put together.
impl From<RateLimitError> for Error {
    #[track_caller]
    fn from(error: RateLimitError) -> Self {
        Self::internal(error)
    }
}
