//! What was set as a goal, and what came of it.

use super::figures::Figures;
use super::program::{BARE, METRICS, NO_LOG, PRODUCTION, Series, Work};
use super::scenario::Who;

/// A goal: at most so much.
#[derive(Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) most: f64,
    /// `None` when it was not measured.
    pub(crate) found: Option<f64>,
}

impl Target {
    pub(crate) fn holds(&self) -> Option<bool> {
        self.found.map(|found| found <= self.most)
    }
}

/// Processor time of Plumego over that of a peer.
const RATIOS: &[(Series, Work, Who, f64)] = &[
    (BARE, Work::Ping, Who::Hyper, 1.10),
    (BARE, Work::Ping, Who::Actix, 1.0),
    (BARE, Work::Ping, Who::Axum, 1.0),
    (BARE, Work::Ping, Who::Poem, 1.0),
    (BARE, Work::Ping, Who::Salvo, 1.0),
    (PRODUCTION, Work::Ping, Who::Hyper, 1.25),
    (METRICS, Work::Ping, Who::Hyper, 1.25),
    (PRODUCTION, Work::Echo, Who::Hyper, 1.25),
    (PRODUCTION, Work::Ping, Who::Actix, 0.70),
    (PRODUCTION, Work::Ping, Who::Axum, 0.40),
];

/// All goals, with what was found.
pub(crate) fn targets(figures: &Figures) -> Vec<Target> {
    let mut targets: Vec<Target> = RATIOS.iter().map(|it| ratio(figures, *it)).collect();
    let ours = |series| figures.row(Who::Plumego, series, Work::Ping);
    let instructions = |series| ours(series).and_then(|row| row.instructions).map(float);
    let line = instructions(PRODUCTION)
        .zip(instructions(NO_LOG))
        .map(|(with, without)| with - without);
    let memory = ours(PRODUCTION).and_then(|row| row.spread(|run| run.resident_mib));
    let mut add = |what: &str, most: f64, found: Option<f64>| {
        let what = what.to_owned();
        targets.push(Target { what, most, found });
    };
    let count = instructions(PRODUCTION);
    add("production, ping: user instructions", 22_000.0, count);
    add("a line of the access log: user instructions", 2_000.0, line);
    let calls = ours(PRODUCTION).and_then(|row| row.syscalls);
    add("production, ping: system calls", 2.1, calls);
    let memory = memory.map(|memory| memory.most);
    add("production, ping: MiB resident after load", 16.0, memory);
    targets
}

fn ratio(figures: &Figures, (series, work, peer, most): (Series, Work, Who, f64)) -> Target {
    let ours = figures.row(Who::Plumego, series, work);
    let theirs = figures.row(peer, series, work);
    let found = ours
        .zip(theirs)
        .and_then(|(ours, theirs)| ours.times(theirs));
    let what = format!(
        "{}, {}: CPU over {}",
        series.name,
        work.name(),
        peer.label(series)
    );
    Target { what, most, found }
}

fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// One line for each, for a person.
pub(crate) fn tell(targets: &[Target]) {
    println!("\ntargets");
    for target in targets {
        let verdict = match target.holds() {
            Some(true) => "holds",
            Some(false) => "MISSED",
            None => "not measured",
        };
        let found = target.found.map_or("-".to_owned(), number);
        let most = number(target.most);
        println!("  {verdict:<12} {:<60} {found:>8} of {most}", target.what);
    }
}

/// Few digits where they say nothing.
pub(crate) fn number(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::{Row, Run, Table};

    fn row(who: Who, cpu_micros: f64) -> Row {
        let run = Run {
            cpu_micros,
            requests_per_second: 1.0,
            p50_ms: 1.0,
            p99_ms: 1.0,
            resident_mib: 8.0,
        };
        Row {
            who,
            series: BARE,
            runs: vec![run],
            instructions: None,
            syscalls: None,
        }
    }

    #[test]
    fn a_goal_is_met_missed_or_not_measured() {
        let figures = Figures(vec![Table {
            series: BARE,
            work: Work::Ping,
            rows: vec![
                row(Who::Plumego, 11.0),
                row(Who::Hyper, 10.0),
                row(Who::Axum, 10.5),
            ],
        }]);
        let verdict = |part: &str| {
            let targets = targets(&figures);
            let found = targets.iter().find(|target| target.what.contains(part));
            found.unwrap().holds()
        };
        assert_eq!(verdict("bare, ping: CPU over hyper"), Some(true));
        assert_eq!(verdict("bare, ping: CPU over axum"), Some(false));
        assert_eq!(verdict("bare, ping: CPU over salvo"), None);
        assert_eq!(verdict("system calls"), None);
    }
}
