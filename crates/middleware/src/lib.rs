//! The tower layers that every service needs.
//!
//! Each layer is a folder of one anatomy (`mod`, `layer`, `service`, and `body` where it follows a
//! stream), a plain [`tower_layer::Layer`], and composes with anybody's: it takes a request with
//! any body and hands on one with [`Body`](plumego_contract::Body). None of them buffers.
//!
//! | layer | what it does | where it belongs |
//! | --- | --- | --- |
//! | [`RequestIdLayer`] | gives every request an id | outermost |
//! | [`ObserveLayer`] | one record for every request: log, metrics, trace | right below |
//! | [`SecurityHeadersLayer`] | tells browsers what a page may do | below `ObserveLayer` |
//! | [`CorsLayer`] | which pages of other origins may read the answers | below `SecurityHeadersLayer` |
//! | [`AbuseGuardLayer`] | bounds how often a client may ask | below CORS |
//! | [`RecoverLayer`] | a panic becomes a 500, or ends the stream | below what marks every answer |
//! | [`RateLimitLayer`] | bounds how often by any key | on groups and routes |
//! | [`BodyLimitLayer`] | bounds the request body | below `RecoverLayer` |
//! | [`BodyDeadlineLayer`] | bounds how slowly the body may come | beside `BodyLimitLayer` |
//! | [`ConcurrencyLimitLayer`] | bounds how many requests run at once | below these |
//! | [`TimeoutLayer`] | bounds the time to the response | innermost |
//! | [`CsrfLayer`] | refuses what a page of another site sends | where cookies count |
//! | `CompressionLayer` | smaller responses (feature `compression`) | below CORS |
//! | `DecompressionLayer` | compressed request bodies (feature `compression`) | on routes |
//! | [`ConditionalLayer`] | 304 and 412 by `ETag` and dates | below compression |
//! | [`AuthenticateLayer`] and two more | who asks, and what they may do | on a group |
//! | [`TokenAuthLayer`] | one fixed token | on a group |
//! | [`DebugErrorsLayer`] | tells a developer more about errors | debug mode, below `ObserveLayer` |
//! | [`FusedLayer`] | most of the above as one service, at a fraction of the cost | outermost |
//! | [`from_fn`](from_fn()) | an async function as a layer | anywhere |
//! | [`around`] | what layers of your own that wait for something are made of | anywhere |
//!
//! Below [`RequestContext`](plumego_contract::RequestContext) is made by the router. In a foreign
//! stack the first of these layers makes one, without a route.

pub mod around;
pub mod auth;
pub mod body_deadline;
pub mod body_limit;
#[cfg(feature = "compression")]
pub mod compression;
pub mod concurrency_limit;
pub mod conditional;
pub mod cors;
pub mod csrf;
pub mod debug_errors;
#[cfg(feature = "compression")]
pub mod decompression;
mod early;
pub mod from_fn;
pub mod fused;
pub mod local;
pub mod observe;
mod origin;
pub mod rate_limit;
pub mod recover;
pub mod request_id;
pub mod security_headers;
pub mod timeout;
pub mod token_auth;
mod vary;

pub use self::auth::{AuthenticateLayer, AuthorizeLayer, SessionCheckLayer};
pub use self::body_deadline::BodyDeadlineLayer;
pub use self::body_limit::BodyLimitLayer;
#[cfg(feature = "compression")]
pub use self::compression::CompressionLayer;
pub use self::concurrency_limit::ConcurrencyLimitLayer;
pub use self::conditional::ConditionalLayer;
pub use self::cors::CorsLayer;
pub use self::csrf::CsrfLayer;
pub use self::debug_errors::DebugErrorsLayer;
#[cfg(feature = "compression")]
pub use self::decompression::DecompressionLayer;
pub use self::from_fn::{FromFnLayer, Next, from_fn};
pub use self::fused::{FusedGuard, FusedLayer};
pub use self::observe::ObserveLayer;
pub use self::rate_limit::{AbuseGuardLayer, RateLimitLayer};
pub use self::recover::RecoverLayer;
pub use self::request_id::RequestIdLayer;
pub use self::security_headers::SecurityHeadersLayer;
pub use self::timeout::TimeoutLayer;
pub use self::token_auth::TokenAuthLayer;
