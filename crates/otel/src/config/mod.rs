//! What can be set, and where it is sent.

mod keys;
mod list;

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use plumego_contract::{Problem, Problems};
use plumego_stdx::Secret;
use serde::Deserialize;

pub use self::keys::OTEL_KEYS;
use crate::sampler::{Sampler, SamplerKind};

/// A certificate file larger than this is none.
const CERTIFICATE_BYTES_MAX: u64 = 1024 * 1024;

/// The settings of the export, as the variables of OpenTelemetry have them.
///
/// Plain data; `config.section::<OtelConfig>("otel")` reads it from a configuration that was loaded
/// with [`OTEL_KEYS`]. What is wrong with it is a problem of the build.
///
/// ```
/// use plumego_otel::OtelConfig;
///
/// let mut config = OtelConfig::default();
/// assert!(!config.exports_traces());
/// config.endpoint = "http://localhost:4318".into();
/// assert!(config.exports_traces() && config.exports_metrics());
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OtelConfig {
    /// Whether nothing is exported, whatever else is set. Default: false.
    pub disabled: bool,
    /// The base address of the collector, to which `/v1/traces` and `/v1/metrics` are added.
    /// Default: none, and then nothing is exported.
    pub endpoint: String,
    /// The whole address for traces. Default: from `endpoint`.
    pub traces_endpoint: String,
    /// The whole address for metrics. Default: from `endpoint`.
    pub metrics_endpoint: String,
    /// Headers for the collector, often a token: `name=value`, separated by commas, at most 64,
    /// values percent-encoded. Never printed. Default: none.
    pub headers: Option<Secret<String>>,
    /// The time for one request to the collector. 1 ms to 5 min. Default: 10 s.
    #[serde(with = "plumego_config::duration")]
    pub timeout: Duration,
    /// How what is sent is compressed. Default: it is not.
    pub compression: Compression,
    /// The protocol: there is one.
    pub protocol: Protocol,
    /// A PEM file with the authorities that the collector's certificate is checked against, in
    /// place of those of the machine. Default: none.
    pub certificate: PathBuf,
    /// The name of the service. Default: `service.name` in `resource_attributes`, else
    /// `unknown_service`.
    pub service_name: String,
    /// Attributes of the service: `name=value`, separated by commas, at most 64, percent-encoded.
    /// Default: none.
    pub resource_attributes: String,
    /// Whether traces are exported. Default: yes, to `otlp`.
    pub traces_exporter: ExporterKind,
    /// Whether metrics are exported. Default: yes, to `otlp`.
    pub metrics_exporter: ExporterKind,
    /// Which traces are recorded. Default: `parentbased_always_on`.
    pub traces_sampler: SamplerKind,
    /// The share that a `traceidratio` sampler records, 0 to 1. Default: `1.0`.
    pub traces_sampler_arg: String,
    /// The time between two exports of the metrics. 1 ms to 1 h. Default: 60 s.
    #[serde(with = "plumego_config::duration")]
    pub metric_export_interval: Duration,
    /// The longest time that a span waits to be sent. 1 ms to 5 min. Default: 5 s.
    #[serde(with = "plumego_config::duration")]
    pub span_delay: Duration,
    /// The most spans that wait. 1 to 1,000,000. Default: 2,048.
    pub span_queue: usize,
    /// The most spans in one request. 1 to 100,000. Default: 512.
    pub span_batch: usize,
}

/// How what is sent to the collector is compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Compression {
    /// It is not.
    #[default]
    None,
    /// As gzip.
    Gzip,
}

/// The protocol of the collector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum Protocol {
    /// OTLP over HTTP, as protobuf.
    #[default]
    #[serde(rename = "http/protobuf")]
    HttpProtobuf,
}

/// Where a signal goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ExporterKind {
    /// To the collector.
    #[default]
    Otlp,
    /// Nowhere.
    None,
}

impl Default for OtelConfig {
    fn default() -> Self {
        Self {
            disabled: false,
            endpoint: String::new(),
            traces_endpoint: String::new(),
            metrics_endpoint: String::new(),
            headers: None,
            timeout: Duration::from_secs(10),
            compression: Compression::None,
            protocol: Protocol::HttpProtobuf,
            certificate: PathBuf::new(),
            service_name: String::new(),
            resource_attributes: String::new(),
            traces_exporter: ExporterKind::Otlp,
            metrics_exporter: ExporterKind::Otlp,
            traces_sampler: SamplerKind::ParentBasedAlwaysOn,
            traces_sampler_arg: "1.0".to_owned(),
            metric_export_interval: Duration::from_mins(1),
            span_delay: Duration::from_secs(5),
            span_queue: 2048,
            span_batch: 512,
        }
    }
}

