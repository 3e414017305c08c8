use std::fmt;
use std::sync::Arc;

use plumego_observe::record::RequestSink;
use plumego_stdx::Shards;
use tower_layer::Layer;

use super::ObserveService;

/// Who is told.
pub(super) type Sinks = Arc<[Arc<dyn RequestSink>]>;

/// Hands one record of every request to every sink. See the [module](super).
#[derive(Clone)]
pub struct ObserveLayer {
    pub(super) sinks: Arc<Shards<Sinks>>,
    pub(crate) trace_response: bool,
    pub(crate) span_id: bool,
}

impl ObserveLayer {
    /// A layer without a sink: it continues traces and nothing more.
    pub fn new() -> Self {
        Self {
            sinks: shards(&Sinks::from([])),
            trace_response: true,
            span_id: false,
        }
    }

    /// Adds a sink; they are called in the order they were added.
    #[must_use]
    pub fn sink(mut self, sink: impl RequestSink + 'static) -> Self {
        let new: Arc<dyn RequestSink> = Arc::new(sink);
        let all: Sinks = self.sinks.here().iter().cloned().chain([new]).collect();
        self.sinks = shards(&all);
        self
    }

    /// Sends no `traceresponse` header.
    #[must_use]
    pub fn without_trace_response(mut self) -> Self {
        self.trace_response = false;
        self
    }

    /// Sends `X-Span-ID`, the id of the request's span, as well.
    #[must_use]
    pub fn with_span_id(mut self) -> Self {
        self.span_id = true;
        self
    }
}

fn shards(sinks: &Sinks) -> Arc<Shards<Sinks>> {
    Arc::new(Shards::new(|| Arc::clone(sinks)))
}

impl Default for ObserveLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ObserveLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserveLayer")
            .field("sinks", &self.sinks.here().len())
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = ObserveService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ObserveService {
            inner,
            config: self.clone(),
        }
    }
}
