//! All metrics of one application.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockWriteGuard};

use super::encode;
use super::error::MetricError;
use super::family::{
    AnyTable, Budget, CounterFamily, Description, Family, Function, GaugeFamily, HistogramFamily,
    Instrument, Table,
};
use super::name;
use super::snapshot::{Kind, Snapshot, Unit, Value};
use super::value::{Counter, Gauge, Histogram};

const FAMILIES_MAX: usize = 1000;
const DROPPED_SERIES: &str = "plumego_metrics_dropped_series";

/// The bounds of [`Metrics`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MetricsConfig {
    /// How many series there may be, over all families. Default 10,000.
    ///
    /// A label set of a histogram counts as one, whatever its number of buckets. Beyond: a new
    /// label set is not exposed, and adds one to `plumego_metrics_dropped_series_total`.
    pub max_series: usize,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self { max_series: 10_000 }
    }
}

/// All metrics of one application. Clones share them.
///
/// Each registration returns the same metric again when name, kind, help and labels are the
/// same, and an error when one of them differs.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    families: RwLock<Families>,
    budget: Arc<Budget>,
    max_series: usize,
    for_exporters: OnceLock<Metrics>,
}

#[derive(Default)]
struct Families {
    by_name: BTreeMap<Box<str>, AnyTable>,
    /// Which family owns which name of a sample.
    sample_names: BTreeMap<String, Box<str>>,
}

impl Metrics {
    /// No metrics yet but the counter of refused series.
    pub fn new(config: &MetricsConfig) -> Self {
        let refused = Counter::default();
        let metrics = Self::empty(config.max_series, refused.clone());
        let help = "Label sets that were refused because of the cap on series.";
        let registered = metrics.counter_fn(DROPPED_SERIES, help, move || refused.get());
        debug_assert!(registered.is_ok(), "the first name of all is free");
        metrics
    }

    /// No metrics; refused series are counted there.
    fn empty(max_series: usize, refused: Counter) -> Self {
        Self {
            inner: Arc::new(Inner {
                families: RwLock::new(Families::default()),
                budget: Arc::new(Budget::new(max_series, refused)),
                max_series,
                for_exporters: OnceLock::new(),
            }),
        }
    }

    /// Metrics beside these, for those who tell them by other names than ours: an exporter reads
    /// both, [`snapshot`](Self::snapshot) and [`encode`](Self::encode) have these alone. Always the
    /// same ones.
    ///
    /// They have a cap of their own, of the same size; what it refuses is counted with the rest.
    ///
    /// ```
    /// use plumego_observe::metrics::Metrics;
    ///
    /// let metrics = Metrics::default();
    /// let told = metrics.for_exporters().counter("told_elsewhere", "Told.")?;
    /// told.inc();
    /// assert!(!metrics.encode().contains("told_elsewhere"));
    /// assert!(metrics.for_exporters().encode().contains("told_elsewhere_total 1"));
    /// # Ok::<(), plumego_observe::metrics::MetricError>(())
    /// ```
    #[must_use]
    pub fn for_exporters(&self) -> Self {
        let inner = &*self.inner;
        let make = || Self::empty(inner.max_series, inner.budget.refused.clone());
        inner.for_exporters.get_or_init(make).clone()
    }

    /// A counter. `_total` is appended to the name when it is exposed.
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter, MetricError> {
        self.counter_family(name, help, &[])
            .map(|family| family.with(&[]))
    }

