use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::{ConditionalService, CurrentState, ErasedCurrentState};

/// Answers conditional requests. See the [module](super).
#[derive(Clone, Default)]
pub struct ConditionalLayer {
    pub(super) tags_up_to: Option<usize>,
    pub(super) state: Option<Arc<dyn ErasedCurrentState>>,
}

impl ConditionalLayer {
    /// Goes by the `ETag` and `Last-Modified` of the handler alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Computes a strong tag for bodies in memory that have none, up to 1 MiB. What a mounted
    /// service answers, such as a router of axum, counts as a stream and gets none.
    #[must_use]
    pub fn compute_tags(self) -> Self {
        self.compute_tags_up_to(1024 * 1024)
    }

    /// Computes a strong tag for bodies in memory that have none, up to so many bytes. The hash
    /// takes about a millisecond for each MiB.
    #[must_use]
    pub fn compute_tags_up_to(mut self, max_bytes: usize) -> Self {
        self.tags_up_to = Some(max_bytes);
        self
    }

    /// Holds the conditions of all methods but GET and HEAD against this, before the handler. Not
    /// those of OPTIONS, TRACE and CONNECT, nor where no route takes the method.
    ///
    /// Put it inside of authentication: the answer tells the present state.
    #[must_use]
    pub fn current_state(mut self, state: impl CurrentState) -> Self {
        self.state = Some(Arc::new(state));
        self
    }
}

impl fmt::Debug for ConditionalLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConditionalLayer")
            .field("tags_up_to", &self.tags_up_to)
            .field("state", &self.state.is_some())
            .finish()
    }
}

impl<S> Layer<S> for ConditionalLayer {
    type Service = ConditionalService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ConditionalService {
            inner,
            config: self.clone(),
        }
    }
}
