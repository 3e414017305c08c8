use http::HeaderName;
use tower_layer::Layer;

use super::RequestIdService;

/// Gives every request an id. See the [module](super).
#[derive(Debug, Clone)]
pub struct RequestIdLayer {
    pub(crate) header: HeaderName,
    pub(super) keep_inbound: bool,
}

impl RequestIdLayer {
    /// Reads and writes `X-Request-ID`.
    pub fn new() -> Self {
        Self {
            header: HeaderName::from_static("x-request-id"),
            keep_inbound: true,
        }
    }

    /// Uses another header.
    #[must_use]
    pub fn header(mut self, header: HeaderName) -> Self {
        self.header = header;
        self
    }

    /// Gives a fresh id even when one came in.
    #[must_use]
    pub fn ignore_inbound(mut self) -> Self {
        self.keep_inbound = false;
        self
    }
}

impl Default for RequestIdLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for RequestIdLayer {
    type Service = RequestIdService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestIdService {
            inner,
            config: self.clone(),
        }
    }
}
