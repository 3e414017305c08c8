use std::sync::{Arc, OnceLock};

use plumego_contract::RouteInfo;
use tower_layer::Layer;

use super::DebugErrorsService;

/// Tells a developer more about errors. See the [module](super).
#[derive(Debug, Clone)]
pub struct DebugErrorsLayer {
    pub(crate) routes: RouteList,
}

impl DebugErrorsLayer {
    /// Names routes of this list where none matches.
    pub fn new(routes: RouteList) -> Self {
        Self { routes }
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
            routes: self.routes.clone(),
        }
    }
}
