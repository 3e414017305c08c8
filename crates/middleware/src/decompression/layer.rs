use plumego_contract::RequestContext;
use plumego_stdx::Limit;
use tower_layer::Layer;

use super::DecompressionService;

/// Decodes compressed request bodies. See the [module](super).
#[derive(Debug, Clone, Copy)]
pub struct DecompressionLayer {
    limit: Option<Limit>,
    pub(super) max_ratio: u32,
}

impl DecompressionLayer {
    /// Takes the body limit of the route, else that of the application, or that of a
    /// [`BodyLimitLayer::of`](crate::BodyLimitLayer::of) around it when it is smaller, and a ratio
    /// of 100.
    pub fn new() -> Self {
        Self {
            limit: None,
            max_ratio: 100,
        }
    }

    /// Takes this limit for decoded bytes, whatever the route says. An extractor below still has
    /// its own.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.limit = Some(Limit::At(max_bytes));
        self
    }

    /// Sets how many times longer a decoded body may be, at least 1.
    #[must_use]
    pub fn max_ratio(mut self, max_ratio: u32) -> Self {
        self.max_ratio = max_ratio.max(1);
        self
    }

    /// `own` is that of a body limit layer around this one.
    pub(super) fn limit(self, context: &RequestContext, own: Option<u64>) -> Option<u64> {
        match self.limit {
            Some(limit) => limit.get(),
            None => own.into_iter().chain(context.max_body_bytes().get()).min(),
        }
    }
}

impl Default for DecompressionLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for DecompressionLayer {
    type Service = DecompressionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DecompressionService {
            inner,
            config: *self,
        }
    }
}
