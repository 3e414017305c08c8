//! All values at one time, for whoever does not want text: a dashboard, a test, an exporter.

use std::sync::Arc;

use super::family::Description;

/// The values of all families, sorted by name.
///
/// From [`Metrics::snapshot`](super::Metrics::snapshot).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// One for each name.
    pub families: Vec<FamilySnapshot>,
}

impl Snapshot {
    /// The family with this name (a counter's without `_total`).
    pub fn family(&self, name: &str) -> Option<&FamilySnapshot> {
        self.families.iter().find(|family| family.name == name)
    }

    /// The value of one series; the labels in any order.
    pub fn value(&self, family: &str, labels: &[(&str, &str)]) -> Option<&Value> {
        let wanted = |sample: &&Sample| {
            sample.labels().count() == labels.len()
                && labels
                    .iter()
                    .all(|(name, value)| sample.label(name) == Some(value))
        };
        self.family(family)?
            .samples
            .iter()
            .find(wanted)
            .map(|sample| &sample.value)
    }
}

/// One metric and its series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FamilySnapshot {
    /// The name, with the unit, without `_total`.
    pub name: String,
    /// The help text, escaped as OpenMetrics has it.
    pub help: String,
    /// What kind of metric it is.
    pub kind: Kind,
    /// The unit, when declared.
    pub unit: Option<Unit>,
    /// The series, sorted by label values.
    pub samples: Vec<Sample>,
}

impl FamilySnapshot {
    pub(super) fn new(description: &Description, samples: Vec<Sample>) -> Self {
        Self {
            name: description.name.to_string(),
            help: description.help.to_string(),
            kind: description.kind,
            unit: description.unit,
            samples,
        }
    }
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    names: Arc<[Box<str>]>,
    values: Arc<[Box<str>]>,
    /// Its value.
    pub value: Value,
}

impl Sample {
    pub(super) fn new(names: Arc<[Box<str>]>, values: Arc<[Box<str>]>, value: Value) -> Self {
        Self {
            names,
            values,
            value,
        }
    }

    /// Names and values of the labels, in the order declared.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names
            .iter()
            .zip(&*self.values)
            .map(|(name, value)| (&**name, &**value))
    }

    /// The value of one label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels()
            .find(|(candidate, _)| *candidate == name)
            .map(|(_, value)| value)
    }
}

/// The value of a series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Of a counter.
    Counter(u64),
    /// Of a gauge.
    Gauge(f64),
    /// Of a histogram.
    Histogram(HistogramValue),
}

/// The values of a histogram.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HistogramValue {
    /// By rising bound; the last bound is infinity.
    pub buckets: Vec<Bucket>,
    /// The sum of all values.
    pub sum: f64,
    /// How many values there were: the sum over the buckets.
    pub count: u64,
}

/// How many values were above the previous bound and not above this one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Bucket {
    /// The bound; itself included.
    pub upper_bound: f64,
    /// Not cumulative.
    pub count: u64,
}

/// What kind of metric a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by bucket.
    Histogram,
}

/// A base unit, as OpenMetrics wants it: the name of the metric ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// `_seconds`
    Seconds,
    /// `_bytes`
    Bytes,
    /// `_ratio`, from 0 to 1.
    Ratio,
}

impl Unit {
    /// The text at the end of the name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Ratio => "ratio",
        }
    }
}
