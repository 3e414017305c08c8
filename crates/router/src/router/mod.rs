//! The builder: routes, groups, layers.

mod auth;
mod mount;
mod reads;
mod route;

use std::any::TypeId;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http_body::Body as HttpBody;
use plumego_contract::auth::AuthRequirement;
use plumego_contract::extract::Needs;
use plumego_contract::{
    AppContext, BoxError, Methods, Problem, Problems, Request, RouteInfo, StateMap,
};
use tower_layer::Layer;
use tower_service::Service;

pub(crate) use self::mount::Tail;
use crate::endpoint::{LayerEntry, short_name};
use crate::{ContextLayer, Endpoint, Frozen, Handler, Slashes};

/// Routes, groups and layers on their way to a [`Frozen`] table.
///
/// A router is a value: every method takes it and gives it back, and [`Router::freeze`] consumes
/// it. Nothing is checked before that, so a mistake is never a panic; all of them come back at
/// once, each with the lines that made it.
///
/// ```
/// use plumego_contract::AppContext;
/// use plumego_router::Router;
///
/// let frozen = Router::new()
///     .get("/ping", async || "pong")
///     .group("/api", |r| {
///         r.get("/users/me", async || "me")
///             .get("/users/{id}", async || "user")
///             .name("users.show")
///     })
///     .freeze(AppContext::default())?;
///
/// assert_eq!(frozen.routes().len(), 3);
/// assert_eq!(frozen.url("users.show", [("id", 7)])?, "/api/users/7");
/// # Ok::<(), plumego_contract::Error>(())
/// ```
#[derive(Default)]
pub struct Router {
    pub(crate) items: Vec<Item>,
    pub(crate) layers: Vec<LayerEntry>,
    pub(crate) host: Option<(String, &'static Location<'static>)>,
    pub(crate) fallback: Option<End>,
    pub(crate) slashes: Option<(Slashes, &'static Location<'static>)>,
    pub(crate) states: Vec<StateEntry>,
    pub(crate) problems: Problems,
    pub(crate) needs_policy: bool,
    /// Whether the item added last is one that modifiers may speak of.
    open: bool,
}

pub(crate) enum Item {
    Route(Box<Route>),
    Group(Box<Group>),
}

/// A router below a prefix.
pub(crate) struct Group {
    pub(crate) prefix: String,
    pub(crate) router: Router,
    pub(crate) auth: Option<AuthRequirement>,
    pub(crate) location: &'static Location<'static>,
}

/// A route as it was written.
pub(crate) struct Route {
    pub(crate) pattern: String,
    pub(crate) end: End,
    pub(crate) layers: Vec<LayerEntry>,
    /// Everything that needs neither prefix nor layers to be known.
    pub(crate) info: RouteInfo,
    pub(crate) reach: Reach,
}

/// Which paths a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Those of its pattern.
    Pattern,
    /// The prefix and all below it.
    Mount,
    /// The same, where no other route has the path.
    Site,
}

/// The end of a route and what it needs.
pub(crate) struct End {
    pub(crate) endpoint: Endpoint,
    pub(crate) needs: Needs,
    pub(crate) location: &'static Location<'static>,
}

/// A state that a router brings along.
pub(crate) struct StateEntry {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
    pub(crate) insert: Box<dyn FnOnce(&mut StateMap) + Send + Sync>,
    pub(crate) location: &'static Location<'static>,
}

impl Router {
    /// No route, no layer.
    pub fn new() -> Self {
        Self::default()
    }

