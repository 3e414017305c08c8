use tower_layer::Layer;

use super::{BodyDeadlineConfig, BodyDeadlineError, BodyDeadlineService};

/// Bounds how slowly a request body may come. See the [module](super).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BodyDeadlineLayer {
    pub(crate) config: BodyDeadlineConfig,
}

impl BodyDeadlineLayer {
    /// The layer with these times.
    ///
    /// # Errors
    /// A value is out of bounds; the error says which and what it may be.
    pub fn new(config: BodyDeadlineConfig) -> Result<Self, BodyDeadlineError> {
        config.check()?;
        Ok(Self { config })
    }
}

impl<S> Layer<S> for BodyDeadlineLayer {
    type Service = BodyDeadlineService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        BodyDeadlineService {
            inner,
            config: self.config,
        }
    }
}
