//! Putting an application together.

mod build;
mod observe;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body::Body as HttpBody;
use plumego_component::{
    Component, Lifecycle, LifecycleBuilder, LifecycleConfig, Name, Observers, Runner, TaskOutput,
};
use plumego_contract::{
    AppContext, BoxError, ErrorFormat, JsonConfig, MultipartConfig, Problems, Request,
    TrustedProxies,
};
use plumego_observe::log::{LogSink, LogWriter};
use plumego_observe::metrics::Metrics;
use plumego_observe::record::RequestSink;
use plumego_observe::trace::Tracer;
use plumego_router::{Endpoint as RouterEndpoint, Router, Slashes};
use tower_layer::Layer;
use tower_service::Service;

pub(crate) use self::build::Settings;
use crate::app::App;
use crate::config::{Configuration, ServerConfig};
use crate::endpoints::{BuildInfo, HealthEndpoints, MetricsEndpoint};
use crate::guards::Guards;
use crate::reload::{LiveConfig, Reload, Source};
use crate::server::{Endpoint, IntoListener, TlsConfig};

type Change = Box<dyn FnOnce(Router) -> Router + Send + Sync>;
type GuardChange = Box<dyn FnOnce(&mut Guards) + Send + Sync>;
/// Learns the addresses that are bound.
pub(crate) type Listening = Box<dyn FnOnce(&[SocketAddr]) + Send + Sync>;

/// Everything an application is made of, on its way to an [`App`].
///
/// Nothing is checked before [`AppBuilder::build`], which answers every problem at once. It reads
/// nothing from outside: the configuration comes by [`AppBuilder::config`].
///
/// ```
/// use plumego_app::App;
///
/// let app = App::builder()
///     .addr("127.0.0.1:0")
///     .routes(|r| r.get("/users/{id}", async || "a user").name("users.show"))
///     .build()?;
/// assert_eq!(app.url("users.show", [("id", "7")])?, "/users/7");
/// # Ok::<(), plumego_contract::Error>(())
/// ```
#[must_use = "an application does nothing before it is built and run"]
pub struct AppBuilder {
    config: ServerConfig,
    addr: Option<String>,
    more: Vec<Endpoint>,
    root: Router,
    layers: Vec<Change>,
    lifecycle: LifecycleBuilder,
    owns_listener: bool,
    is_of_process: bool,
    tls: Option<TlsConfig>,
    guards: Vec<GuardChange>,
    observers: Observers,
    writer: Option<LogWriter>,
    sink: Option<Box<dyn LogSink>>,
    proxies: Option<TrustedProxies>,
    build_info: BuildInfo,
    health: HealthEndpoints,
    metrics_endpoint: MetricsEndpoint,
    slashes: Option<Slashes>,
    on_listening: Vec<Listening>,
    metrics: Metrics,
    reloads: Vec<Box<dyn Source>>,
    live: Option<Arc<dyn LiveConfig>>,
    context: AppContext,
}

impl AppBuilder {
    pub(crate) fn new() -> Self {
        Self {
            config: ServerConfig::default(),
            addr: None,
            more: Vec::new(),
            root: Router::new(),
            layers: Vec::new(),
            lifecycle: Lifecycle::builder(LifecycleConfig::default()),
            owns_listener: false,
            is_of_process: false,
            tls: None,
            guards: Vec::new(),
            observers: Observers::default(),
            writer: None,
            sink: None,
            proxies: None,
            build_info: BuildInfo::default(),
            health: HealthEndpoints::default(),
            metrics_endpoint: MetricsEndpoint::disabled(),
            slashes: None,
            on_listening: Vec::new(),
            metrics: Metrics::default(),
            reloads: Vec::new(),
            live: None,
            context: AppContext::default(),
        }
    }

    /// Addresses, deadlines and bounds. Default: those of [`ServerConfig`].
    ///
    /// A [`ServerConfig`] stays as it is. Of a [`Config`](crate::Config) that was loaded, given by
    /// reference, the server's part is taken, and SIGHUP reads it again: every layer, with the
    /// flags of the start. What is [reloadable](plumego_config::Key::reloadable) takes effect, of
    /// the rest the log says that it needs a restart. In a development run
    /// ([`ServerConfig::debug`]), or with [`ServerConfig::config_watch`], the files are watched as
    /// well (feature `watch`).
    pub fn config(mut self, config: impl Into<Configuration>) -> Self {
        let config = config.into();
        self.config = config.server;
        self.live = config.live;
        self
    }

