//! What a component declares while the application is built.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as HttpBody;
use plumego_contract::{BoxError, Request, RequestContext};
use plumego_observe::log::LiveFilter;
use plumego_observe::metrics::Metrics;
use plumego_observe::record::RequestSink;
use plumego_observe::trace::Tracer;
use plumego_router::{Endpoint, Router};
use serde::Serialize;
use tower_layer::Layer;
use tower_service::Service;

use crate::Name;
use crate::drawers::{AdminDrawer, DebugDrawer, Drawers};
use crate::health::{Check, HealthCheck};
use crate::inspect::Inspect;
use crate::lifecycle::Hook;
use crate::tasks::TaskOutput;

/// What a component declares: everything takes effect once all components are installed, in the
/// order in which they start.
///
/// The methods chain:
///
/// ```
/// use plumego_component::Setup;
/// use plumego_contract::Health;
///
/// fn install(setup: &mut Setup<'_>) {
///     setup
///         .state(7_u32)
///         .routes(|r| r.get("/mail", async || "no mail"))
///         .health(async || Health::healthy())
///         .on_shutdown("say goodbye", async || tracing::info!("goodbye"));
/// }
/// ```
pub struct Setup<'a> {
    component: &'static str,
    inspect: &'a Inspect,
    declared: &'a mut Declared,
}

/// Whether somebody may see what is behind an error, in a development run.
pub type Viewer = Arc<dyn Fn(&RequestContext, &HeaderMap) -> bool + Send + Sync>;

type Assemble = Box<dyn FnOnce(&mut Drawers) -> Router + Send + Sync>;

/// What one component declared.
#[derive(Default)]
pub(crate) struct Declared {
    pub(crate) needs: Vec<&'static str>,
    pub(crate) layers: Vec<Box<dyn FnOnce(Router) -> Router + Send + Sync>>,
    pub(crate) router: Router,
    pub(crate) checks: Vec<(Check, &'static Location<'static>)>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) observers: Observers,
    pub(crate) viewers: Vec<Viewer>,
    pub(crate) admin: Option<AdminDrawer>,
    pub(crate) debug: Option<DebugDrawer>,
    pub(crate) assemble: Vec<Assemble>,
}

impl<'a> Setup<'a> {
    pub(crate) fn new(
        component: &'static str,
        inspect: &'a Inspect,
        declared: &'a mut Declared,
    ) -> Self {
        Self {
            component,
            inspect,
            declared,
        }
    }

