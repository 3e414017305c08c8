//! `bench http`: Plumego beside its peers, in one go, turn by turn.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::figures::{Figures, Row, Run, Table};
use super::program::{BARE, PRODUCTION, Work};
use super::scenario::{EVERYBODY, Entry, Scenario, Who, scenarios};
use super::server::{Server, Start};
use super::{correct, instructions, load, page, program, syscalls, targets};
use crate::cargo;

/// The rounds that a page needs.
const ROUNDS_MIN: usize = 8;
const WORKERS: usize = 2;
pub(super) const PEERS: &str = "benches/peers";

/// What was asked for on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    quick: bool,
    /// Fails when a target is missed.
    check: bool,
    rounds: usize,
    only: Vec<Who>,
}

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self {
            quick: words.contains(&"--quick"),
            check: false,
            rounds: 0,
            only: EVERYBODY.to_vec(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--quick" => {}
                "--check" => options.check = true,
                "--rounds" => {
                    let rounds = words.next().and_then(|it| it.parse().ok());
                    options.rounds = rounds
                        .filter(|rounds| (1..=100).contains(rounds))
                        .ok_or("--rounds expects a number from 1 to 100")?;
                }
                "--only" => options.only = only(words.next().copied().unwrap_or_default())?,
                other => return Err(format!("unknown option: {other}\n\n{}", super::USAGE)),
            }
        }
        if options.rounds == 0 {
            options.rounds = if options.quick { 2 } else { ROUNDS_MIN };
        }
        Ok(options)
    }

    const fn seconds(&self) -> u32 {
        if self.quick { 1 } else { 3 }
    }

    /// Whether the page may be written: everybody, everything, often enough.
    fn is_whole(&self) -> bool {
        !self.quick && self.rounds >= ROUNDS_MIN && self.only.len() == EVERYBODY.len()
    }
}

fn only(names: &str) -> Result<Vec<Who>, String> {
    let known: Vec<&str> = EVERYBODY.into_iter().map(Who::name).collect();
    let one = |name: &str| {
        Who::of(name).ok_or_else(|| format!("`{name}`: expected one of {}", known.join(", ")))
    };
    names.split(',').map(one).collect()
}

/// Builds, checks, measures, tells, and writes the page.
pub(crate) fn run(root: &Path, words: &[&str]) -> Result<(), String> {
    let options = Options::parse(words)?;
    for (program, package) in [
        ("wrk", "wrk"),
        ("valgrind", "valgrind"),
        ("strace", "strace"),
    ] {
        super::needs(program, package)?;
    }
    let programs = build(root, &options.only)?;
    let begin = Instant::now();
    let dir = super::scratch()?;
    let bench = Bench {
        options: &options,
        programs,
        dir: dir.path(),
    };
    let figures = bench.measure()?;
    page::print(&figures);
    let targets = targets::targets(&figures);
    targets::tell(&targets);
    println!("\nmeasured for {} s", begin.elapsed().as_secs());
    if options.is_whole() {
        page::write(root, &figures, &targets, options.rounds)?;
    } else {
        println!("the page stays as it is: it needs everybody, and {ROUNDS_MIN} whole rounds");
    }
    let missed = targets
        .iter()
        .filter(|it| it.holds() == Some(false))
        .count();
    if options.check && missed > 0 {
        return Err(format!("bench http: {missed} targets were missed"));
    }
    Ok(())
}

/// Builds whoever is wanted; one that is not there is an error.
fn build(root: &Path, wanted: &[Who]) -> Result<BTreeMap<Who, PathBuf>, String> {
    let house = program::build_house(root)?;
    let target = program::target(root)?.join("peers");
    if wanted.iter().any(|who| *who != Who::Plumego) {
        let args = ["build", "--release", "--locked"];
        let mut command = cargo::command(&root.join(PEERS), &args);
        cargo::check(command.env("CARGO_TARGET_DIR", &target), &args)?;
    }
    find(wanted, &house, &target)
}

/// Where everybody is.
fn find(wanted: &[Who], house: &Path, target: &Path) -> Result<BTreeMap<Who, PathBuf>, String> {
    let mut programs = BTreeMap::new();
    for who in wanted {
        let path = match who {
            Who::Plumego => house.to_owned(),
            who => target.join("release").join(who.binary()),
        };
        if !path.is_file() {
            return Err(format!("{} is missing: {}", who.name(), path.display()));
        }
        programs.insert(*who, path);
    }
    Ok(programs)
}

struct Bench<'a> {
    options: &'a Options,
    programs: BTreeMap<Who, PathBuf>,
    dir: &'a Path,
}