    /// Counters with labels. `_total` is appended to the name when it is exposed.
    pub fn counter_family<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: &[&str; N],
    ) -> Result<CounterFamily<N>, MetricError> {
        self.register(describe(Kind::Counter, name, help, labels))
    }

    /// A gauge.
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, MetricError> {
        self.gauge_family(name, help, &[])
            .map(|family| family.with(&[]))
    }

    /// Gauges with labels.
    pub fn gauge_family<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: &[&str; N],
    ) -> Result<GaugeFamily<N>, MetricError> {
        self.register(describe(Kind::Gauge, name, help, labels))
    }

    /// A histogram; `buckets` are its rising upper bounds. The unit is appended to the name when
    /// the name does not end with it.
    pub fn histogram(
        &self,
        name: &str,
        help: &str,
        unit: Option<Unit>,
        buckets: &[f64],
    ) -> Result<Histogram, MetricError> {
        self.histogram_family(name, help, unit, buckets, &[])
            .map(|family| family.with(&[]))
    }

    /// Histograms with labels, otherwise as [`histogram`](Self::histogram).
    pub fn histogram_family<const N: usize>(
        &self,
        name: &str,
        help: &str,
        unit: Option<Unit>,
        buckets: &[f64],
        labels: &[&str; N],
    ) -> Result<HistogramFamily<N>, MetricError> {
        let name = match unit.map(Unit::as_str) {
            Some(unit) if !name.ends_with(&format!("_{unit}")) => format!("{name}_{unit}"),
            _ => name.to_owned(),
        };
        let described = describe(Kind::Histogram, &name, help, labels);
        self.register(Description {
            unit,
            bounds: buckets.into(),
            ..described
        })
    }

    /// A gauge whose value `read` is asked for each time. An error when the name is taken.
    pub fn gauge_fn<F>(&self, name: &str, help: &str, read: F) -> Result<(), MetricError>
    where
        F: Fn() -> f64 + Send + Sync + 'static,
    {
        let description = describe(Kind::Gauge, name, help, &[]);
        self.register_function(description, Box::new(move || Value::Gauge(read())))
    }

    /// A counter kept elsewhere: `read` is asked for it each time and must never go back. An
    /// error when the name is taken.
    pub fn counter_fn<F>(&self, name: &str, help: &str, read: F) -> Result<(), MetricError>
    where
        F: Fn() -> u64 + Send + Sync + 'static,
    {
        let description = describe(Kind::Counter, name, help, &[]);
        self.register_function(description, Box::new(move || Value::Counter(read())))
    }

    /// All values now.
    pub fn snapshot(&self) -> Snapshot {
        // The lock is not held while functions are asked: they may come back here.
        let tables: Vec<AnyTable> = {
            let families = self
                .inner
                .families
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            families.by_name.values().cloned().collect()
        };
        Snapshot {
            families: tables.iter().map(AnyTable::snapshot).collect(),
        }
    }

    /// All values now as OpenMetrics text; its type is [`CONTENT_TYPE`](super::CONTENT_TYPE).
    pub fn encode(&self) -> String {
        encode::encode(self.snapshot())
    }

    /// How many label sets were refused so far.
    pub fn dropped_series(&self) -> u64 {
        self.inner.budget.refused.get()
    }

    fn register<M, const N: usize>(
        &self,
        description: Description,
    ) -> Result<Family<M, N>, MetricError>
    where
        M: Instrument,
    {
        name::check(&description)?;
        let mut families = self.write();
        if let Some(existing) = families.by_name.get(&description.name) {
            return match M::from_any(existing) {
                Some(table) if table.description == description => Ok(Family::new(
                    Arc::clone(table),
                    Arc::clone(&self.inner.budget),
                )),
                _ => Err(taken(&description, existing.description())),
            };
        }
        let table = Arc::new(Table::new(description));
        families.insert(M::into_any(Arc::clone(&table)))?;
        Ok(Family::new(table, Arc::clone(&self.inner.budget)))
    }

    fn register_function(
        &self,
        description: Description,
        read: Box<dyn Fn() -> Value + Send + Sync>,
    ) -> Result<(), MetricError> {
        name::check(&description)?;
        let mut families = self.write();
        if let Some(existing) = families.by_name.get(&description.name) {
            return Err(taken(&description, existing.description()));
        }
        families.insert(AnyTable::Function(Arc::new(Function { description, read })))
    }

    fn write(&self) -> RwLockWriteGuard<'_, Families> {
        self.inner
            .families
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(&MetricsConfig::default())
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let families = self
            .inner
            .families
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Metrics")
            .field("families", &families.by_name.len())
            .finish_non_exhaustive()
    }
}

impl Families {
    fn insert(&mut self, table: AnyTable) -> Result<(), MetricError> {
        let description = table.description();
        if self.by_name.len() >= FAMILIES_MAX {
            return Err(MetricError::too_many(&description.name, FAMILIES_MAX));
        }
        let sample_names = name::sample_names(description);
        for sample_name in &sample_names {
            if let Some(owner) = self.sample_names.get(sample_name) {
                return Err(MetricError::conflict(
                    &description.name,
                    format!("the name {sample_name:?} belongs to {owner:?}; use another name"),
                ));
            }
        }
        let name = description.name.clone();
        self.sample_names.extend(
            sample_names
                .into_iter()
                .map(|sample| (sample, name.clone())),
        );
        self.by_name.insert(name, table);
        Ok(())
    }
}

fn describe(kind: Kind, name: &str, help: &str, labels: &[&str]) -> Description {
    let name = match kind {
        Kind::Counter => name.strip_suffix("_total").unwrap_or(name),
        Kind::Gauge | Kind::Histogram => name,
    };
    Description {
        name: name.into(),
        help: name::escape_help(help).into(),
        unit: None,
        kind,
        labels: labels.iter().map(|label| Box::from(*label)).collect(),
        bounds: Arc::default(),
    }
}

fn taken(new: &Description, existing: &Description) -> MetricError {
    let (what, was, now) = if new.kind != existing.kind {
        (
            "kind",
            format!("{:?}", existing.kind),
            format!("{:?}", new.kind),
        )
    } else if new.labels != existing.labels {
        (
            "labels",
            format!("{:?}", existing.labels),
            format!("{:?}", new.labels),
        )
    } else if new.help != existing.help {
        (
            "help",
            format!("{:?}", existing.help),
            format!("{:?}", new.help),
        )
    } else if new.unit != existing.unit {
        (
            "unit",
            format!("{:?}", existing.unit),
            format!("{:?}", new.unit),
        )
    } else if new.bounds != existing.bounds {
        (
            "buckets",
            format!("{:?}", existing.bounds),
            format!("{:?}", new.bounds),
        )
    } else {
        let reason = "the name is taken, and a function cannot be registered twice";
        return MetricError::conflict(&new.name, reason);
    };
    let reason = format!("already registered with {what} {was}, now {now}; use another name");
    MetricError::conflict(&new.name, reason)
}