    /// The name of the component that declares.
    pub fn component(&self) -> &'static str {
        self.component
    }

    /// Whether this is a development run.
    pub fn is_debug(&self) -> bool {
        self.inspect.is_debug()
    }

    /// The application, to be looked at once it is built. For a component that shows it to its
    /// operators.
    pub fn inspect(&self) -> &Inspect {
        self.inspect
    }

    /// Needs another component, as if it stood in
    /// [`dependencies`](crate::Component::dependencies): for a need that hangs on the
    /// configuration.
    pub fn depends_on(&mut self, component: &'static str) -> &mut Self {
        self.declared.needs.push(component);
        self
    }

    /// A value for [`State`](plumego_contract::State), for the whole application. A type that is
    /// given twice is a problem of the build.
    #[track_caller]
    pub fn state<T: Clone + Send + Sync + 'static>(&mut self, value: T) -> &mut Self {
        self.router(|router| router.state(value))
    }

    /// Routes. Layers that are written in here cover these routes alone.
    #[track_caller]
    pub fn routes(&mut self, routes: impl FnOnce(Router) -> Router) -> &mut Self {
        let routes = routes(Router::new());
        self.router(|router| router.merge(routes))
    }

    /// A layer around all routes of the application, those of others included.
    ///
    /// Outside of the layers of the application's routers and groups; inside of the guards and of
    /// the layers that the application itself was given. Components that start earlier are further
    /// out.
    pub fn layer<L, B>(&mut self, layer: L) -> &mut Self
    where
        L: Layer<Endpoint> + Send + Sync + 'static,
        L::Service: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let apply = move |router: Router| router.layer(layer);
        self.declared.layers.push(Box::new(apply));
        self
    }

    /// How the component fares: a closure or function without arguments, async or not, that runs
    /// in the background. What it may answer stands at [`Check::new`].
    ///
    /// A component without a check is healthy from its start to its stop.
    #[track_caller]
    pub fn health<M>(&mut self, check: impl HealthCheck<M>) -> &mut Self {
        self.check(Check::new(check))
    }

    /// [`health`](Self::health) with choices: a name of its own, a timeout, whether the
    /// application can do without it.
    #[track_caller]
    pub fn check(&mut self, check: Check) -> &mut Self {
        self.declared.checks.push((check, Location::caller()));
        self
    }

    /// The metrics of the application, to count into.
    pub fn metrics(&self) -> &Metrics {
        self.inspect.metrics()
    }

    /// Which events the application logs; it may be changed while the application runs.
    pub fn log_filter(&self) -> &LiveFilter {
        self.inspect.live_filter()
    }

    /// Gets the record of every request when it is over, beside the access log and the metrics.
    pub fn sink(&mut self, sink: impl RequestSink + 'static) -> &mut Self {
        self.declared.observers.sinks.push(Arc::new(sink));
        self
    }

    /// Gets the record of every request in place of the metrics that the application keeps itself.
    #[doc(alias = "WithMetricsCollector")]
    pub fn metrics_collector(&mut self, collector: impl RequestSink + 'static) -> &mut Self {
        self.declared.observers.collects = true;
        self.sink(collector)
    }

    /// Decides which traces are recorded, and takes the spans of the application. A second one is
    /// a problem of the build.
    #[doc(alias = "WithTracer")]
    pub fn tracer(&mut self, tracer: impl Tracer + 'static) -> &mut Self {
        self.declared.observers.tracers.push(Arc::new(tracer));
        self
    }

    /// Something to do when the application stops, after the components. Runs once, the last
    /// registered first, also when the application never came to its start.
    pub fn on_shutdown<F, Fut>(&mut self, name: impl Into<Name>, hook: F) -> &mut Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: TaskOutput> + Send + 'static,
    {
        self.declared.hooks.push(Hook::new(name, hook));
        self
    }

    /// The admin drawer: routes by which an operator looks at the component and acts on it. They
    /// are shown by the component of the operator endpoints, under the name of this one and behind
    /// its guard; where there is none, nowhere. Called again, it adds routes.
    ///
    /// What changes something has an unsafe method: the guard asks more for those.
    ///
    /// ```
    /// use plumego_component::Setup;
    ///
    /// fn install(setup: &mut Setup<'_>) {
    ///     // `GET /ops/mailer/pending` for whoever may read.
    ///     setup.admin(|r| r.get("/pending", async || "3"));
    /// }
    /// ```
    #[track_caller]
    pub fn admin(&mut self, routes: impl FnOnce(Router) -> Router) -> &mut Self {
        let there = self.declared.admin.take();
        let there = there.map_or_else(Router::new, AdminDrawer::into_routes);
        self.declared.admin = Some(AdminDrawer {
            component: self.component,
            routes: there.merge(routes(Router::new())),
        });
        self
    }

    /// The debug drawer: a snapshot for developers, made when somebody looks, in a development run
    /// alone. It is called on a thread of the runtime, so it must not block; it should be small,
    /// and hold no secret. Called again, it replaces the one before.
    pub fn debug<T: Serialize>(
        &mut self,
        snapshot: impl Fn() -> T + Send + Sync + 'static,
    ) -> &mut Self {
        self.declared.debug = Some(DebugDrawer::new(self.component, snapshot));
        self
    }

    /// More routes, made when every component is installed and its drawers are known. For the
    /// component that shows them.
    pub fn assemble(
        &mut self,
        routes: impl FnOnce(&mut Drawers) -> Router + Send + Sync + 'static,
    ) -> &mut Self {
        self.declared.assemble.push(Box::new(routes));
        self
    }

    /// Lets somebody else see what is behind an error, beside those who ask from this machine, in a
    /// development run alone: whoever shows a token of the component, for instance.
    pub fn show_errors_to(
        &mut self,
        viewer: impl Fn(&RequestContext, &HeaderMap) -> bool + Send + Sync + 'static,
    ) -> &mut Self {
        self.declared.viewers.push(Arc::new(viewer));
        self
    }

    fn router(&mut self, change: impl FnOnce(Router) -> Router) -> &mut Self {
        self.declared.router = change(std::mem::take(&mut self.declared.router));
        self
    }
}

