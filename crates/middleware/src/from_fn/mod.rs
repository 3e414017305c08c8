//! An async function as a layer.
//!
//! The function gets the request and what comes next. It may answer by itself, change the request,
//! or change the response. It costs two boxed futures a request; a layer on the hot path of every
//! request is better written as a [`tower_service::Service`].
//!
//! ```
//! use plumego_contract::{Request, Response};
//! use plumego_middleware::{Next, from_fn};
//!
//! async fn no_store(request: Request, next: Next) -> Response {
//!     let mut response = next.run(request).await;
//!     let value = http::HeaderValue::from_static("no-store");
//!     response.headers_mut().insert(http::header::CACHE_CONTROL, value);
//!     response
//! }
//!
//! let layer = from_fn(no_store);
//! ```

mod layer;
mod service;

pub use self::layer::{FromFnLayer, from_fn};
pub use self::service::{FromFnService, Next};
