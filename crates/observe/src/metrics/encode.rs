//! A snapshot as OpenMetrics text, written by `prometheus-client`.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit as UnitName};

use super::snapshot::{FamilySnapshot, Kind, Snapshot, Value};

/// The `Content-Type` of [`Metrics::encode`](super::Metrics::encode).
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whole numbers up to here are exact in an `f64`.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

pub(super) fn encode(snapshot: Snapshot) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(SnapshotCollector { snapshot }));
    let mut text = String::new();
    // Writing to a string cannot fail and nothing above invents an error; were it to fail all
    // the same, half an exposition without its end must not look whole.
    match text::encode(&mut text, &registry) {
        Ok(()) => text,
        Err(fmt::Error) => String::from("# EOF\n"),
    }
}

#[derive(Debug)]
struct SnapshotCollector {
    snapshot: Snapshot,
}

impl Collector for SnapshotCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.snapshot
            .families
            .iter()
            .try_for_each(|family| encode_family(family, &mut encoder))
    }
}

fn encode_family(family: &FamilySnapshot, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let kind = match family.kind {
        Kind::Counter => MetricType::Counter,
        Kind::Gauge => MetricType::Gauge,
        Kind::Histogram => MetricType::Histogram,
    };
    // The encoder appends the unit to the name by itself.
    let suffix = family
        .unit
        .map(|unit| format!("_{}", unit.as_str()))
        .unwrap_or_default();
    let name = family.name.strip_suffix(&suffix).unwrap_or(&family.name);
    let unit = family
        .unit
        .map(|unit| UnitName::Other(unit.as_str().to_owned()));
    let mut metric = encoder.encode_descriptor(name, &family.help, unit.as_ref(), kind)?;
    for sample in &family.samples {
        let labels: Vec<(&str, &str)> = sample.labels().collect();
        if labels.is_empty() {
            encode_value(&sample.value, &mut metric)?;
        } else {
            encode_value(&sample.value, &mut metric.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn encode_value(value: &Value, encoder: &mut MetricEncoder<'_>) -> fmt::Result {
    match value {
        Value::Counter(value) => encoder.encode_counter::<NoLabelSet, u64, f64>(value, None),
        Value::Gauge(value) => match whole(*value) {
            Some(whole) => encoder.encode_gauge(&whole),
            None => encoder.encode_gauge(value),
        },
        Value::Histogram(value) => {
            let buckets: Vec<(f64, u64)> = value
                .buckets
                .iter()
                .map(|bucket| (bucket.upper_bound, bucket.count))
                .collect();
            encoder.encode_histogram::<NoLabelSet>(value.sum, value.count, &buckets, None)
        }
    }
}

/// `3` reads better than `3.0`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be whole and in range"
)]
fn whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() <= EXACT_MAX).then_some(value as i64)
}
