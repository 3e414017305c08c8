//! A panic becomes a 500.
//!
//! A panic in a handler, in an extractor or in a layer below is caught: the client gets
//! `500 internal` and a trace id, the log gets the text of the panic. A panic inside a response
//! body that is already being sent ends the stream: HTTP/1.1 closes the connection, HTTP/2 resets
//! the stream, so that the client can tell a cut body from a whole one. The text of a panic never
//! reaches the client. With `panic = "abort"` nothing can be caught.
//!
//! The response carries [`Panicked`] in its extensions, so that
//! [`ObserveLayer`](crate::ObserveLayer) records the outcome.
//!
//! ```
//! use plumego_middleware::RecoverLayer;
//!
//! let layer = RecoverLayer::new();
//! ```

mod body;
mod layer;
mod place;
mod service;

use std::any::Any;
use std::fmt;

pub(crate) use self::body::RecoverBody;
pub use self::layer::RecoverLayer;
pub(crate) use self::place::note_places;
pub use self::service::{RecoverFuture, RecoverService};
pub(crate) use self::service::{answer, follow};

/// Marks a response, or the error of a response body, that a panic caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panicked;

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response body panicked")
    }
}

impl std::error::Error for Panicked {}

/// The text of a panic, for the log.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "(a panic without text)"
    }
}
