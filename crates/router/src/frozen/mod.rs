//! The frozen router: dispatch, the list of routes, reverse URLs.

mod dispatch;
mod host;
mod lookup;
mod params;
mod url;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use http::Method;
use plumego_contract::{AppContext, RouteInfo};

pub use self::dispatch::{Dispatch, FrozenFuture, ResponseFuture};
pub use self::url::NO_PARAMS;
use crate::pattern::Pattern;
use crate::table::{Captures, Found, HostRule, Table};
use crate::{Endpoint, Slashes};

/// An immutable table of routes. Cheap to clone; nothing in it takes a lock or grows.
///
/// It is a tower service for requests with any body. A server calls [`Frozen::dispatch`], which
/// gives it the request's context beside the response.
#[derive(Clone)]
pub struct Frozen(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) app: Arc<AppContext>,
    pub(crate) table: Table,
    pub(crate) slashes: Slashes,
    pub(crate) entries: Vec<Entry>,
    pub(crate) infos: Arc<[Arc<RouteInfo>]>,
    pub(crate) names: HashMap<String, usize>,
    pub(crate) fallbacks: Vec<Endpoint>,
    /// What answers for the router itself within the layers of each group. The root is the first.
    pub(crate) outcomes: Vec<Endpoint>,
}

/// What dispatch needs of a route, at the place of its record.
pub(crate) struct Entry {
    pub(crate) endpoint: Endpoint,
    pub(crate) pattern: Pattern,
    pub(crate) host: HostRule,
    pub(crate) scope: usize,
    /// The number of segments of the prefix, when it is a mount or a site.
    pub(crate) mount: Option<usize>,
    pub(crate) is_site: bool,
}

impl Frozen {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Every route, in the order of registration. A route's `index` is its place here.
    pub fn routes(&self) -> &[Arc<RouteInfo>] {
        &self.0.infos
    }

    /// The route that a request with this method and path leads to when it is bound to no host:
    /// what [`Frozen::dispatch`] finds, without a request. For tools and tests. `None` also when
    /// the path is there and the method is not.
    pub fn find(&self, method: &Method, path: &str) -> Option<&Arc<RouteInfo>> {
        let mut captures = Captures::new();
        match self.0.table.find(None, path, method, &mut captures) {
            Found::Route(route) => self.0.infos.get(route),
            _ => None,
        }
    }

    /// What every request of the application shares.
    pub fn app(&self) -> &Arc<AppContext> {
        &self.0.app
    }
}

impl fmt::Debug for Frozen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.infos.iter().map(ToString::to_string))
            .finish()
    }
}
