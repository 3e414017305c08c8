//! What a component declares while the application is built.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use bytes::Bytes;
use http_body::Body as HttpBody;
use plumego_contract::{BoxError, Request};
use plumego_observe::log::LiveFilter;
use plumego_observe::metrics::Metrics;
use plumego_observe::record::RequestSink;
use plumego_observe::trace::Tracer;
use plumego_router::{Endpoint, Router};
use tower_layer::Layer;
use tower_service::Service;

use crate::Name;
use crate::health::{Check, HealthCheck};
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
    shared: &'a Shared,
    declared: &'a mut Declared,
}

/// What the application has for all of its components.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) metrics: Metrics,
    pub(crate) log_filter: LiveFilter,
}

/// What one component declared.
#[derive(Default)]
pub(crate) struct Declared {
    pub(crate) needs: Vec<&'static str>,
    pub(crate) layers: Vec<Box<dyn FnOnce(Router) -> Router + Send + Sync>>,
    pub(crate) router: Router,
    pub(crate) checks: Vec<(Check, &'static Location<'static>)>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) observers: Observers,
}

impl<'a> Setup<'a> {
    pub(crate) fn new(
        component: &'static str,
        shared: &'a Shared,
        declared: &'a mut Declared,
    ) -> Self {
        Self {
            component,
            shared,
            declared,
        }
    }

    /// The name of the component that declares.
    pub fn component(&self) -> &'static str {
        self.component
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
        &self.shared.metrics
    }

    /// Which events the application logs; it may be changed while the application runs.
    pub fn log_filter(&self) -> &LiveFilter {
        &self.shared.log_filter
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

/// What the components brought for the router.
#[derive(Default)]
pub struct Contributions {
    pub(crate) layers: Vec<Box<dyn FnOnce(Router) -> Router + Send + Sync>>,
    pub(crate) routers: Vec<Router>,
    pub(crate) observers: Observers,
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
    pub(crate) fn append(&mut self, more: Self) {
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
            .finish()
    }
}
