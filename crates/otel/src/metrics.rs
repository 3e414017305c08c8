//! The metrics of the application, as OTLP has them: cumulative, from the start of the process on.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Point;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use plumego_observe::metrics::{
    FamilySnapshot, HistogramValue, Kind, Sample, Snapshot, Unit, Value,
};

use crate::resource::{SCHEMA_URL, scope, text};

/// From when to when the values count, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) start: u64,
    pub(crate) now: u64,
}

/// All of a snapshot.
pub(crate) fn request(
    snapshot: &Snapshot,
    resource: Resource,
    times: Times,
) -> ExportMetricsServiceRequest {
    let metrics = snapshot.families.iter().map(|family| metric(family, times));
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource),
            schema_url: SCHEMA_URL.to_owned(),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope("plumego")),
                metrics: metrics.collect(),
                schema_url: SCHEMA_URL.to_owned(),
            }],
        }],
    }
}

fn metric(family: &FamilySnapshot, times: Times) -> Metric {
    let temporality = AggregationTemporality::Cumulative.into();
    let data = match family.kind {
        Kind::Counter => Data::Sum(Sum {
            data_points: numbers(family, times),
            aggregation_temporality: temporality,
            is_monotonic: true,
        }),
        Kind::Histogram => Data::Histogram(Histogram {
            data_points: histograms(family, times),
            aggregation_temporality: temporality,
        }),
        Kind::Gauge => Data::Gauge(Gauge {
            data_points: numbers(family, times),
        }),
    };
    Metric {
        name: family.name.clone(),
        description: family.help.replace("\\n", "\n").replace("\\\"", "\""),
        unit: match family.unit.map(Unit::as_str) {
            Some("seconds") => "s".to_owned(),
            Some("bytes") => "By".to_owned(),
            _ => String::new(),
        },
        data: Some(data),
        ..Metric::default()
    }
}

fn numbers(family: &FamilySnapshot, times: Times) -> Vec<NumberDataPoint> {
    let point = |sample: &Sample| {
        let value = match &sample.value {
            Value::Counter(count) => Point::AsInt(i64::try_from(*count).unwrap_or(i64::MAX)),
            Value::Gauge(value) => Point::AsDouble(*value),
            _ => return None,
        };
        Some(NumberDataPoint {
            attributes: labels(sample),
            start_time_unix_nano: times.start,
            time_unix_nano: times.now,
            value: Some(value),
            ..NumberDataPoint::default()
        })
    };
    family.samples.iter().filter_map(point).collect()
}

fn histograms(family: &FamilySnapshot, times: Times) -> Vec<HistogramDataPoint> {
    let point = |sample: &Sample| match &sample.value {
        Value::Histogram(value) => Some(histogram(sample, value, times)),
        _ => None,
    };
    family.samples.iter().filter_map(point).collect()
}

fn histogram(sample: &Sample, value: &HistogramValue, times: Times) -> HistogramDataPoint {
    let bounds = value.buckets.iter().map(|bucket| bucket.upper_bound);
    HistogramDataPoint {
        attributes: labels(sample),
        start_time_unix_nano: times.start,
        time_unix_nano: times.now,
        count: value.count,
        sum: Some(value.sum),
        bucket_counts: value.buckets.iter().map(|bucket| bucket.count).collect(),
        // The last one has no bound.
        explicit_bounds: bounds.filter(|bound| bound.is_finite()).collect(),
        ..HistogramDataPoint::default()
    }
}

fn labels(sample: &Sample) -> Vec<KeyValue> {
    sample
        .labels()
        .map(|(name, value)| text(name, value))
        .collect()
}
