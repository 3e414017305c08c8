use std::sync::Arc;

use tower_layer::Layer;

use super::CsrfService;
use super::config::{CsrfConfig, Rules};

/// Refuses what a page of another site makes a browser send. See the [module](super).
#[derive(Debug, Clone, Default)]
pub struct CsrfLayer {
    pub(super) rules: Arc<Rules>,
}

impl CsrfLayer {
    /// The choices, with nothing trusted so far. [`CsrfLayer::default`] is the layer of those.
    #[expect(
        clippy::new_ret_no_self,
        reason = "a list of origins can be wrong; `build` tells"
    )]
    pub fn new() -> CsrfConfig {
        CsrfConfig::default()
    }
}

impl<S> Layer<S> for CsrfLayer {
    type Service = CsrfService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CsrfService {
            inner,
            config: self.clone(),
        }
    }
}
