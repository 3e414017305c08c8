//! Bounds how often somebody may ask.
//!
//! [`AbuseGuardLayer`] stands in front of a whole application and gives every client its share.
//! [`RateLimitLayer`] stands where you put it, a group or a route, and counts by a [`Key`] of your
//! choice. Both are one limiter ([`plumego_security::limit`]) and answer alike.
//!
//! Every answer carries two headers of structured fields
//! (draft-ietf-httpapi-ratelimit-headers-11):
//!
//! ```text
//! RateLimit-Policy: "abuse-guard";q=200;w=2  200 requests, earned again in 2 s
//! RateLimit: "abuse-guard";r=50;t=2          50 are left; in 2 s all are back
//! ```
//!
//! `t` is the time until the quota is full again, and when nothing is left (`r=0`) the time until
//! the next request is let in; both in seconds, rounded up. Where limits stand inside each other,
//! each adds its own line, under its own name.
//!
//! The fields know whole seconds alone. A quota that is full again in less is told by the second:
//! `q` is what a second lets in when it is spread evenly, and so is `r` until a refusal, whose `r`
//! is 0. Told as it is, 1 at once and 1000 a second would be one a second.
//!
//! Beyond the quota the answer is `429 rate_limited` with `Retry-After`: at least one second, and
//! enough. A refused request costs nothing, and the handler never sees it.
//!
//! Never limited are operational routes (health, metrics) and CORS preflights: a browser sends them
//! by itself, and their refusal looks like a broken site. A preflight is `OPTIONS` with `Origin`
//! and `Access-Control-Request-Method`, without credentials (`Authorization`, `Cookie`,
//! `Proxy-Authorization`), on a path whose `OPTIONS` the router answers: where a handler or a
//! fallback of yours runs, it counts like any other request.
//!
//! ```
//! use std::time::Duration;
//! use http::HeaderName;
//! use plumego_middleware::rate_limit::{Key, RateLimitConfig, RateLimitLayer};
//! use plumego_security::limit::Quota;
//!
//! // Five logins a minute, for each client and each route.
//! let mut config = RateLimitConfig::new("login");
//! config.quota = Quota::new(5, Duration::from_secs(60), 5)?;
//! config.key = Key::client_ip().and(Key::route());
//! let layer = RateLimitLayer::new(config)?;
//! assert_eq!(layer.stats().allowed, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Who a client is
//!
//! [`Key::client_ip`] takes the address of the other end, or what trusted proxies say. An IPv6
//! client is its /64, since a single household has 2⁶⁴ addresses; an IPv4 address in an IPv6 one
//! is itself. Where no address is known, all share one quota.
//!
//! Who holds a larger network, a /48 of 65 536 such clients, gets as many quotas; what all of them
//! together can do is bounded by [`ConcurrencyLimitLayer`](crate::ConcurrencyLimitLayer).
//!
//! Forwarding headers of anybody else are not read, so nobody gets a new quota by making one up. A
//! service behind a proxy must therefore name it as trusted, or all its clients are one.
//!
//! # Limits and defaults
//!
//! | what | default | bound |
//! | --- | --- | --- |
//! | rate | 100 a second | up to 10⁹ |
//! | burst | 200 | up to 10⁹ |
//! | keys | 100 000 (3.3 MB at most) | up to 10⁷; beyond them newcomers share one quota |

mod config;
mod exempt;
mod fields;
mod guard;
mod key;
mod layer;
mod service;

pub use self::config::{AbuseGuardConfig, RateLimitConfig, RateLimitError, RateLimitHeaders};
pub(crate) use self::exempt::is_operational;
pub(crate) use self::fields::{RATELIMIT, RATELIMIT_POLICY};
pub use self::guard::AbuseGuardLayer;
pub(crate) use self::key::network;
pub use self::key::{Key, KeySource};
pub use self::layer::RateLimitLayer;
pub use self::service::{RateLimitFuture, RateLimitService};
