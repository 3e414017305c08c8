//! A filter that changes while the program runs.

use std::sync::{Arc, PoisonError, RwLock};

use tracing::Metadata;
use tracing::level_filters::LevelFilter;

use super::filter::LogFilter;

/// A [`LogFilter`] that may be changed while it is in use. Cheap to clone; clones are one.
///
/// Events are not slower for it: `tracing` remembers what the filter said of each place in the
/// program, and asks again when it is changed.
///
/// ```
/// use plumego_observe::log::{LiveFilter, LogFilter};
///
/// let filter = LiveFilter::from(LogFilter::default());
/// filter.set("debug,hyper=warn".parse()?);
/// assert_eq!(filter.get().to_string(), "debug,hyper=warn");
/// # Ok::<(), plumego_observe::log::LogFilterError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LiveFilter(Arc<RwLock<LogFilter>>);

impl LiveFilter {
    /// Puts another filter in force.
    pub fn set(&self, filter: LogFilter) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = filter;
        tracing::callsite::rebuild_interest_cache();
    }

    /// The filter in force.
    pub fn get(&self) -> LogFilter {
        self.with(LogFilter::clone)
    }

    #[cfg_attr(
        not(feature = "log"),
        expect(dead_code, reason = "the subscriber asks")
    )]
    pub(super) fn allows(&self, metadata: &Metadata<'_>) -> bool {
        self.with(|filter| filter.allows_metadata(metadata))
    }

    #[cfg_attr(
        not(feature = "log"),
        expect(dead_code, reason = "the subscriber asks")
    )]
    pub(super) fn max_level(&self) -> LevelFilter {
        self.with(LogFilter::max_level)
    }

    fn with<T>(&self, ask: impl FnOnce(&LogFilter) -> T) -> T {
        ask(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<LogFilter> for LiveFilter {
    fn from(filter: LogFilter) -> Self {
        Self(Arc::new(RwLock::new(filter)))
    }
}
