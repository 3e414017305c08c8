use tower_layer::Layer;

use super::RecoverService;

/// Turns panics into 500. See the [module](super).
#[derive(Debug, Clone, Copy, Default)]
pub struct RecoverLayer {
    _private: (),
}

impl RecoverLayer {
    /// The layer; there is nothing to choose.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S> Layer<S> for RecoverLayer {
    type Service = RecoverService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RecoverService { inner }
    }
}