impl OtelConfig {
    /// The configuration that exports to this collector, such as `http://localhost:4318`.
    pub fn to(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            ..Self::default()
        }
    }

    /// Whether traces are sent to a collector.
    pub fn exports_traces(&self) -> bool {
        self.traces_url().is_some()
    }

    /// Whether metrics are sent to a collector.
    pub fn exports_metrics(&self) -> bool {
        self.metrics_url().is_some()
    }

    pub(crate) fn traces_url(&self) -> Option<String> {
        let wanted = self.traces_exporter == ExporterKind::Otlp;
        self.url(wanted, &self.traces_endpoint, "v1/traces")
    }

    pub(crate) fn metrics_url(&self) -> Option<String> {
        let wanted = self.metrics_exporter == ExporterKind::Otlp;
        self.url(wanted, &self.metrics_endpoint, "v1/metrics")
    }

    /// The address of a signal: its own as it is, else the base address and the path.
    fn url(&self, wanted: bool, own: &str, path: &str) -> Option<String> {
        if self.disabled || !wanted {
            return None;
        }
        if !own.is_empty() {
            return Some(own.to_owned());
        }
        let base = self.endpoint.trim_end_matches('/');
        (!base.is_empty()).then(|| format!("{base}/{path}"))
    }

    pub(crate) fn sampler(&self, problems: &mut Problems) -> Sampler {
        let kind = self.traces_sampler;
        if !kind.has_ratio() {
            return Sampler::new(kind, 1.0);
        }
        let ratio = self.traces_sampler_arg.trim().parse::<f64>();
        match ratio {
            Ok(ratio) if (0.0..=1.0).contains(&ratio) => Sampler::new(kind, ratio),
            _ => {
                problems.push(Problem::new(format!(
                    "otel.traces_sampler_arg (OTEL_TRACES_SAMPLER_ARG) is {:?}, expected a number \
                     from 0 to 1 such as `0.1`",
                    self.traces_sampler_arg
                )));
                Sampler::default()
            }
        }
    }

    /// The headers for the collector. What is wrong is told without the values.
    pub(crate) fn header_map(&self, problems: &mut Problems) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let text = self.headers.as_ref().map_or("", |it| it.expose().as_str());
        let wrong = |what: String| {
            Problem::new(format!(
                "otel.headers (OTEL_EXPORTER_OTLP_HEADERS): {what}; expected `name=value` pairs, \
                 separated by commas, with percent-encoded values"
            ))
        };
        match list::pairs(text) {
            Err(error) => problems.push(wrong(error.to_string())),
            Ok(pairs) => {
                for (number, (name, value)) in pairs.into_iter().enumerate() {
                    let name = HeaderName::from_bytes(name.as_bytes());
                    let value = HeaderValue::from_str(&value);
                    if let (Ok(name), Ok(mut value)) = (name, value) {
                        value.set_sensitive(true);
                        headers.append(name, value);
                    } else {
                        problems.push(wrong(format!("pair {} is no header", number + 1)));
                    }
                }
            }
        }
        headers
    }

    /// The authorities of the collector, when a file with them is named and something is exported.
    pub(crate) fn read_certificate(&self, problems: &mut Problems) -> Option<Vec<u8>> {
        let exports = self.exports_traces() || self.exports_metrics();
        if self.certificate.as_os_str().is_empty() || !exports {
            return None;
        }
        read_certificate(&self.certificate)
            .map_err(|problem| problems.push(problem))
            .ok()
    }

    /// The attributes of the service, in their order.
    pub(crate) fn attributes(&self, problems: &mut Problems) -> Vec<(String, String)> {
        list::pairs(&self.resource_attributes).unwrap_or_else(|error| {
            problems.push(Problem::new(format!(
                "otel.resource_attributes (OTEL_RESOURCE_ATTRIBUTES): {error}; expected \
                 `name=value` pairs, separated by commas, with percent-encoded values"
            )));
            Vec::new()
        })
    }

    /// What is out of its bounds, for a configuration that was made by hand.
    pub(crate) fn check(&self, problems: &mut Problems) {
        if self.endpoint.contains(['?', '#']) {
            problems.push(Problem::new(
                "otel.endpoint (OTEL_EXPORTER_OTLP_ENDPOINT) has a query or a fragment, behind \
                 which no path fits; expected one such as `http://localhost:4318`, or whole \
                 addresses in OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and \
                 OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
            ));
        }
        let times = [
            ("otel.timeout", self.timeout),
            ("otel.metric_export_interval", self.metric_export_interval),
            ("otel.span_delay", self.span_delay),
        ];
        let numbers = [
            ("otel.span_queue", self.span_queue),
            ("otel.span_batch", self.span_batch),
        ];
        for key in OTEL_KEYS {
            let time = times.iter().find(|(name, _)| *name == key.name);
            let number = numbers.iter().find(|(name, _)| *name == key.name);
            let is_wrong = match key.kind {
                plumego_config::Kind::Duration { min, max } => {
                    time.is_some_and(|(_, time)| !(min..=max).contains(time))
                }
                plumego_config::Kind::Integer { min, max } => number.is_some_and(|(_, number)| {
                    !i64::try_from(*number).is_ok_and(|number| (min..=max).contains(&number))
                }),
                _ => false,
            };
            if is_wrong {
                problems.push(Problem::new(format!(
                    "{} is out of its bounds, expected {:?}",
                    key.name, key.kind
                )));
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the operator's file, read once at the build"
)]
fn read_certificate(path: &Path) -> Result<Vec<u8>, Problem> {
    let problem = |why: String| {
        Problem::new(format!(
            "otel.certificate (OTEL_EXPORTER_OTLP_CERTIFICATE) {}: {why}; expected a PEM file",
            path.display()
        ))
    };
    let size = std::fs::metadata(path).map_err(|error| problem(error.to_string()))?;
    if size.len() > CERTIFICATE_BYTES_MAX {
        return Err(problem(format!("more than {CERTIFICATE_BYTES_MAX} bytes")));
    }
    std::fs::read(path).map_err(|error| problem(error.to_string()))
}
