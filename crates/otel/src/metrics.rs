//! The metrics of the application, as OTLP has them: cumulative, from the start of the process on,
//! and by the names of the conventions where there are any.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Point;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use plumego_observe::metrics::{FamilySnapshot, HistogramValue, Kind, Metrics, Sample, Value};

use crate::conventions::{self, Convention};
use crate::resource::{SCHEMA_URL, scope};

/// From when to when the values count, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) start: u64,
    pub(crate) now: u64,
}

/// All metrics: those of the application, and those for exporters.
pub(crate) fn request(
    metrics: &Metrics,
    resource: Resource,
    times: Times,
) -> ExportMetricsServiceRequest {
    let told = conventions::told(metrics.snapshot(), metrics.for_exporters().snapshot());
    let metrics = told.iter();
    let metrics = metrics.map(|(family, convention)| metric(family, *convention, times));
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

fn metric(
    family: &FamilySnapshot,
    convention: Option<&'static Convention>,
    times: Times,
) -> Metric {
    let temporality = AggregationTemporality::Cumulative.into();
    let points = Points { convention, times };
    let data = match family.kind {
        Kind::Histogram => Data::Histogram(Histogram {
            data_points: points.histograms(family),
            aggregation_temporality: temporality,
        }),
        Kind::Gauge if !points.is_up_down() => Data::Gauge(Gauge {
            data_points: points.numbers(family),
        }),
        kind => Data::Sum(Sum {
            data_points: points.numbers(family),
            aggregation_temporality: temporality,
            is_monotonic: kind == Kind::Counter,
        }),
    };
    let name = convention.map(|convention| convention.name);
    let unit = convention.map(|convention| convention.unit);
    Metric {
        name: name.unwrap_or(&family.name).to_owned(),
        description: family.help.replace("\\n", "\n").replace("\\\"", "\""),
        unit: unit.unwrap_or(conventions::unit(family)).to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

/// Makes the points of one metric.
struct Points {
    convention: Option<&'static Convention>,
    times: Times,
}

impl Points {
    fn is_up_down(&self) -> bool {
        self.convention.is_some_and(|it| it.is_up_down)
    }

    fn numbers(&self, family: &FamilySnapshot) -> Vec<NumberDataPoint> {
        let point = |sample: &Sample| {
            let value = match &sample.value {
                Value::Counter(count) => Point::AsInt(i64::try_from(*count).unwrap_or(i64::MAX)),
                Value::Gauge(value) if self.is_up_down() => Point::AsInt(whole(*value)),
                Value::Gauge(value) => Point::AsDouble(*value),
                _ => return None,
            };
            Some(NumberDataPoint {
                attributes: conventions::attributes(sample, self.convention),
                start_time_unix_nano: self.times.start,
                time_unix_nano: self.times.now,
                value: Some(value),
                ..NumberDataPoint::default()
            })
        };
        family.samples.iter().filter_map(point).collect()
    }

    fn histograms(&self, family: &FamilySnapshot) -> Vec<HistogramDataPoint> {
        let point = |sample: &Sample| match &sample.value {
            Value::Histogram(value) => Some(self.histogram(sample, value)),
            _ => None,
        };
        family.samples.iter().filter_map(point).collect()
    }

    fn histogram(&self, sample: &Sample, value: &HistogramValue) -> HistogramDataPoint {
        let bounds = value.buckets.iter().map(|bucket| bucket.upper_bound);
        HistogramDataPoint {
            attributes: conventions::attributes(sample, self.convention),
            start_time_unix_nano: self.times.start,
            time_unix_nano: self.times.now,
            count: value.count,
            sum: Some(value.sum),
            bucket_counts: value.buckets.iter().map(|bucket| bucket.count).collect(),
            // The last one has no bound.
            explicit_bounds: bounds.filter(|bound| bound.is_finite()).collect(),
            ..HistogramDataPoint::default()
        }
    }
}

/// What counts things is a whole number there.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a gauge of ours, which is a whole number; beyond the bounds it is the nearest one"
)]
fn whole(value: f64) -> i64 {
    value.round() as i64
}
