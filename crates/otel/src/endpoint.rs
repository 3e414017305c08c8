//! The metrics as text at a path, for Prometheus.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use plumego_contract::{Context, Error, IntoResponse};
use plumego_middleware::local::Readers;
use plumego_observe::metrics::{CONTENT_TYPE as OPEN_METRICS, Metrics};

/// Where the metrics can be read, and by whom.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) path: String,
    pub(crate) readers: Readers,
}

impl Endpoint {
    /// The answer to one request.
    ///
    /// # Errors
    /// `401` for who may not read them.
    pub(crate) fn answer(
        &self,
        cx: &Context,
        metrics: &Metrics,
    ) -> Result<impl IntoResponse + use<>, Error> {
        self.readers.admit(cx.request_context(), cx.headers())?;
        let headers = [(CONTENT_TYPE, OPEN_METRICS), (CACHE_CONTROL, "no-store")];
        Ok((headers, metrics.encode()))
    }
}
