//! What was measured, and what is made of it.

use super::program::{Series, Work};
use super::scenario::Who;

/// The middle of some figures, the least and the most of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// `None` of no figures.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let lower = *sorted.get((sorted.len() - 1) / 2)?;
        Some(Self {
            median: f64::midpoint(lower, upper),
            least,
            most,
        })
    }
}

/// One run of one server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) cpu_micros: f64,
    pub(crate) requests_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) resident_mib: f64,
}

/// A line of a table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) who: Who,
    pub(crate) series: Series,
    pub(crate) runs: Vec<Run>,
    pub(crate) instructions: Option<u64>,
    pub(crate) syscalls: Option<f64>,
}

impl Row {
    pub(crate) fn spread(&self, of: impl Fn(&Run) -> f64) -> Option<Spread> {
        Spread::of(self.runs.iter().map(of))
    }

    pub(crate) fn cpu(&self) -> Option<Spread> {
        self.spread(|run| run.cpu_micros)
    }

    /// How many times the processor time of `other` this takes: the middle of the rounds, each by
    /// itself, so that what disturbs a whole round disturbs little.
    pub(crate) fn times(&self, other: &Self) -> Option<f64> {
        let pairs = self.runs.iter().zip(&other.runs);
        let ratios = pairs.map(|(mine, theirs)| mine.cpu_micros / theirs.cpu_micros);
        Spread::of(ratios).map(|spread| spread.median)
    }
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) series: Series,
    pub(crate) work: Work,
    pub(crate) rows: Vec<Row>,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(pub(crate) Vec<Table>);

impl Figures {
    /// The line of somebody in a series at some work, in whatever table it stands.
    pub(crate) fn row(&self, who: Who, series: Series, work: Work) -> Option<&Row> {
        let tables = self.0.iter().filter(|table| table.work == work);
        let mut rows = tables.flat_map(|table| &table.rows);
        rows.find(|row| (row.who, row.series) == (who, series))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_odd_and_even_numbers_of_figures() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        let check = |figures: &[f64], median: f64| {
            let found = spread(figures).unwrap();
            assert!((found.median - median).abs() < 1e-9, "{found:?}");
        };
        check(&[3.0, 1.0, 2.0], 2.0);
        check(&[4.0, 1.0, 2.0, 3.0], 2.5);
        assert_eq!(spread(&[]), None);
    }
}
