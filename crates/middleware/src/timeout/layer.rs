use std::time::Duration;

use plumego_contract::{RequestContext, RouteTimeout};
use tower_layer::Layer;

use super::TimeoutService;

/// Bounds the time to the response. See the [module](super).
///
/// The default is 30 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeoutLayer {
    timeout: Duration,
}

impl TimeoutLayer {
    /// For routes that have no time of their own. With zero, only what is ready at once is
    /// answered; leave the layer out for no timeout.
    pub fn new(timeout: Duration) -> Self {
        Self { timeout }
    }

    /// The time for this request.
    pub(super) fn of(self, context: &RequestContext) -> Option<Duration> {
        match context.route().and_then(|route| route.timeout) {
            Some(RouteTimeout::After(timeout)) => Some(timeout),
            Some(RouteTimeout::Never) => None,
            None => Some(self.timeout),
        }
    }
}

impl Default for TimeoutLayer {
    fn default() -> Self {
        Self::new(Duration::from_secs(30))
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = TimeoutService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TimeoutService {
            inner,
            config: *self,
        }
    }
}