impl Bench<'_> {
    fn measure(&self) -> Result<Figures, String> {
        let mut scenarios = scenarios(self.options.quick);
        for scenario in &mut scenarios {
            scenario
                .entries
                .retain(|(who, _)| self.programs.contains_key(who));
        }
        self.correct(&scenarios)?;
        let mut tables = Vec::new();
        for scenario in &scenarios {
            tables.push(self.table(scenario)?);
        }
        Ok(Figures(tables))
    }

    /// Nobody is measured before everybody answers as they should.
    fn correct(&self, scenarios: &[Scenario]) -> Result<(), String> {
        let mut checked: Vec<Entry> = Vec::new();
        let mut wrong = Vec::new();
        for entry in scenarios.iter().flat_map(|it| &it.entries) {
            if checked.contains(entry) {
                continue;
            }
            checked.push(*entry);
            let (who, series) = *entry;
            if let Err(error) = correct::check(self.program(who)?, series, self.dir) {
                wrong.push(format!("{}, {}:\n{error}", who.name(), series.name));
            }
        }
        if wrong.is_empty() {
            println!("{} stacks answer as they should", checked.len());
            return Ok(());
        }
        Err(format!(
            "nothing is measured: wrong answers\n{}",
            wrong.join("\n")
        ))
    }

    fn program(&self, who: Who) -> Result<&Path, String> {
        let path = self.programs.get(&who).map(PathBuf::as_path);
        path.ok_or_else(|| format!("{} was not built", who.name()))
    }

    fn table(&self, scenario: &Scenario) -> Result<Table, String> {
        let name = format!("{}, {}", scenario.series.name, scenario.work.name());
        let mut rows = self.rows(scenario)?;
        for round in 1..=self.options.rounds {
            print!("\r{name}: round {round} of {}", self.options.rounds);
            let _ = std::io::stdout().flush();
            for (row, server) in &mut rows {
                row.runs.push(self.run(server, scenario.work)?);
            }
        }
        println!();
        let mut done = Vec::new();
        for (row, server) in rows {
            server.end()?;
            done.push(self.counted(row, scenario)?);
        }
        Ok(Table {
            series: scenario.series,
            work: scenario.work,
            rows: done,
        })
    }

    /// Starts everybody once, and has them warm up.
    fn rows(&self, scenario: &Scenario) -> Result<Vec<(Row, Server)>, String> {
        let mut rows = Vec::new();
        for (who, series) in &scenario.entries {
            let start = Start {
                program: self.program(*who)?,
                series: *series,
                workers: WORKERS,
                more: &[],
                dir: self.dir,
                under: &[],
            };
            let server = start.start()?;
            load::run(server.port, scenario.work, 1, self.dir)
                .map_err(|error| format!("{}: {error}", who.label(*series)))?;
            let row = Row {
                who: *who,
                series: *series,
                runs: Vec::new(),
                instructions: None,
                syscalls: None,
            };
            rows.push((row, server));
        }
        Ok(rows)
    }

    fn run(&self, server: &Server, work: Work) -> Result<Run, String> {
        let before = server.cpu_nanos()?;
        let seen = load::run(server.port, work, self.options.seconds(), self.dir)?;
        let nanos = server.cpu_nanos()?.saturating_sub(before);
        server.forget_log()?;
        let requests = float(seen.requests);
        Ok(Run {
            cpu_micros: float(nanos / 1_000) / requests,
            requests_per_second: requests / seen.seconds,
            p50_ms: seen.p50_ms,
            p99_ms: seen.p99_ms,
            resident_mib: float(server.resident_kib()?) / 1024.0,
        })
    }

    /// The counts, which need servers of their own.
    fn counted(&self, mut row: Row, scenario: &Scenario) -> Result<Row, String> {
        let program = self.program(row.who)?;
        let tells_most = [Who::Plumego, Who::Hyper].contains(&row.who)
            && (scenario.is(PRODUCTION, Work::Ping) || scenario.is(BARE, Work::Ping));
        if tells_most || !self.options.quick {
            let count = instructions::count(program, row.series, scenario.work, self.dir)?;
            row.instructions = Some(count);
        }
        let ours = row.who == Who::Plumego && scenario.is(PRODUCTION, Work::Ping);
        if ours || (!self.options.quick && scenario.work == Work::Ping) {
            let seconds = self.options.seconds();
            let calls = syscalls::count(program, row.series, scenario.work, seconds, self.dir)?;
            row.syscalls = Some(calls);
        }
        Ok(row)
    }
}

fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_is_missing_is_an_error() {
        let dir = super::super::scratch().unwrap();
        let release = dir.path().join("release");
        std::fs::create_dir(&release).unwrap();
        let wanted = [Who::Plumego, Who::Axum, Who::Actix];
        for who in wanted {
            std::fs::write(release.join(who.binary()), "").unwrap();
        }
        let house = release.join(Who::Plumego.binary());
        assert_eq!(find(&wanted, &house, dir.path()).unwrap().len(), 3);
        std::fs::remove_file(release.join(Who::Actix.binary())).unwrap();
        let error = find(&wanted, &house, dir.path()).unwrap_err();
        assert!(error.starts_with(Who::Actix.name()), "{error}");
        assert!(error.contains(" is missing: "), "{error}");
    }

    #[test]
    fn options_are_read() {
        let parse = |words: &[&str]| Options::parse(words);
        let whole = parse(&[]).unwrap();
        assert!(whole.is_whole());
        assert_eq!(whole.rounds, 8);
        let quick = parse(&["--quick", "--check", "--only", "plumego,actix-web"]).unwrap();
        assert_eq!(quick.only, [Who::Plumego, Who::Actix]);
        assert!(quick.check && !quick.is_whole());
        assert_eq!(parse(&["--rounds", "12", "--quick"]).unwrap().rounds, 12);
        for wrong in [
            &["--rounds", "0"][..],
            &["--rounds"],
            &["--only", "rocket"],
            &["--fast"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
