use std::sync::Arc;

use tower_layer::Layer;

use super::places::Places;
use super::{Coding, CompressionService, Level};

/// Compresses responses. See the [module](super).
#[derive(Debug, Clone)]
pub struct CompressionLayer {
    pub(super) codings: Arc<[Coding]>,
    pub(super) level: Level,
    pub(super) min_bytes: u64,
    pub(super) places: Places,
}

/// How many bodies are compressed at once while they are sent.
const MAX_ENCODERS: usize = 256;

/// In the extensions of a response: leave this one as it is.
///
/// For a body that holds a secret beside what a client sent (BREACH, see the [module](super)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DontCompress;

impl CompressionLayer {
    /// Every coding, from 1 KiB on.
    pub fn new() -> Self {
        Self {
            codings: Arc::from(Coding::ALL),
            level: Level::default(),
            min_bytes: 1024,
            places: Places::new(MAX_ENCODERS),
        }
    }

    /// Offers these codings, the one to prefer first. None: nothing is compressed.
    #[must_use]
    pub fn codings(mut self, codings: impl IntoIterator<Item = Coding>) -> Self {
        self.codings = codings.into_iter().collect();
        self
    }

    /// Sets how much work goes into a response.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Leaves bodies below this length as they are, in bytes. Default: 1 KiB.
    #[must_use]
    pub fn min_bytes(mut self, min_bytes: u64) -> Self {
        self.min_bytes = min_bytes;
        self
    }

    /// Compresses at most so many bodies at once while they are sent; beyond that they go out as
    /// they are. Bodies in memory of up to 64 KiB do not count. Default: 256.
    #[must_use]
    pub fn max_encoders(mut self, max_encoders: usize) -> Self {
        self.places = Places::new(max_encoders);
        self
    }
}

impl Default for CompressionLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for CompressionLayer {
    type Service = CompressionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CompressionService {
            inner,
            config: self.clone(),
        }
    }
}
