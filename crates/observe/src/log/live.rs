//! A filter that changes while the program runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

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
pub struct LiveFilter(pub(super) Arc<Inner>);

#[derive(Debug, Default)]
pub(super) struct Inner {
    filter: RwLock<LogFilter>,
    pub(super) in_use: AtomicBool,
}

impl LiveFilter {
    /// Puts another filter in force.
    pub fn set(&self, filter: LogFilter) {
        *self
            .0
            .filter
            .write()
            .unwrap_or_else(PoisonError::into_inner) = filter;
        tracing::callsite::rebuild_interest_cache();
    }

    /// The filter in force.
    pub fn get(&self) -> LogFilter {
        self.with(LogFilter::clone)
    }

    /// Whether events go through it: not when the program brought its own subscriber, and then a
    /// change has no effect.
    pub fn is_in_use(&self) -> bool {
        self.0.in_use.load(Ordering::Relaxed)
    }

    pub(super) fn with<T>(&self, ask: impl FnOnce(&LogFilter) -> T) -> T {
        ask(&self.0.filter.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<LogFilter> for LiveFilter {
    fn from(filter: LogFilter) -> Self {
        Self(Arc::new(Inner {
            filter: RwLock::new(filter),
            in_use: AtomicBool::new(false),
        }))
    }
}
