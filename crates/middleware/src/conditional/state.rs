use std::pin::Pin;
use std::time::SystemTime;

use http::HeaderMap;
use http::header::{ETAG, LAST_MODIFIED};
use http::request::Parts;
use plumego_contract::Error;

use super::EntityTag;

/// What tells one state of a resource from another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Validators {
    /// Its tag.
    pub tag: Option<EntityTag>,
    /// When it last changed; whole seconds count.
    pub modified: Option<SystemTime>,
}

impl Validators {
    /// A state that is known by its tag.
    pub fn tagged(tag: EntityTag) -> Self {
        Self {
            tag: Some(tag),
            modified: None,
        }
    }

    /// A state that is known by the time of its last change.
    pub fn modified(at: SystemTime) -> Self {
        Self {
            tag: None,
            modified: Some(at),
        }
    }

    /// Those that a response carries.
    pub fn of(headers: &HeaderMap) -> Self {
        let tag = headers.get(ETAG);
        let modified = headers.get(LAST_MODIFIED).and_then(|at| at.to_str().ok());
        Self {
            tag: tag.and_then(|tag| EntityTag::parse(tag.as_bytes())),
            modified: modified.and_then(|at| httpdate::parse_http_date(at).ok()),
        }
    }
}

/// Knows the present state of what a request is about, before its handler runs.
///
/// Asked for every request with conditions but GET and HEAD. Between the answer and the handler
/// somebody else may change the resource: a store that compares and swaps closes that gap.
pub trait CurrentState: Send + Sync + 'static {
    /// The validators; `None` when there is no such resource yet.
    ///
    /// # Errors
    /// Any; it is answered instead of the handler's response.
    fn current(
        &self,
        parts: &Parts,
    ) -> impl Future<Output = Result<Option<Validators>, Error>> + Send;
}

/// The future of an [`ErasedCurrentState`].
pub type StateFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Validators>, Error>> + Send + 'a>>;

/// [`CurrentState`] as a trait object. Implemented for all of them, never by hand.
pub trait ErasedCurrentState: Send + Sync + 'static {
    /// See [`CurrentState::current`].
    fn current_erased<'a>(&'a self, parts: &'a Parts) -> StateFuture<'a>;
}

impl<T: CurrentState> ErasedCurrentState for T {
    fn current_erased<'a>(&'a self, parts: &'a Parts) -> StateFuture<'a> {
        Box::pin(self.current(parts))
    }
}
