use std::time::Duration;

use plumego_contract::{RequestContext, RouteTimeout};
use tower_layer::Layer;

use super::TimeoutService;

/// Bounds the time to the response. See the [module](super).
///
/// The default is 30 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeoutLayer {
    /// `None` is that of the application.
    timeout: Option<Duration>,
}

impl TimeoutLayer {
    /// For routes that have no time of their own. With zero, only what is ready at once is
    /// answered; leave the layer out for no timeout. In the guards of an application zero is a
    /// problem at build.
    pub fn new(timeout: Duration) -> Self {
        Self {
            timeout: Some(timeout),
        }
    }

    /// Takes the time of the application,
    /// [`AppContext::request_time`](plumego_contract::AppContext::request_time), which may change
    /// while it runs. Without one there is no timeout.
    pub fn of_application() -> Self {
        Self { timeout: None }
    }

    /// The time for this request.
    pub(crate) fn of(self, context: &RequestContext) -> Option<Duration> {
        match context.route().and_then(|route| route.timeout) {
            Some(RouteTimeout::After(timeout)) => Some(timeout),
            Some(RouteTimeout::Never) => None,
            None => self.timeout.or_else(|| context.app().request_time()),
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
