use std::pin::Pin;

use http::request::Parts;
use plumego_contract::Error;
use plumego_contract::conditional::Validators;

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
