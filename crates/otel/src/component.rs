//! The one component that turns telemetry on.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use opentelemetry_proto::tonic::resource::v1::Resource;
use plumego_client::{Client, Trusted, Url};
use plumego_component::{Component, Setup, StartContext, StopContext};
use plumego_contract::{Context, Error, Problem, Problems};
use plumego_middleware::local::Readers;
use plumego_observe::record::RequestSink;
use plumego_observe::trace::Tracer;
use plumego_stdx::{Secret, Timestamp};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::config::OtelConfig;
use crate::endpoint::Endpoint;
use crate::export::{MetricsWork, Sender, SpansWork};
use crate::queue::Queue;
use crate::requests::Requests;
use crate::resource::resource;
use crate::stats::Stats;
use crate::tracer::QueueTracer;

/// Attempts to send one batch of spans.
const SPAN_ATTEMPTS: u32 = 5;
/// Metrics are sent again anyway.
const METRIC_ATTEMPTS: u32 = 2;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Turns on metrics and tracing.
///
/// - Every request becomes a span, when the sampler says so; so do the program's own spans. They
///   are sent to the collector of the [configuration](OtelConfig), when there is one.
/// - Log lines of a request carry `trace_id` and `span_id`, answers `X-Span-ID`.
/// - The metrics of the application are sent at an interval, when there is a collector, and read at
///   a [path](Self::metrics_at), when there is one.
///
/// Add it before other components: it starts before them and stops after them, so that their last
/// spans are sent. At the end of the application it has four fifths of the time that is left.
///
/// ```
/// use plumego_app::App;
/// use plumego_otel::{Observability, OtelConfig};
///
/// let mut telemetry = OtelConfig::to("http://localhost:4318");
/// telemetry.service_name = "shop".into();
/// let app = App::builder()
///     .component(Observability::new(telemetry).metrics_at("/metrics"))
///     .build()?;
/// # Ok::<(), plumego_contract::Problems>(())
/// ```
#[doc(alias = "ConfigureObservability")]
#[doc(alias = "OpenTelemetry")]
pub struct Observability {
    config: OtelConfig,
    tracing: bool,
    metrics: bool,
    endpoint: Option<Endpoint>,
    tracer: Option<Arc<dyn Tracer>>,
    collector: Option<Arc<dyn RequestSink>>,
    running: Mutex<Running>,
}

/// What is made at the build, started at the start, and told to end at the stop.
#[derive(Default)]
struct Running {
    spans: Option<SpansWork>,
    metrics: Option<MetricsWork>,
    closing: Option<watch::Sender<Option<Instant>>>,
    ended: Vec<watch::Receiver<bool>>,
}

impl Observability {
    /// Metrics and tracing, both on.
    pub fn new(config: OtelConfig) -> Self {
        Self {
            config,
            tracing: true,
            metrics: true,
            endpoint: None,
            tracer: None,
            collector: None,
            running: Mutex::default(),
        }
    }

    /// No spans, and no `X-Span-ID`.
    #[must_use]
    pub fn without_tracing(mut self) -> Self {
        self.tracing = false;
        self
    }

    /// No export of metrics, and no path to read them.
    #[must_use]
    pub fn without_metrics(mut self) -> Self {
        self.metrics = false;
        self
    }

    /// Serves the metrics as OpenMetrics text at this path, which gets its leading slash. They are
    /// given to whoever asks from this machine: from a loopback address, for `localhost` or such an
    /// address, without a header that proxies add, and for no page of another origin
    /// (`plumego::middleware::local`). Anybody else is answered 401, unless there is a
    /// [token](Self::metrics_token).
    #[must_use]
    pub fn metrics_at(mut self, path: impl Into<String>) -> Self {
        let path = path.into();
        let path = if path.starts_with('/') {
            path
        } else {
            format!("/{path}")
        };
        let readers = self.endpoint.map(|endpoint| endpoint.readers);
        self.endpoint = Some(Endpoint {
            path,
            readers: readers.unwrap_or_default(),
        });
        self
    }

