//! Traces and metrics to a collector by OTLP over HTTP.
//!
//! One component turns all of it on: [`Observability`]. Every request becomes a span named by its
//! route, with the attributes of OpenTelemetry's semantic conventions for HTTP; the program's own
//! spans (of `tracing`) become its children when `App::run` installs the log. The metrics of the
//! application are sent at an interval, those that the conventions know by their names
//! (`http.server.request.duration`), and may be read by Prometheus at a path, by ours.
//!
//! Not for logs: they stay lines, with the ids of trace and span in them. Not needed for
//! `traceparent` in and out, which every application handles.
//!
//! ```
//! use plumego_app::{App, Config};
//! use plumego_otel::{OTEL_KEYS, Observability, OtelConfig};
//!
//! let config = Config::loader()
//!     .keys(OTEL_KEYS)
//!     .environment([("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")])
//!     .load()?;
//! let telemetry: OtelConfig = config.section("otel")?;
//! let app = App::builder()
//!     .component(Observability::new(telemetry))
//!     .routes(|r| r.get("/ping", async || "pong"))
//!     .build()?;
//! # Ok::<(), plumego_contract::Error>(())
//! ```
//!
//! # Limits and defaults
//!
//! | what | default | beyond it |
//! | --- | --- | --- |
//! | spans that wait | 2,048, and 16 MiB | they are dropped and counted |
//! | spans in one request | 512, and 4 MiB | the rest is in the next one |
//! | wait for a batch to fill | 5 s | it is sent as it is |
//! | one request to the collector | 10 s | it is tried again |
//! | attempts | 5 for spans, 2 for metrics | what was in it is dropped and counted |
//! | wait between attempts | half to all of 1 s, 2 s, 4 s, 8 s; or `Retry-After`, up to 30 s | |
//! | answer of the collector | 64 KiB | it is not read |
//! | texts of a request's span | 2,048 bytes of the path, 1,024 of any other | they are cut |
//! | spans of the program | those of [`FinishedSpan`] | |
//! | interval of the metrics | 60 s | |
//! | kinds of requests whose durations are exported | 10,000 | not kept, and counted |
//! | the end of the application | four fifths of the time left | the rest is dropped and counted |
//!
//! A collector that is down or slow costs a request nothing: a span goes into a queue in memory,
//! and one that does not fit is dropped. `otel_spans_total{outcome}` counts what became of every
//! span, `otel_exports_total{signal,outcome}` every request to the collector.
//!
//! [`FinishedSpan`]: plumego_observe::trace::FinishedSpan

mod component;
mod config;
mod conventions;
mod endpoint;
mod export;
mod metrics;
mod queue;
mod requests;
mod resource;
mod sampler;
mod span;
mod stats;
mod tracer;

pub use self::component::Observability;
pub use self::config::{Compression, ExporterKind, OTEL_KEYS, OtelConfig, Protocol};
pub use self::sampler::{Sampler, SamplerKind};
