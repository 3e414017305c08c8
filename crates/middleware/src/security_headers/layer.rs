use std::sync::Arc;

use plumego_security::headers::HeaderPolicy;
use tower_layer::Layer;

use super::SecurityHeadersService;

/// Adds security headers to every response. See the [module](super).
///
/// The default is [`HeaderPolicy::standard`].
#[derive(Debug, Clone, Default)]
pub struct SecurityHeadersLayer {
    pub(crate) policy: Arc<HeaderPolicy>,
}

impl SecurityHeadersLayer {
    /// The layer with this policy.
    pub fn new(policy: HeaderPolicy) -> Self {
        Self {
            policy: Arc::new(policy),
        }
    }
}

impl<S> Layer<S> for SecurityHeadersLayer {
    type Service = SecurityHeadersService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SecurityHeadersService {
            inner,
            policy: Arc::clone(&self.policy),
        }
    }
}
