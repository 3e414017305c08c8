use plumego_contract::RequestContext;
use plumego_stdx::Limit;
use tower_layer::Layer;

use super::{BodyLimitService, Own};

/// Bounds the request body. See the [module](super).
#[derive(Debug, Clone, Copy, Default)]
pub struct BodyLimitLayer {
    limit: Option<Limit>,
}

impl BodyLimitLayer {
    /// Takes the limit of the route, else that of the application.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes this limit, in bytes, whatever the route says.
    pub fn of(max_bytes: u64) -> Self {
        Self {
            limit: Some(Limit::At(max_bytes)),
        }
    }

    /// The limit that neither the route nor the application knows of.
    pub(super) fn own(self) -> Option<Own> {
        self.limit.and_then(Limit::get).map(Own)
    }

    pub(super) fn max_bytes(self, context: &RequestContext) -> Option<u64> {
        self.limit.unwrap_or_else(|| context.max_body_bytes()).get()
    }
}

impl<S> Layer<S> for BodyLimitLayer {
    type Service = BodyLimitService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        BodyLimitService {
            inner,
            config: *self,
        }
    }
}