    /// The configuration that it has so far, to be changed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use plumego_app::App;
    ///
    /// let mut app = App::builder();
    /// app.config_mut().shutdown_timeout = Duration::from_secs(1);
    /// ```
    pub fn config_mut(&mut self) -> &mut ServerConfig {
        &mut self.config
    }

    /// The address to listen on, in place of the one of the configuration: `127.0.0.1:8080`,
    /// `[::1]:8080`, `localhost:8080`, or `:8080` for all interfaces, IPv6 and IPv4. Port 0 takes
    /// one that is free. `unix:/run/shop.sock` is a Unix socket, `unix:@shop` one without a file.
    pub fn addr(mut self, addr: impl Into<String>) -> Self {
        self.addr = Some(addr.into());
        self
    }

    /// One more address to listen on.
    pub fn listen(mut self, addr: impl Into<String>) -> Self {
        self.more.push(Endpoint::Addr(addr.into()));
        self
    }

    /// A listener that the program brings: of tokio, of `std`, or its own [`Listener`]. Then the
    /// address of the configuration is not bound, unless [`AppBuilder::addr`] names one.
    ///
    /// [`Listener`]: crate::Listener
    pub fn listener(mut self, listener: impl IntoListener) -> Self {
        self.owns_listener = true;
        self.more.push(Endpoint::own(listener));
        self
    }

    /// Has [`App::start`] take what the process was started with, as [`App::run`] does: the sockets
    /// of `LISTEN_FDS`, in place of every address. One application of a process can have them; the
    /// next one finds none.
    pub fn inherit_sockets(mut self) -> Self {
        self.is_of_process = true;
        self
    }

    /// Routes of the application. Layers that are written in here cover these routes alone.
    #[track_caller]
    pub fn routes(self, routes: impl FnOnce(Router) -> Router) -> Self {
        self.router(routes(Router::new()))
    }

    /// A router, with the layers that it has.
    #[track_caller]
    pub fn router(mut self, router: Router) -> Self {
        self.root = self.root.merge(router);
        self
    }

