//! A metric with labels: the table of its series, and the handle code resolves them with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::snapshot::{FamilySnapshot, Kind, Sample, Unit, Value};
use super::value::{Counter, Gauge, Histogram};

/// Longer label values are cut.
const LABEL_VALUE_BYTES_MAX: usize = 256;

/// A [`Family`] of counters.
pub type CounterFamily<const N: usize> = Family<Counter, N>;
/// A [`Family`] of gauges.
pub type GaugeFamily<const N: usize> = Family<Gauge, N>;
/// A [`Family`] of histograms.
pub type HistogramFamily<const N: usize> = Family<Histogram, N>;

/// A metric with `N` labels. Clones share the series.
pub struct Family<M, const N: usize> {
    table: Arc<Table<M>>,
    budget: Arc<Budget>,
}

impl<M: Instrument, const N: usize> Family<M, N> {
    pub(super) fn new(table: Arc<Table<M>>, budget: Arc<Budget>) -> Self {
        Self { table, budget }
    }

    /// The handle of the series with these label values, in the order of the label names.
    ///
    /// Takes a lock and allocates: resolve a handle once and keep it. Values are cut to 256
    /// bytes. When the cap on series is reached, a new label set gets the overflow handle of the
    /// family, which works but is not exposed.
    pub fn with(&self, values: &[&str; N]) -> M {
        self.table.resolve(values.iter().copied(), &self.budget)
    }
}

impl<M, const N: usize> Clone for Family<M, N> {
    fn clone(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
            budget: Arc::clone(&self.budget),
        }
    }
}

impl<M, const N: usize> fmt::Debug for Family<M, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family")
            .field("description", &self.table.description)
            .finish_non_exhaustive()
    }
}

/// [`Counter`], [`Gauge`] or [`Histogram`].
pub trait Instrument: Clone + sealed::Sealed {}

impl Instrument for Counter {}
impl Instrument for Gauge {}
impl Instrument for Histogram {}

pub(super) mod sealed {
    use std::sync::Arc;

    use super::{AnyTable, Description, Table, Value};

    /// What only this crate needs of an instrument.
    pub trait Sealed: Sized {
        fn create(description: &Description) -> Self;
        fn read(&self) -> Value;
        fn into_any(table: Arc<Table<Self>>) -> AnyTable;
        fn from_any(table: &AnyTable) -> Option<&Arc<Table<Self>>>;
    }
}

macro_rules! sealed {
    ($instrument:ident, $create:expr, $read:expr) => {
        impl sealed::Sealed for $instrument {
            fn create(description: &Description) -> Self {
                $create(description)
            }

            fn read(&self) -> Value {
                $read(self)
            }

            fn into_any(table: Arc<Table<Self>>) -> AnyTable {
                AnyTable::$instrument(table)
            }

            fn from_any(table: &AnyTable) -> Option<&Arc<Table<Self>>> {
                match table {
                    AnyTable::$instrument(table) => Some(table),
                    _ => None,
                }
            }
        }
    };
}

sealed!(
    Counter,
    |_: &Description| Counter::default(),
    |counter: &Counter| { Value::Counter(counter.get()) }
);
sealed!(
    Gauge,
    |_: &Description| Gauge::default(),
    |gauge: &Gauge| Value::Gauge(exact(gauge.get()))
);
sealed!(
    Histogram,
    |description: &Description| Histogram::new(Arc::clone(&description.bounds)),
    |histogram: &Histogram| Value::Histogram(histogram.get())
);

/// Everything that must be the same when a name is registered again.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// As exposed, with the unit, without `_total`.
    pub(super) name: Box<str>,
    /// Escaped for the exposition.
    pub(super) help: Box<str>,
    pub(super) unit: Option<Unit>,
    pub(super) kind: Kind,
    pub(super) labels: Arc<[Box<str>]>,
    /// Only of a histogram.
    pub(super) bounds: Arc<[f64]>,
}

/// The series of one family.
pub struct Table<M> {
    pub(super) description: Description,
    series: RwLock<BTreeMap<Arc<[Box<str>]>, M>>,
    overflow: M,
}

impl<M: Instrument> Table<M> {
    pub(super) fn new(description: Description) -> Self {
        let overflow = M::create(&description);
        Self {
            description,
            series: RwLock::default(),
            overflow,
        }
    }

    pub(super) fn resolve<'a, V>(&self, values: V, budget: &Budget) -> M
    where
        V: Iterator<Item = &'a str>,
    {
        let key: Arc<[Box<str>]> = values.map(|value| Box::from(cut(value))).collect();
        if let Some(found) = self
            .series
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return found.clone();
        }
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = series.get(&key) {
            return found.clone();
        }
        if !budget.take() {
            return self.overflow.clone();
        }
        series
            .entry(key)
            .or_insert(M::create(&self.description))
            .clone()
    }

    fn snapshot(&self) -> FamilySnapshot {
        let series = self.series.read().unwrap_or_else(PoisonError::into_inner);
        let samples = series.iter().map(|(values, metric)| {
            Sample::new(
                Arc::clone(&self.description.labels),
                Arc::clone(values),
                metric.read(),
            )
        });
        FamilySnapshot::new(&self.description, samples.collect())
    }
}

/// A family of any kind, as the registry keeps it.
#[derive(Clone)]
pub enum AnyTable {
    /// Counters.
    Counter(Arc<Table<Counter>>),
    /// Gauges.
    Gauge(Arc<Table<Gauge>>),
    /// Histograms.
    Histogram(Arc<Table<Histogram>>),
    /// One value, asked for when it is read.
    Function(Arc<Function>),
}

impl AnyTable {
    pub(super) fn description(&self) -> &Description {
        match self {
            Self::Counter(table) => &table.description,
            Self::Gauge(table) => &table.description,
            Self::Histogram(table) => &table.description,
            Self::Function(function) => &function.description,
        }
    }

    pub(super) fn snapshot(&self) -> FamilySnapshot {
        match self {
            Self::Counter(table) => table.snapshot(),
            Self::Gauge(table) => table.snapshot(),
            Self::Histogram(table) => table.snapshot(),
            Self::Function(function) => {
                let none: Arc<[Box<str>]> = Arc::default();
                let sample = Sample::new(Arc::clone(&none), none, (function.read)());
                FamilySnapshot::new(&function.description, vec![sample])
            }
        }
    }
}

/// A metric whose value is asked for.
pub struct Function {
    pub(super) description: Description,
    pub(super) read: Box<dyn Fn() -> Value + Send + Sync>,
}

/// How many series there may still be, over all families.
#[derive(Debug)]
pub(super) struct Budget {
    left: AtomicUsize,
    /// Label sets that were refused.
    pub(super) refused: Counter,
}

impl Budget {
    pub(super) fn new(max: usize, refused: Counter) -> Self {
        Self {
            left: AtomicUsize::new(max),
            refused,
        }
    }

    fn take(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok();
        if !taken {
            self.refused.inc();
        }
        taken
    }
}

fn cut(value: &str) -> &str {
    let end = value.floor_char_boundary(LABEL_VALUE_BYTES_MAX);
    value.get(..end).unwrap_or(value)
}

/// Gauges are exposed as `f64`; what a server counts is far below 2⁵³.
#[expect(
    clippy::cast_precision_loss,
    reason = "beyond 2^53 the nearest value is good enough"
)]
fn exact(value: i64) -> f64 {
    value as f64
}
