//! What a developer may know of an error and a client may not.

use std::error::Error as _;
use std::panic::Location;

use super::{Error, Message};

/// The most causes that a report names.
const MAX_CAUSES: usize = 16;

/// What a developer may know of an error and a client may not: where it was made, and why.
///
/// [`Error::respond`] puts it into the extensions of the response when a layer asked for it with
/// [`RequestContext::want_error_reports`](crate::RequestContext::want_error_reports). It is never
/// sent by itself.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ErrorReport {
    /// The stable code.
    pub code: &'static str,
    /// What the client reads.
    pub detail: Option<Message>,
    /// The line of the program that made the error.
    pub location: &'static Location<'static>,
    /// The chain of sources, the nearest first; at most 16.
    pub causes: Vec<String>,
}

impl ErrorReport {
    pub(super) fn of(error: &Error) -> Self {
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source.filter(|_| causes.len() < MAX_CAUSES) {
            causes.push(cause.to_string());
            source = cause.source();
        }
        Self {
            code: error.0.code,
            detail: error.0.detail.clone(),
            location: error.0.location,
            causes,
        }
    }
}