    /// Gives the metrics to whoever shows this token (`Authorization: Bearer …`), too. Below
    /// `/metrics`, unless [`metrics_at`](Self::metrics_at) says otherwise.
    #[must_use]
    pub fn metrics_token(mut self, token: Secret<String>) -> Self {
        let path = self.endpoint.map(|endpoint| endpoint.path);
        self.endpoint = Some(Endpoint {
            path: path.unwrap_or_else(|| "/metrics".to_owned()),
            readers: Readers::Token(token),
        });
        self
    }

    /// A tracer of the program's own in place of the one that exports: then no span is sent from
    /// here.
    #[doc(alias = "WithTracer")]
    #[must_use]
    pub fn with_tracer(mut self, tracer: impl Tracer + 'static) -> Self {
        self.tracer = Some(Arc::new(tracer));
        self
    }

    /// A collector of the program's own in place of the metrics of requests that the application
    /// keeps; its other metrics are exported as before.
    #[doc(alias = "WithMetricsCollector")]
    #[must_use]
    pub fn with_metrics_collector(mut self, collector: impl RequestSink + 'static) -> Self {
        self.collector = Some(Arc::new(collector));
        self
    }

    fn prepare(&self, setup: &mut Setup<'_>, problems: &mut Problems) -> Result<(), Error> {
        let config = &self.config;
        config.check(problems);
        let sampler = config.sampler(problems);
        let attributes = config.attributes(problems);
        let make = Make {
            config,
            certificate: config.read_certificate(problems),
            headers: config.header_map(problems),
            resource: resource(&config.service_name, attributes),
            stats: Stats::new(setup.metrics()).map_err(Error::internal)?,
            closing: watch::Sender::new(None),
        };
        let mut running = Running::default();
        let own = self.tracing && self.tracer.is_none();
        if let Some(url) = config.traces_url().filter(|_| own) {
            running.spans = make.spans(&url, setup, problems);
        }
        if let Some(url) = config.metrics_url().filter(|_| self.metrics) {
            running.metrics = make.metrics(&url, setup, problems);
            if self.collector.is_none() {
                let requests = Requests::new(setup.metrics()).map_err(Error::internal)?;
                setup.sink(requests);
            }
        }
        if let Some(tracer) = self.tracer.clone().filter(|_| self.tracing) {
            setup.tracer(tracer);
        } else if self.tracing && !config.disabled {
            let queue = running.spans.as_ref().map(|work| work.queue.clone());
            setup.tracer(QueueTracer { sampler, queue });
        }
        running.closing = Some(make.closing);
        *self.lock() = running;
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Component for Observability {
    fn name(&self) -> &'static str {
        "otel"
    }

    fn install(&self, setup: &mut Setup<'_>) -> Result<(), Error> {
        let mut problems = Problems::new();
        self.prepare(setup, &mut problems)?;
        if let Some(collector) = &self.collector {
            setup.metrics_collector(Arc::clone(collector));
        }
        if let Some(endpoint) = self.endpoint.clone().filter(|_| self.metrics) {
            let metrics = setup.metrics().clone();
            let path = endpoint.path.clone();
            setup.routes(|routes| {
                let answer = async move |cx: Context| endpoint.answer(&cx, &metrics);
                routes
                    .get(&path, answer)
                    .operational()
                    .description("The metrics")
            });
        }
        problems.into_result(()).map_err(Error::from)
    }

    async fn start(&self, cx: StartContext) -> Result<(), Error> {
        let (spans, metrics) = {
            let mut running = self.lock();
            (running.spans.take(), running.metrics.take())
        };
        let mut ended = Vec::new();
        if let Some(work) = spans {
            let (tell, told) = watch::channel(false);
            ended.push(told);
            cx.spawn("otel.traces", async move |stop| {
                work.run(stop).await;
                let _ = tell.send(true);
            });
        }
        if let Some(work) = metrics {
            let (tell, told) = watch::channel(false);
            ended.push(told);
            cx.spawn("otel.metrics", async move |stop| {
                work.run(stop).await;
                let _ = tell.send(true);
            });
        }
        self.lock().ended = ended;
        Ok(())
    }

    async fn stop(&self, cx: StopContext) -> Result<(), Error> {
        let (closing, ended) = {
            let mut running = self.lock();
            (running.closing.take(), std::mem::take(&mut running.ended))
        };
        let deadline = Instant::now() + cx.time_left() * 4 / 5;
        if let Some(closing) = &closing {
            closing.send_replace(Some(deadline));
        }
        for mut ended in ended {
            // A task that is gone has ended.
            let _ = timeout_at(cx.deadline(), ended.wait_for(|ended| *ended)).await;
        }
        Ok(())
    }
}

impl fmt::Debug for Observability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observability")
            .field("config", &self.config)
            .field("tracing", &self.tracing)
            .field("metrics", &self.metrics)
            .finish_non_exhaustive()
    }
}