impl fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Setup").field(&self.component).finish()
    }
}

/// What the components brought for the router, and for whoever observes requests.
#[derive(Default)]
pub struct Contributions {
    pub(crate) layers: Vec<Box<dyn FnOnce(Router) -> Router + Send + Sync>>,
    pub(crate) routers: Vec<Router>,
    pub(crate) observers: Observers,
    pub(crate) viewers: Vec<Viewer>,
}

/// Who is told of requests and spans.
#[derive(Default)]
#[non_exhaustive]
pub struct Observers {
    /// Gets the record of every request.
    pub sinks: Vec<Arc<dyn RequestSink>>,
    /// Whether one of them is there in place of the application's own metrics of requests.
    pub collects: bool,
    /// Takes the spans; more than one is a mistake.
    pub tracers: Vec<Arc<dyn Tracer>>,
}

impl Observers {
    /// Adds those of another.
    pub fn append(&mut self, more: Self) {
        self.sinks.extend(more.sinks);
        self.collects |= more.collects;
        self.tracers.extend(more.tracers);
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers")
            .field("sinks", &self.sinks.len())
            .field("collects", &self.collects)
            .field("tracers", &self.tracers.len())
            .finish()
    }
}

impl Contributions {
    /// Who is told of requests and spans; empty afterwards.
    pub fn take_observers(&mut self) -> Observers {
        std::mem::take(&mut self.observers)
    }

    /// Who may see what is behind an error: those of [`Setup::show_errors_to`], once.
    pub fn take_viewers(&mut self) -> Vec<Viewer> {
        std::mem::take(&mut self.viewers)
    }

    /// Takes what one component declared.
    pub(crate) fn take(&mut self, declared: &mut Declared, drawers: &mut Drawers) -> Vec<Assemble> {
        self.layers.append(&mut declared.layers);
        self.routers.push(std::mem::take(&mut declared.router));
        let observers = std::mem::take(&mut declared.observers);
        self.observers.append(observers);
        self.viewers.append(&mut declared.viewers);
        drawers.admin.extend(declared.admin.take());
        drawers.debug.extend(declared.debug.take());
        std::mem::take(&mut declared.assemble)
    }

    /// Makes the routes that wait for the drawers.
    pub(crate) fn assemble(&mut self, waiting: Vec<Assemble>, mut drawers: Drawers) {
        for routes in waiting {
            self.routers.push(routes(&mut drawers));
        }
    }

    /// The router with the layers of the components inside of those that it has, and with their
    /// routes and states.
    #[must_use]
    pub fn add_to(self, router: Router) -> Router {
        let router = self
            .layers
            .into_iter()
            .fold(router, |router, layer| layer(router));
        self.routers.into_iter().fold(router, Router::merge)
    }
}

impl fmt::Debug for Contributions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contributions")
            .field("layers", &self.layers.len())
            .field(
                "routes",
                &self.routers.iter().map(Router::route_count).sum::<usize>(),
            )
            .finish_non_exhaustive()
    }
}
