//! Errors that tell a developer more. **For debug mode alone**: it shows lines of the program, the
//! causes of errors and the list of routes to whoever asks, unless
//! [`local_or`](DebugErrorsLayer::local_or) says that only the developer's own machine is told. An
//! application says so.
//!
//! A 4xx or 5xx that was made of an [`Error`](plumego_contract::Error) gets, beside what every
//! client sees: method, path and query, the line of the program that made the error, its causes,
//! and for a path that no route matches the nearest routes. In JSON these are the member `debug`
//! (with the original's envelope: members of `details`). A client that prefers `text/html` gets a
//! page; all text in it is escaped, and its `Content-Security-Policy` allows no script.
//!
//! A panic is told with the line where it happened, and the log has that line then too.
//!
//! What a handler answers by itself is left as it is, whatever its status, and so is every stream:
//! nothing is buffered.
//!
//! ```
//! use std::sync::Arc;
//! use http::Method;
//! use plumego_contract::{Methods, RouteInfo};
//! use plumego_middleware::DebugErrorsLayer;
//! use plumego_middleware::debug_errors::RouteList;
//!
//! let routes = RouteList::new();
//! let layer = DebugErrorsLayer::new(routes.clone());
//! // Once the router is frozen:
//! routes.set([Arc::new(RouteInfo::new(Methods::One(Method::GET), "/users/{id}"))]);
//! ```
//!
//! # Limits and defaults
//! Five nearest routes out of the first 2000; paths of up to 256 bytes are compared. Path, query
//! and each cause are cut after 1 KiB; at most 16 causes. The first 32 members of `Accept` are
//! looked at.

mod layer;
mod nearest;
mod page;
mod report;
mod service;

pub use self::layer::{DebugErrorsLayer, RouteList};
pub(crate) use self::service::Teller;
pub use self::service::{DebugErrorsFuture, DebugErrorsService};