/// What both exports are made of.
struct Make<'a> {
    config: &'a OtelConfig,
    /// The authorities of the collector, when they are given.
    certificate: Option<Vec<u8>>,
    headers: HeaderMap,
    resource: Resource,
    stats: Stats,
    closing: watch::Sender<Option<Instant>>,
}

impl Make<'_> {
    fn spans(&self, url: &str, setup: &Setup<'_>, problems: &mut Problems) -> Option<SpansWork> {
        let sender = self.sender(("traces", SPAN_ATTEMPTS), url, setup, problems)?;
        let config = self.config;
        let overflowed = self.stats.overflowed.clone();
        Some(SpansWork {
            queue: Arc::new(Queue::new(config.span_queue, config.span_batch, overflowed)),
            sender,
            resource: self.resource.clone(),
            delay: config.span_delay,
        })
    }

    fn metrics(
        &self,
        url: &str,
        setup: &Setup<'_>,
        problems: &mut Problems,
    ) -> Option<MetricsWork> {
        let sender = self.sender(("metrics", METRIC_ATTEMPTS), url, setup, problems)?;
        Some(MetricsWork {
            metrics: setup.metrics().clone(),
            sender,
            resource: self.resource.clone(),
            every: self.config.metric_export_interval,
            start: Timestamp::now(),
        })
    }

    fn sender(
        &self,
        (signal, attempts): (&'static str, u32),
        url: &str,
        setup: &Setup<'_>,
        problems: &mut Problems,
    ) -> Option<Sender> {
        let url: Url = match url.parse() {
            Ok(url) => url,
            Err(error) => {
                problems.push(Problem::new(format!(
                    "the address of the collector for {signal}: {error}; expected one such as \
                     `http://localhost:4318` in OTEL_EXPORTER_OTLP_ENDPOINT"
                )));
                return None;
            }
        };
        let client = self.client(&url, setup, problems)?;
        Some(Sender {
            client,
            url,
            signal,
            headers: self.headers.clone(),
            compression: self.config.compression,
            attempts,
            stats: self.stats.clone(),
            closing: self.closing.subscribe(),
            is_failing: false,
        })
    }

    /// HTTP/1.1 is enough for one request at a time.
    fn client(
        &self,
        url: &Url,
        setup: &Setup<'_>,
        problems: &mut Problems,
    ) -> Option<Client<Trusted>> {
        let time = self.config.timeout;
        let mut builder = Client::trusted("otel", url.clone())
            .timeout(time)
            .connect_timeout(CONNECT_TIMEOUT.min(time))
            .first_byte_timeout(time)
            .http1_only()
            .metrics(setup.metrics());
        if let Some(pem) = &self.certificate {
            builder = builder.only_ca_pem(pem);
        }
        builder.build().map_err(|found| problems.extend(found)).ok()
    }
}
