//! Refuses what a page of another site makes a browser send.
//!
//! For routes that know their user by a cookie, by HTTP authentication of the browser, or by the
//! network they are reached from. Not needed where credentials stand in `Authorization: Bearer`,
//! which a foreign page cannot set. It needs no token in forms and no state.
//!
//! In this order, as Go 1.25's `CrossOriginProtection` does:
//!
//! 1. GET, HEAD and OPTIONS pass: they must not change anything. A WebSocket is opened with GET,
//!    so check its `Origin` where it is opened.
//! 2. `Sec-Fetch-Site: same-origin` or `none` (the user typed it) passes; any other value is
//!    refused. All browsers have sent it since 2023, and no page can set it.
//! 3. Without it, an `Origin` whose host and port are those of the request passes, any other is
//!    refused. Host and port are those of [`RequestContext::host`], which knows trusted proxies.
//! 4. Without both the request passes: no browser sent it.
//!
//! A trusted origin, or a route that was let out, passes at 2 and 3. Refused is
//! `403 csrf_rejected`.
//!
//! [`RequestContext::host`]: plumego_contract::RequestContext::host
//!
//! ```
//! use plumego_middleware::CsrfLayer;
//!
//! # fn main() -> Result<(), plumego_contract::Problems> {
//! let layer = CsrfLayer::new()
//!     .trust("https://checkout.example.com")
//!     .bypass("POST /webhooks/{*rest}")
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Limits and defaults
//! Nothing is trusted and nothing is let out by default. A site on another subdomain counts as
//! foreign (`same-site`), since a subdomain may be somebody else's. The lists are walked for a
//! refused request alone; keep them short.

mod config;
mod layer;
mod service;

pub use self::config::CsrfConfig;
pub use self::layer::CsrfLayer;
pub use self::service::CsrfService;
pub use crate::early::EarlyFuture;
