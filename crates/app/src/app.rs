//! An application that is built.

use std::convert::Infallible;
use std::fmt;
use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body as HttpBody;
use plumego_component::Lifecycle;
use plumego_contract::{BoxError, Error, Response, RouteInfo};
use plumego_observe::log::LiveFilter;
use plumego_observe::metrics::Metrics;
use plumego_router::{Frozen, FrozenFuture};
use tower_service::Service;

use crate::builder::{AppBuilder, Listening, Settings};
use crate::run::logging::Flusher;
use crate::run::{Control, Handle};
use crate::server::{Endpoint, ServerMetrics};

/// An application that is built: its routes are frozen, its components are installed, nothing has
/// started.
///
/// [`App::run`] is what `main` does with it; [`App::start`] is the same without signals. It is also
/// a tower service, for a foreign server and for tests: then nothing is bound, no component is
/// started, and tasks after a response are refused.
pub struct App {
    pub(crate) router: Frozen,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
    pub(crate) server_metrics: ServerMetrics,
    pub(crate) flusher: Flusher,
    pub(crate) control: Control,
    pub(crate) on_listening: Vec<Listening>,
    /// Whether it is the application of its process: it takes what the process inherited.
    pub(crate) is_of_process: bool,
}

impl App {
    /// Everything is given to this.
    pub fn builder() -> AppBuilder {
        AppBuilder::new()
    }

    /// Ends the application, and says whether it is ready; may be taken before the start.
    pub fn handle(&self) -> Handle {
        self.control.handle()
    }

    /// Every route, those of components included, in the order of registration.
    pub fn routes(&self) -> &[Arc<RouteInfo>] {
        self.router.routes()
    }

    /// The path of a named route; see [`Frozen::url`].
    ///
    /// # Errors
    /// `500 internal` for an unknown name, and for parameters that are missing, too many, or empty.
    #[track_caller]
    pub fn url<I, K, V>(&self, name: &str, params: I) -> Result<String, Error>
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<str>,
        V: Display,
    {
        self.router.url(name, params)
    }

    /// The frozen routes, for a server of one's own.
    pub fn router(&self) -> &Frozen {
        &self.router
    }

    /// The metrics of the application.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Which events are logged, to be changed while the application runs:
    /// `app.log_filter().set("info,shop=debug".parse()?)`. A reload of the configuration sets it
    /// again only when the configured level has changed. Without effect when the program brought
    /// its own subscriber; see [`LiveFilter::is_in_use`].
    pub fn log_filter(&self) -> &LiveFilter {
        &self.settings.log_filter
    }

    /// Its components, tasks, health and readiness.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// The application as a tower service that can be cloned. No component is started.
    pub fn into_service(self) -> Frozen {
        self.router
    }
}

impl<B> Service<http::Request<B>> for App
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = FrozenFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> FrozenFuture {
        self.router.call(request)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("routes", &self.router)
            .field("lifecycle", &self.lifecycle)
            .finish_non_exhaustive()
    }
}
