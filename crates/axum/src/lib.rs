//! The bridge between Plumego and axum 0.8, in both directions.
//!
//! | To use … | write |
//! | --- | --- |
//! | an axum extractor in a Plumego handler | `Axum(Query(page)): Axum<Query<Page>>` |
//! | an axum response from a Plumego handler | `Axum(response)` |
//! | an axum router in a Plumego application | `Router::mount("/legacy", axum_router)` |
//! | a Plumego extractor in an axum handler | `Plumego(uri): Plumego<http::Uri>` |
//! | a Plumego response or error from an axum handler | `Plumego(response)` |
//! | a Plumego router in an axum application | `nest_service("/inner", WithPeer::new(frozen))` |
//!
//! Not for an application of one kind alone: each framework's own extractors know more of it.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use plumego_axum::{Axum, WithPeer};
//! use plumego_contract::AppContext;
//! use plumego_router::Router;
//!
//! #[derive(serde::Deserialize)]
//! struct Page {
//!     page: u32,
//! }
//!
//! // axum inside: its extractors in our handlers, its router under one of our prefixes.
//! async fn list(Axum(query): Axum<axum::extract::Query<Page>>) -> String {
//!     format!("page {}", query.page)
//! }
//! let legacy = axum::Router::new().route("/ping", axum::routing::get(async || "pong"));
//! let router = Router::new().get("/orders", list).mount("/legacy", legacy);
//!
//! // axum outside: our router under one of its prefixes.
//! let inner = router.freeze(AppContext::default()).unwrap();
//! let outer: axum::Router = axum::Router::new().nest_service("/shop", WithPeer::new(inner));
//! ```
//!
//! # Limits
//! - axum's `Path`, `RawPathParams` and `MatchedPath` read what only axum's router writes, with
//!   types that are private to axum. On a Plumego route they answer 500: use Plumego's `Path` and
//!   `MatchedRoute`. Inside a mounted axum router they work as ever.
//! - A rejection of axum becomes an error with its status. What it says is the detail when it is
//!   text of a 4xx, cut at [`MAX_DETAIL_BYTES`]; of a 5xx the log alone has it.
//! - The body limit is Plumego's: of the route, else of the application. axum's default of 2 MB
//!   does not hold in a Plumego handler.
//! - A Plumego extractor in a pure axum application has no state: `State` answers 500 there.

mod inside;
mod outside;
mod peer;
mod rejection;

pub use self::inside::Axum;
pub use self::outside::Plumego;
pub use self::peer::WithPeer;
pub use self::rejection::MAX_DETAIL_BYTES;
