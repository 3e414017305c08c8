use std::sync::Arc;

use plumego_stdx::Shards;
use tower_layer::Layer;

use super::gate::Gate;
use super::{
    ConcurrencyLimitConfig, ConcurrencyLimitError, ConcurrencyLimitService, ConcurrencyStats,
};

/// Bounds how many requests run at once. See the [module](super).
///
/// Clones share the slots.
#[derive(Debug, Clone)]
pub struct ConcurrencyLimitLayer {
    pub(crate) gate: Arc<Shards<Arc<Gate>>>,
}

impl ConcurrencyLimitLayer {
    /// # Errors
    /// `max_concurrent` is out of bounds.
    pub fn new(config: ConcurrencyLimitConfig) -> Result<Self, ConcurrencyLimitError> {
        config.check()?;
        Ok(Self {
            gate: Arc::new(shards(Gate::new(config))),
        })
    }

    /// Other limits from now on. Requests that run go on; when there are more of them than may
    /// be, nobody else begins until enough have ended.
    ///
    /// # Errors
    /// `max_concurrent` is out of bounds; nothing has changed.
    pub fn set(&self, config: ConcurrencyLimitConfig) -> Result<(), ConcurrencyLimitError> {
        config.check()?;
        self.gate.here().set(config);
        Ok(())
    }

    /// What it is doing and has done, for metrics.
    pub fn stats(&self) -> ConcurrencyStats {
        self.gate.here().stats()
    }
}

/// One gate; only the references to it are counted apart.
fn shards(gate: Gate) -> Shards<Arc<Gate>> {
    let gate = Arc::new(gate);
    Shards::new(|| Arc::clone(&gate))
}

impl<S> Layer<S> for ConcurrencyLimitLayer {
    type Service = ConcurrencyLimitService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ConcurrencyLimitService {
            inner,
            gate: Arc::clone(&self.gate),
        }
    }
}
