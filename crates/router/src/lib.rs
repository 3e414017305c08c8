//! The router of Plumego: patterns, groups, handlers, layers, names, freeze.
//!
//! A [`Router`] collects routes. [`Router::freeze`] checks all of them, reports every mistake at
//! once, and builds a [`Frozen`] table that is never changed afterwards. A lookup takes no lock,
//! keeps nothing, and costs at most one visit of each node of the table, whatever the path.
//!
//! It knows no server: an application hands each request to [`Frozen::dispatch`], and as a tower
//! service a frozen router runs in any stack. A program that serves one fixed answer to everything
//! needs no router; an [`Endpoint`] is enough.
//!
//! ```
//! use http::{Request, StatusCode};
//! use plumego_contract::{AppContext, Body, RequestContext, State};
//! use plumego_router::Router;
//! use tower_service::Service as _;
//!
//! async fn show(cx: RequestContext, State(greeting): State<&'static str>) -> String {
//!     format!("{greeting}, {}", cx.param("name").unwrap_or_default())
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let mut frozen = Router::new()
//!     .state("Hello")
//!     .group("/api", |r| r.get("/hello/{name}", show).name("hello"))
//!     .freeze(AppContext::default())?;
//!
//! let path = frozen.url("hello", [("name", "Ada Lovelace")])?;
//! assert_eq!(path, "/api/hello/Ada%20Lovelace");
//!
//! let request = Request::get(path).header("host", "example.com").body(Body::empty())?;
//! let Ok(response) = frozen.call(request).await;
//! assert_eq!(response.status(), StatusCode::OK);
//! assert_eq!(response.into_body().into_bytes(1024).await?, "Hello, Ada Lovelace");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! All mistakes come at once, with the lines that made them:
//!
//! ```
//! use plumego_contract::AppContext;
//! use plumego_router::Router;
//!
//! let problems = Router::new()
//!     .get("/users/{id}", async || "one")
//!     .get("/users/{name}", async || "other")
//!     .get("/{*rest}/edit", async || "never")
//!     .freeze(AppContext::default())
//!     .unwrap_err();
//! assert_eq!(problems.iter().count(), 2);
//! assert!(problems.to_string().contains("unreachable, GET /users/{id} comes first"));
//! ```
//!
//! # Which route answers
//!
//! A route matches when its path **and** its method do. At each segment static text comes before a
//! parameter, a parameter before a wildcard, and a dead end leads back to the next best. At one
//! place a route for the method comes first, then GET's for HEAD, then ANY's.
//!
//! When routes have the path and none has the method, the answer is `405` with `Allow`, the union
//! over all of them; OPTIONS is answered with `204` and the same `Allow`. The order of registration
//! never matters.
//!
//! # How a path is read
//!
//! The raw path is split at its slashes, then each segment is decoded on its own: `%2F` in a
//! parameter is a slash of the value, never a new segment. In the value of a wildcard it stays
//! `%2F`. A parameter with a broken escape or without valid UTF-8 is `400 malformed_path`. A
//! parameter is never empty. Dot segments are not resolved: clients have done so.
//!
//! # Layers
//!
//! The first layer written is the outermost, and a layer covers all routes of its router or group
//! wherever they are written. From outside: the root's, those of the groups, those of
//! [`Router::wrap`], the handler. They are composed once, at freeze.
//!
//! # Limits and defaults
//!
//! | | |
//! | --- | --- |
//! | segments in a pattern | at most [`MAX_SEGMENTS`] |
//! | arguments of a handler | at most 12 |
//! | slashes | [`Slashes::Strict`] |
//! | host | HTTP/1.1 without exactly one valid `Host` is `400 missing_host` |
//! | body | the route's `max_body_bytes`, else the application's; extractors hold it |
//!
//! # Cancel safety
//!
//! Dropping a [`ResponseFuture`] drops the handler where it waits. Whether that happens when a
//! client goes away is the route's [`on_disconnect`](Router::on_disconnect), held by the server.

mod endpoint;
mod freeze;
mod frozen;
mod guard;
mod handler;
mod identify;
mod outcome;
mod pattern;
mod router;
mod slashes;
mod table;

pub use self::endpoint::{BoxResponse, ContextLayer, Endpoint, EndpointFuture};
pub use self::frozen::{Dispatch, Frozen, FrozenFuture, NO_PARAMS, ResponseFuture};
pub use self::handler::Handler;
pub use self::identify::{IdentifyingLayer, identifies};
pub use self::pattern::{MAX_SEGMENTS, Pattern, PatternError};
pub use self::router::Router;
pub use self::slashes::Slashes;
