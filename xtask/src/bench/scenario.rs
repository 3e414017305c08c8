//! Who is measured at what.

use super::program::{BARE, METRICS, NO_LOG, PRODUCTION, Series, Work};

/// Somebody who is measured: a program, and the name that the page has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Plumego,
    Hyper,
    Actix,
    Axum,
    Poem,
    Salvo,
}

pub(crate) const EVERYBODY: [Who; 6] = [
    Who::Plumego,
    Who::Hyper,
    Who::Actix,
    Who::Axum,
    Who::Poem,
    Who::Salvo,
];

impl Who {
    /// Its program.
    pub(crate) const fn binary(self) -> &'static str {
        match self {
            Self::Plumego => "house",
            Self::Hyper => "peer-hyper",
            Self::Actix => "peer-actix",
            Self::Axum => "peer-axum",
            Self::Poem => "peer-poem",
            Self::Salvo => "peer-salvo",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plumego => "Plumego",
            Self::Hyper => "hyper",
            Self::Actix => "actix-web",
            Self::Axum => "axum",
            Self::Poem => "poem",
            Self::Salvo => "salvo",
        }
    }

    /// The name in a table of a series: hyper has no production stack but one made by hand.
    pub(crate) fn label(self, series: Series) -> String {
        let mut label = self.name().to_owned();
        if self == Self::Hyper && series.args != BARE.args {
            label.push_str(", fused by hand");
        }
        if series.args == METRICS.args {
            label.push_str(", metrics");
        }
        label
    }

    /// As `--only` has it.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let named = |who: &Self| who.name().eq_ignore_ascii_case(name);
        EVERYBODY.into_iter().find(named)
    }
}

/// A program in one of its series.
pub(crate) type Entry = (Who, Series);

/// A table of the page.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) series: Series,
    pub(crate) work: Work,
    pub(crate) entries: Vec<Entry>,
}

impl Scenario {
    fn new(series: Series, work: Work) -> Self {
        let mut entries: Vec<Entry> = EVERYBODY.into_iter().map(|who| (who, series)).collect();
        if (series, work) == (PRODUCTION, Work::Ping) {
            entries.extend([(Who::Plumego, METRICS), (Who::Hyper, METRICS)]);
        }
        Self {
            series,
            work,
            entries,
        }
    }

    pub(crate) fn is(&self, series: Series, work: Work) -> bool {
        (self.series, self.work) == (series, work)
    }
}

/// All tables, or those that tell most.
pub(crate) fn scenarios(quick: bool) -> Vec<Scenario> {
    let all = [
        (BARE, Work::Ping, true),
        (PRODUCTION, Work::Ping, true),
        (PRODUCTION, Work::Echo, true),
        (NO_LOG, Work::Ping, false),
        (PRODUCTION, Work::Routes, false),
        (BARE, Work::Echo, false),
        (BARE, Work::Routes, false),
    ];
    all.into_iter()
        .filter(|(_, _, tells_most)| *tells_most || !quick)
        .map(|(series, work, _)| Scenario::new(series, work))
        .collect()
}