    /// A route for GET. HEAD is answered by it too, with the same headers and no body.
    #[track_caller]
    #[must_use]
    pub fn get<T: 'static>(self, pattern: &str, handler: impl Handler<T>) -> Self {
        self.method(Method::GET, pattern, handler)
    }

    /// A route for POST.
    #[track_caller]
    #[must_use]
    pub fn post<T: 'static>(self, pattern: &str, handler: impl Handler<T>) -> Self {
        self.method(Method::POST, pattern, handler)
    }

    /// A route for PUT.
    #[track_caller]
    #[must_use]
    pub fn put<T: 'static>(self, pattern: &str, handler: impl Handler<T>) -> Self {
        self.method(Method::PUT, pattern, handler)
    }

    /// A route for DELETE.
    #[track_caller]
    #[must_use]
    pub fn delete<T: 'static>(self, pattern: &str, handler: impl Handler<T>) -> Self {
        self.method(Method::DELETE, pattern, handler)
    }

    /// A route for PATCH.
    #[track_caller]
    #[must_use]
    pub fn patch<T: 'static>(self, pattern: &str, handler: impl Handler<T>) -> Self {
        self.method(Method::PATCH, pattern, handler)
    }

    /// A route for HEAD, where GET's own answer without the body is not what it should be.
    #[track_caller]
    #[must_use]
    pub fn head<T: 'static>(self, pattern: &str, handler: impl Handler<T>) -> Self {
        self.method(Method::HEAD, pattern, handler)
    }

    /// A route for OPTIONS, in place of the automatic answer (`204` with `Allow`).
    #[track_caller]
    #[must_use]
    pub fn options<T: 'static>(self, pattern: &str, handler: impl Handler<T>) -> Self {
        self.method(Method::OPTIONS, pattern, handler)
    }

    /// A route for every method that no other route with the same pattern has for itself.
    #[track_caller]
    #[must_use]
    pub fn any<T: 'static>(self, pattern: &str, handler: impl Handler<T>) -> Self {
        self.route(Methods::Any, pattern, End::handler(handler))
    }

    /// A route for a method of your choice, custom ones included.
    ///
    /// ```
    /// use http::Method;
    /// use plumego_router::Router;
    ///
    /// let purge = Method::from_bytes(b"PURGE")?;
    /// let router = Router::new().method(purge, "/cache/{key}", async || "gone");
    /// # assert_eq!(router.route_count(), 1);
    /// # Ok::<(), http::method::InvalidMethod>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn method<T: 'static>(
        self,
        method: Method,
        pattern: &str,
        handler: impl Handler<T>,
    ) -> Self {
        self.route(Methods::One(method), pattern, End::handler(handler))
    }

    /// Routes below a prefix, with layers of their own.
    ///
    /// `/` in the group is the prefix itself: `group("/api", |r| r.get("/", …))` answers `/api`,
    /// not `/api/`. A prefix of `""` or `"/"` groups without a prefix. The layers of the group
    /// cover all of its routes, that one included, and lie inside those of the routers around it.
    #[track_caller]
    #[must_use]
    pub fn group(mut self, prefix: &str, routes: impl FnOnce(Self) -> Self) -> Self {
        self.items.push(Item::Group(Box::new(Group {
            prefix: prefix.to_owned(),
            router: routes(Self::new()),
            auth: None,
            location: Location::caller(),
        })));
        self.open = true;
        self
    }

    /// All routes of another router, with the layers they have there.
    #[track_caller]
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        self.group("", |_| other)
    }

    /// Binds this router or group to a host: an exact name, or `*.example.com` for every name
    /// below one.
    ///
    /// Names are compared without port and case. An exact name comes before a wildcard, the longest
    /// wildcard before a shorter one, and routes without host come last. Behind a trusted proxy it
    /// is the forwarded host that counts. A group inside takes the host of the one around it,
    /// unless it names its own.
    #[track_caller]
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.host = Some((host.to_owned(), Location::caller()));
        self
    }

    /// A tower layer around all routes of this router or group, wherever they are written.
    ///
    /// The first one written is the outermost. The layers of the root also see what the router
    /// answers itself (404, 400, 308); 405 and automatic OPTIONS answers go through the layers of
    /// the group whose route has that path, so a CORS layer on a group sees its preflights.
    ///
    /// The layer is applied to each route on its own, when the router is frozen: what its services
    /// share, such as a limit, it must hold behind an `Arc`.
    #[must_use]
    pub fn layer<L, B>(self, layer: L) -> Self
    where
        L: Layer<Endpoint> + Send + Sync + 'static,
        L::Service: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.layers(&[short_name::<L>()], layer)
    }

    /// A stack of layers that was composed into one type, shown in the chain of a route under
    /// several names. One box for the whole stack.
    #[must_use]
    pub fn layers<L, B>(mut self, names: &[&'static str], layer: L) -> Self
    where
        L: Layer<Endpoint> + Send + Sync + 'static,
        L::Service: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.layers.push(LayerEntry::new(Arc::from(names), layer));
        self
    }

    /// A [`ContextLayer`], shown in the chain of a route under several names.
    #[must_use]
    pub fn context_layer<L: ContextLayer>(mut self, names: &[&'static str], layer: L) -> Self {
        self.layers
            .push(LayerEntry::with_context(Arc::from(names), layer));
        self
    }

    /// Answers what no route of this router or group matches, in place of `404 not_found`.
    ///
    /// A path that exists with other methods is still `405`.
    #[track_caller]
    #[must_use]
    pub fn fallback<T: 'static>(mut self, handler: impl Handler<T>) -> Self {
        let end = End::handler(handler);
        if let Some(first) = &self.fallback {
            let message = "a second fallback in one router: keep one of the two";
            self.problems
                .push(Problem::at(message, first.location).and_at(end.location));
        }
        self.fallback = Some(end);
        self.open = false;
        self
    }

    /// What becomes of trailing and doubled slashes. A choice of the root, once.
    #[track_caller]
    #[must_use]
    pub fn slashes(mut self, slashes: Slashes) -> Self {
        self.slashes = Some((slashes, Location::caller()));
        self
    }

    /// A value for [`State`](plumego_contract::State), for the whole application.
    #[track_caller]
    #[must_use]
    pub fn state<S: Clone + Send + Sync + 'static>(mut self, value: S) -> Self {
        self.states.push(StateEntry {
            id: TypeId::of::<S>(),
            name: std::any::type_name::<S>(),
            insert: Box::new(move |map| {
                map.insert(value);
            }),
            location: Location::caller(),
        });
        self
    }

    /// How many routes there are, those of groups included.
    pub fn route_count(&self) -> usize {
        self.items
            .iter()
            .map(|item| match item {
                Item::Route(_) => 1,
                Item::Group(group) => group.router.route_count(),
            })
            .sum()
    }

    /// The names of the layers of this router itself, the outermost first.
    pub fn layer_names(&self) -> Vec<&'static str> {
        let names = self.layers.iter().flat_map(|layer| layer.names.iter());
        names.copied().collect()
    }

    /// Checks everything and builds the table that requests are looked up in.
    ///
    /// # Errors
    /// Every mistake at once: malformed patterns, duplicate and unreachable routes, names given
    /// twice, states nobody provided, parameters that do not fit the handler, modifiers that follow
    /// no route.
    pub fn freeze(self, app: AppContext) -> Result<Frozen, Problems> {
        crate::freeze::freeze(self, app)
    }

    #[track_caller]
    fn route(mut self, methods: Methods, pattern: &str, end: End) -> Self {
        self.items.push(Item::Route(Box::new(Route {
            pattern: pattern.to_owned(),
            end,
            layers: Vec::new(),
            info: RouteInfo::new(methods, pattern),
            reach: Reach::Pattern,
        })));
        self.open = true;
        self
    }
}

impl End {
    #[track_caller]
    fn handler<H: Handler<T>, T: 'static>(handler: H) -> Self {
        let mut needs = Needs::new();
        H::needs(&mut needs);
        Self {
            endpoint: Endpoint::handler(handler),
            needs,
            location: Location::caller(),
        }
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes = self.items.iter().map(|item| match item {
            Item::Route(route) => format!("{} {}", route.info.methods, route.pattern),
            Item::Group(group) => format!("{} {:?}", group.prefix, group.router),
        });
        f.debug_list().entries(routes).finish()
    }
}
