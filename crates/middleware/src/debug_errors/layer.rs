use std::fmt;
use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use plumego_contract::{RequestContext, RouteInfo};
use tower_layer::Layer;

use super::DebugErrorsService;
use crate::local;
use crate::recover::note_places;

/// Tells a developer more about errors. See the [module](super).
#[derive(Clone)]
pub struct DebugErrorsLayer {
    pub(crate) routes: RouteList,
    /// `None`: everybody is told.
    viewers: Option<Arc<[Viewer]>>,
}

/// Whether somebody is told.
type Viewer = Arc<dyn Fn(&RequestContext, &HeaderMap) -> bool + Send + Sync>;

impl DebugErrorsLayer {
    /// Names routes of this list where none matches. Everybody is told.
    ///
    /// So that it can be told where a panic happened, a panic hook is set, once in a process. It
    /// calls the one that was there.
    pub fn new(routes: RouteList) -> Self {
        note_places();
        Self {
            routes,
            viewers: None,
        }
    }

    /// Tells only those who ask [from this machine](local), and those whom one of the viewers
    /// lets.
    #[must_use]
    pub fn local_or(mut self, viewers: impl IntoIterator<Item = Viewer>) -> Self {
        self.viewers = Some(viewers.into_iter().collect());
        self
    }

    pub(crate) fn tells(&self, context: &RequestContext, headers: &HeaderMap) -> bool {
        let Some(viewers) = &self.viewers else {
            return true;
        };
        local::check(context, headers).is_ok()
            || viewers.iter().any(|viewer| viewer(context, headers))
    }
}

impl fmt::Debug for DebugErrorsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebugErrorsLayer")
            .field("for_everybody", &self.viewers.is_none())
            .finish_non_exhaustive()
    }
}

/// The routes of an application, known once its router is frozen. Clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct RouteList(Arc<OnceLock<Vec<Arc<RouteInfo>>>>);

impl RouteList {
    /// A list that is not known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the routes known. The first list stays.
    pub fn set(&self, routes: impl IntoIterator<Item = Arc<RouteInfo>>) {
        let _ = self.0.set(routes.into_iter().collect());
    }

    pub(super) fn get(&self) -> &[Arc<RouteInfo>] {
        self.0.get().map(Vec::as_slice).unwrap_or_default()
    }
}

impl<S> Layer<S> for DebugErrorsLayer {
    type Service = DebugErrorsService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DebugErrorsService {
            inner,
            layer: self.clone(),
        }
    }
}
