//! The log, the metrics of requests, and who else is told of them.

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use plumego_component::{Contributions, Lifecycle, LifecycleConfig};
use plumego_contract::{Problem, Problems};
use plumego_middleware::ObserveLayer;
use plumego_observe::log::{FileSink, LogConfig, LogSink, LogWriter, RotatingFileSink, StdoutSink};
use plumego_observe::metrics::{MetricError, Metrics};
use plumego_observe::record::{
    AccessLog, HttpMetrics, HttpMetricsConfig, RequestRecord, RequestSink,
};
use plumego_observe::trace::{TraceContext, Tracer};

use super::AppBuilder;
use super::build::Settings;
use crate::guards::Guards;
use crate::reload::LogFile;
use crate::run::logging::{FlushedLog, Flusher};

impl AppBuilder {
    /// Installs the components. Who of them is to be told of requests and spans is, from now on.
    pub(super) fn install(
        &mut self,
        settings: &mut Settings,
        problems: &mut Problems,
    ) -> (Lifecycle, Contributions) {
        self.lifecycle
            .metrics(self.metrics.clone())
            .log_filter(settings.log_filter.clone());
        let nothing = Lifecycle::builder(LifecycleConfig::default());
        let builder = std::mem::replace(&mut self.lifecycle, nothing);
        let (lifecycle, mut contributions, found) = builder.build_all();
        problems.extend(found);
        self.observers.append(contributions.take_observers());
        settings.tracer = self.observers.tracers.first().cloned();
        if self.observers.tracers.len() > 1 {
            problems.push(Problem::new(
                "there is more than one tracer: keep one, of the builder or of a component",
            ));
        }
        self.context.tracer.clone_from(&settings.tracer);
        (lifecycle, contributions)
    }

    pub(super) fn take_writer(&mut self, problems: &mut Problems) -> LogWriter {
        let mut config = LogConfig::default();
        config.format = self.config.log_format;
        if let Some(writer) = self.writer.take() {
            return writer;
        }
        if let Some(sink) = self.sink.take() {
            return LogWriter::new(sink, &config);
        }
        match self
            .config
            .log_file
            .as_deref()
            .map(|path| self.log_file(path))
        {
            None => {}
            Some(Ok(sink)) => {
                let writer = LogWriter::new(sink, &config);
                self.reloads.push(Box::new(LogFile::new(writer.clone())));
                return writer;
            }
            Some(Err(error)) => problems.push(Problem::new(format!(
                "server.log_file: {error}: expected a file that can be written"
            ))),
        }
        LogWriter::new(StdoutSink, &config)
    }

    fn log_file(&self, path: &Path) -> io::Result<Box<dyn LogSink>> {
        Ok(match self.config.log_rotation() {
            Some(rotation) => Box::new(RotatingFileSink::append(path, rotation)?),
            None => Box::new(FileSink::append(path)?),
        })
    }

    /// The layer that tells the sinks, when there is anything to tell; and our metrics of requests
    /// among them, when they are wanted.
    pub(super) fn observe_layer(
        &mut self,
        guards: &Guards,
        flusher: &Flusher,
    ) -> (Option<ObserveLayer>, Option<LateMetrics>) {
        let observers = std::mem::take(&mut self.observers);
        let tracer = self.context.tracer.clone();
        let told = !observers.sinks.is_empty() || tracer.is_some();
        let wanted = guards.trace || guards.access_log || guards.metrics || told;
        let late = (guards.metrics && !observers.collects).then(LateMetrics::default);
        let sinks = observers.sinks.into_iter();
        let mut layer = sinks.fold(ObserveLayer::new(), ObserveLayer::sink);
        if let Some(tracer) = tracer {
            layer = layer.sink(Traced(tracer)).with_span_id();
        }
        if guards.access_log {
            layer = layer.sink(FlushedLog {
                log: AccessLog::new(flusher.writer()),
                flusher: flusher.clone(),
            });
        }
        if let Some(late) = &late {
            layer = layer.sink(late.clone());
        }
        if !guards.trace {
            layer = layer.without_trace_response();
        }
        (wanted.then_some(layer), late)
    }
}

/// The metrics of requests: they have a place for each route, and the layer that feeds them is
/// there before the routes are counted.
#[derive(Clone, Default)]
pub(super) struct LateMetrics(Arc<OnceLock<HttpMetrics>>);

impl LateMetrics {
    pub(super) fn resolve(&self, metrics: &Metrics, routes: usize) -> Result<(), MetricError> {
        let mut config = HttpMetricsConfig::default();
        config.routes = routes;
        let resolved = HttpMetrics::new(metrics, &config)?;
        let _ = self.0.set(resolved);
        Ok(())
    }
}

impl RequestSink for LateMetrics {
    fn begin(&self) {
        if let Some(metrics) = self.0.get() {
            metrics.begin();
        }
    }

    fn record(&self, record: &RequestRecord<'_>) {
        if let Some(metrics) = self.0.get() {
            metrics.record(record);
        }
    }
}

/// Hands requests whose trace is recorded to the tracer.
struct Traced(Arc<dyn Tracer>);

impl RequestSink for Traced {
    fn record(&self, record: &RequestRecord<'_>) {
        if record.trace.is_some_and(TraceContext::is_sampled) {
            self.0.request(record);
        }
    }
}

pub(super) fn count_dropped_lines(metrics: &Metrics, flusher: &Flusher) -> Result<(), MetricError> {
    let writer = flusher.writer();
    let help = "Lines of the log that were dropped: the sink was too slow, or failed.";
    metrics.counter_fn("log_lines_dropped", help, move || writer.dropped())
}
