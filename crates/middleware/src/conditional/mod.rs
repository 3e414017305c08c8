//! Conditional requests (RFC 9110, section 13): 304 for what the client has, 412 for what changed.
//!
//! For answers with an `ETag` or a `Last-Modified`, the handler's own or a computed one. Not for
//! streams without either. Put it inside of the compression layer, so that it sees the tags as the
//! handler made them.
//!
//! GET and HEAD are held against the response of the handler: when that is 2xx, `If-Match` and
//! `If-Unmodified-Since` may make it a `412 precondition_failed`, `If-None-Match` and
//! `If-Modified-Since` a `304` without a body. The handler runs all the same; what is saved is the
//! way to the client.
//!
//! Any other method changes something, so its conditions must be known to hold **before** the
//! handler runs. Only the application can tell the present state: give the layer a
//! [`CurrentState`]. Without one such requests go through untouched and the handler has to look at
//! the conditions, for which there is [`evaluate`].
//!
//! ```
//! use http::request::Parts;
//! use plumego_contract::Error;
//! use plumego_middleware::ConditionalLayer;
//! use plumego_middleware::conditional::{CurrentState, EntityTag, Validators};
//!
//! struct Orders;
//!
//! impl CurrentState for Orders {
//!     async fn current(&self, parts: &Parts) -> Result<Option<Validators>, Error> {
//!         let revision = parts.uri.path().len(); // ask the database here
//!         Ok(Some(Validators::tagged(EntityTag::strong(format!("r{revision}")))))
//!     }
//! }
//!
//! let pages = ConditionalLayer::new().compute_tags();
//! let orders = ConditionalLayer::new().current_state(Orders);
//! ```
//!
//! # Limits and defaults
//! Tags are computed by choice alone, for bodies in memory of up to 1 MiB with status 200, unless
//! `Cache-Control: no-store`. A computed tag is a 128-bit hash of the body, strong, the same on
//! every node of one build. Nothing is buffered: a stream never gets a computed tag. Of a list in
//! `If-Match` or `If-None-Match` the first 64 members are looked at, and nothing after a malformed
//! one.

mod layer;
mod service;
mod state;

pub use self::layer::ConditionalLayer;
pub use self::service::{ConditionalFuture, ConditionalService};
pub use self::state::{CurrentState, ErasedCurrentState, StateFuture};
pub use plumego_contract::conditional::{EntityTag, Validators, Verdict, evaluate};
