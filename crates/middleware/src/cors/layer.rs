use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::policy::Policy;
use super::{CorsConfig, CorsService};

/// Tells browsers which pages may read the answers. See the [module](super).
#[derive(Clone)]
pub struct CorsLayer {
    pub(crate) policy: Arc<Policy>,
}

impl CorsLayer {
    /// Every origin, without credentials, with the default methods and headers. Everything else is
    /// made by a [`CorsConfig`].
    pub fn any_origin() -> Self {
        CorsConfig::public()
    }
}

impl fmt::Debug for CorsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CorsLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for CorsLayer {
    type Service = CorsService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CorsService {
            inner,
            policy: Arc::clone(&self.policy),
        }
    }
}
