use std::sync::Arc;

use tower_layer::Layer;

use super::FusedService;
use super::service::Shared;
use crate::{
    AbuseGuardLayer, BodyDeadlineLayer, BodyLimitLayer, ConcurrencyLimitLayer, CorsLayer,
    DebugErrorsLayer, ObserveLayer, RecoverLayer, RequestIdLayer, SecurityHeadersLayer,
    TimeoutLayer,
};

/// Several layers as one. See the [module](super).
///
/// The fields stand in the order of the layers, the first one outermost. The default is none of
/// them.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct FusedLayer {
    /// Gives every request an id.
    pub request_id: Option<RequestIdLayer>,
    /// Makes one record of every request.
    pub observe: Option<ObserveLayer>,
    /// Tells a developer more about errors.
    pub debug_errors: Option<DebugErrorsLayer>,
    /// Tells browsers what a page may do.
    pub security_headers: Option<SecurityHeadersLayer>,
    /// Tells browsers which pages may read the answers.
    pub cors: Option<CorsLayer>,
    /// Bounds how often a client may ask.
    pub abuse_guard: Option<AbuseGuardLayer>,
    /// Turns a panic into a 500.
    pub recover: Option<RecoverLayer>,
    /// Bounds the request body.
    pub body_limit: Option<BodyLimitLayer>,
    /// Bounds how slowly the request body may come.
    pub body_deadline: Option<BodyDeadlineLayer>,
    /// Bounds how many requests run at once.
    pub concurrency_limit: Option<ConcurrencyLimitLayer>,
    /// Bounds the time to the response.
    pub timeout: Option<TimeoutLayer>,
}

impl<S> Layer<S> for FusedLayer {
    type Service = FusedService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        FusedService {
            inner,
            shared: Arc::new(Shared::shards(self, false)),
        }
    }
}