    /// A tower layer around everything: all routes, those of components included, and what the
    /// router answers itself. Inside of the [`Guards`]; the first one written is the outermost.
    pub fn layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<RouterEndpoint> + Send + Sync + 'static,
        L::Service: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.layers
            .push(Box::new(move |router: Router| router.layer(layer)));
        self
    }

    /// A value for `State`. One of each type.
    #[track_caller]
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.root = self.root.state(value);
        self
    }

    /// A component: see [`Component`].
    #[track_caller]
    pub fn component(mut self, component: impl Component) -> Self {
        self.lifecycle.component(component);
        self
    }

    /// Work beside the requests: see [`Runner`].
    #[track_caller]
    pub fn runner(mut self, name: impl Into<Name>, runner: impl Runner) -> Self {
        self.lifecycle.runner(name, runner);
        self
    }

    /// Something to do when the application has stopped. Runs once, the last registered first, also
    /// when the start failed.
    pub fn on_shutdown<F, Fut>(mut self, name: impl Into<Name>, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: TaskOutput> + Send + 'static,
    {
        self.lifecycle.on_shutdown(name, hook);
        self
    }

    /// Changes the layers that every application should have. What the function gets is what the
    /// [configuration](Self::config) says, see [`Guards::from_config`]; what it leaves alone stays
    /// so, and what it sets has the last word. Several are called in their order.
    pub fn guards(mut self, change: impl FnOnce(&mut Guards) + Send + Sync + 'static) -> Self {
        self.guards.push(Box::new(change));
        self
    }

    /// Where log lines go, in batches, in place of the file of the configuration. Default: standard
    /// output.
    pub fn log_sink(mut self, sink: impl LogSink + 'static) -> Self {
        self.sink = Some(Box::new(sink));
        self
    }

    /// The log that the program has made already, for lines of its own beside ours.
    pub fn log_writer(mut self, writer: LogWriter) -> Self {
        self.writer = Some(writer);
        self
    }

    /// Whether the program has said where log lines go, so that a test knows whether to be silent.
    pub fn has_log(&self) -> bool {
        self.sink.is_some() || self.writer.is_some() || self.config.log_file.is_some()
    }

    /// The metrics to count into, for metrics of the program's own beside ours.
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Gets the record of every request when it is over, beside the access log and the metrics.
    pub fn sink(mut self, sink: impl RequestSink + 'static) -> Self {
        self.observers.sinks.push(Arc::new(sink));
        self
    }

    /// Gets the record of every request in place of the metrics of requests that the application
    /// keeps itself: for a program with a system of metrics of its own. `begin` comes with every
    /// request, `record` with its end.
    #[doc(alias = "WithMetricsCollector")]
    #[doc(alias = "with_metrics_collector")]
    pub fn metrics_collector(mut self, collector: impl RequestSink + 'static) -> Self {
        self.observers.collects = true;
        self.sink(collector)
    }

    /// Decides which traces are recorded, and takes the spans: of every request, and of the
    /// program's own work when [`App::run`] installs the log (feature `log`). Then every answer
    /// carries `X-Span-ID`. `plumego-otel` has one that exports; a component may bring it too, and
    /// two are a problem of the build. Default: none, and a caller's word whether its trace is
    /// recorded is handed on.
    #[doc(alias = "WithTracer")]
    #[doc(alias = "with_tracer")]
    pub fn tracer(mut self, tracer: impl Tracer + 'static) -> Self {
        self.observers.tracers.push(Arc::new(tracer));
        self
    }

    /// How errors are written. Default: RFC 9457 problems.
    pub fn error_format(mut self, format: ErrorFormat) -> Self {
        self.context.error_format = format;
        self
    }

    /// Whose forwarding headers are believed, in place of those of the configuration. Default:
    /// nobody's. Which headers are read is what [`TrustedProxies::with_header`] says, else the
    /// configuration.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = Some(proxies);
        self
    }

    /// Bounds and choices of the `Json` extractor.
    pub fn json(mut self, config: JsonConfig) -> Self {
        self.context.json = config;
        self
    }

    /// Bounds of the `Multipart` extractor.
    pub fn multipart(mut self, config: MultipartConfig) -> Self {
        self.context.multipart = config;
        self
    }

    /// What becomes of trailing and doubled slashes. Default: they do not match.
    #[track_caller]
    pub fn slashes(mut self, slashes: Slashes) -> Self {
        self.slashes = Some(slashes);
        self
    }

    /// Has every route that may change something (any method but GET, HEAD, OPTIONS and TRACE) say
    /// what it asks of those who call it: `.authenticated()`, `.require_role("admin")`, …, or
    /// `.public()`. Each one that does not is a problem of [`AppBuilder::build`], with its line.
    /// Routes of components are held to it too.
    ///
    /// ```
    /// use plumego_app::App;
    ///
    /// let problems = App::builder()
    ///     .require_auth_policy()
    ///     .routes(|r| {
    ///         r.post("/login", async || "token")
    ///             .public()
    ///             .post("/orders", async || "made")
    ///     })
    ///     .build()
    ///     .unwrap_err();
    /// assert!(problems.to_string().contains("POST /orders: says nothing of who may call it"));
    /// ```
    pub fn require_auth_policy(mut self) -> Self {
        self.root = self.root.require_auth_policy();
        self
    }

    /// Something that can be read again while the application runs, on SIGHUP, by
    /// [`Handle::reload`](crate::Handle::reload), or when its files change (feature `watch`).
    pub fn reload(mut self, source: impl Reload) -> Self {
        self.reloads.push(Box::new(source));
        self
    }

    /// Something to do when everything has started and connections are accepted: it learns the
    /// addresses, with the ports that the system chose for port 0.
    pub fn on_listening(
        mut self,
        tell: impl FnOnce(&[SocketAddr]) + Send + Sync + 'static,
    ) -> Self {
        self.on_listening.push(Box::new(tell));
        self
    }

    /// What is running, for `/health/build` and the metric `build_info`. Default: unknown.
    pub fn build_info(mut self, info: BuildInfo) -> Self {
        self.build_info = info;
        self
    }

    /// Where the health endpoints are. Default: below `/health`.
    pub fn health(mut self, endpoints: HealthEndpoints) -> Self {
        self.health = endpoints;
        self
    }

    /// Where the metrics can be read. Default: nowhere, since they tell a stranger much; put the
    /// endpoint where strangers do not come.
    pub fn metrics_endpoint(mut self, endpoint: MetricsEndpoint) -> Self {
        self.metrics_endpoint = endpoint;
        self
    }

    /// Installs the components, freezes the routes, checks everything.
    ///
    /// # Errors
    /// Every problem at once, each with the lines of the program that made it: of routes, handlers,
    /// states, components and options.
    pub fn build(self) -> Result<App, Problems> {
        build::build(self).inspect_err(|problems| crate::run::announce_failure(problems))
    }
}

impl fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppBuilder")
            .field("config", &self.config)
            .field("routes", &self.root)
            .finish_non_exhaustive()
    }
}
