//! `bench check`: what a request costs in instructions, held to what it cost before.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::program::{BARE, METRICS, NO_LOG, PRODUCTION, Series, Work};
use super::{instructions, machine, program};
use crate::{cargo, closure};

const FILE: &str = "benches/instructions.toml";
/// How much more a request may cost before it is an error.
const MORE_PER_CENT: u64 = 5;

const ADVICE: &str = "Count anew: `cargo xtask bench check --record`";

/// What is counted.
const CASES: &[(Series, Work)] = &[
    (BARE, Work::Ping),
    (PRODUCTION, Work::Ping),
    (METRICS, Work::Ping),
    (NO_LOG, Work::Ping),
    (PRODUCTION, Work::Echo),
    (PRODUCTION, Work::Routes),
];

/// The file: what was counted, and with what.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Record {
    rustc: String,
    /// A digest of the foreign crates in our program, with their versions.
    crates: String,
    instructions: BTreeMap<String, u64>,
}

/// Counts, and compares with the file.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let text = fs::read_to_string(root.join(FILE)).map_err(|error| {
        format!("{FILE}: {error}: write it with `cargo xtask bench check --record`")
    })?;
    let before: Record = toml::from_str(&text).map_err(|error| format!("{FILE}: {error}"))?;
    let (rustc, crates) = surroundings(root)?;
    if before.rustc != rustc {
        println!("{}", other_compiler(&before, &rustc));
        return Ok(());
    }
    if before.crates != crates {
        return Err(format!(
            "{FILE} was counted with other versions of foreign crates. {ADVICE}"
        ));
    }
    let problems = compare(&before.instructions, &count(root)?);
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\nbench check: mend it; or say why in the commit and run \
         `cargo xtask bench check --record`",
        problems.join("\n")
    ))
}

/// Counts, and writes the file.
pub(crate) fn record(root: &Path) -> Result<(), String> {
    let (rustc, crates) = surroundings(root)?;
    let instructions = count(root)?;
    let text = write(&Record {
        rustc,
        crates,
        instructions,
    });
    fs::write(root.join(FILE), text).map_err(|error| format!("{FILE}: {error}"))?;
    println!("{FILE}: written");
    Ok(())
}

fn count(root: &Path) -> Result<BTreeMap<String, u64>, String> {
    super::needs("valgrind", "valgrind")?;
    let house = program::build_house(root)?;
    let dir = super::scratch()?;
    let mut counts = BTreeMap::new();
    for (series, work) in CASES {
        let count = instructions::count(&house, *series, *work, dir.path())?;
        let name = format!("{}: {}", series.name, work.name());
        println!("{name:<28} {count:>7} instructions");
        counts.insert(name, count);
    }
    Ok(counts)
}

/// The compiler and the foreign crates: with others, counts differ without anybody's doing.
fn surroundings(root: &Path) -> Result<(String, String), String> {
    let rustc = machine::rustc(root)?;
    let args = [
        "tree",
        "--locked",
        "--package",
        "house",
        "--edges",
        "normal,build",
    ];
    let mut words = args.to_vec();
    words.extend(["--prefix", "none"]);
    let crates = closure::foreign(&cargo::output(root, &words)?);
    Ok((rustc, digest(crates.iter().map(String::as_str))))
}

/// With another compiler there is nothing to compare with: CI has the one that is pinned.
fn other_compiler(before: &Record, rustc: &str) -> String {
    format!(
        "skipped: {FILE} was counted with {}, this is {rustc}. {ADVICE}",
        before.rustc
    )
}

/// What costs too much now, and what is new or gone.
fn compare(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, count) in now {
        let Some(was) = before.get(name) else {
            problems.push(format!("{name}: not in {FILE}"));
            continue;
        };
        if count * 100 > was * (100 + MORE_PER_CENT) {
            let more = (count - was) * 100 / was.max(&1);
            problems.push(format!(
                "{name}: {count} instructions, {was} before: {more} % more, at most \
                 {MORE_PER_CENT} %"
            ));
        }
    }
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    problems.extend(gone.map(|name| format!("{name}: in {FILE}, and no longer counted")));
    problems
}

fn write(record: &Record) -> String {
    let mut text = format!(
        "# User instructions for a request, one worker, by callgrind. Written by\n\
         # `cargo xtask bench check --record`; `cargo xtask bench check` fails on 5 % more.\n\
         rustc = \"{}\"\n\
         crates = \"{}\"\n\n\
         [instructions]\n",
        record.rustc, record.crates
    );
    for (name, count) in &record.instructions {
        text.extend(["\"", name, "\" = ", &count.to_string(), "\n"]);
    }
    text
}

/// FNV-1a, 64 bits: tells whether something has changed, and is the same everywhere.
fn digest<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let bytes = lines.flat_map(|line| line.bytes().chain([b'\n']));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
        let pair = |(name, count): &(&str, u64)| ((*name).to_owned(), *count);
        pairs.iter().map(pair).collect()
    }

    #[track_caller]
    fn check(before: &[(&str, u64)], now: &[(&str, u64)], expected: &[&str]) {
        let problems = compare(&counts(before), &counts(now));
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for (problem, part) in problems.iter().zip(expected) {
            assert!(
                problem.contains(part),
                "{problem:?} should contain {part:?}"
            );
        }
    }

    #[test]
    fn five_per_cent_more_pass_and_anything_beyond_fails() {
        check(&[("a", 1000)], &[("a", 1050)], &[]);
        check(&[("a", 1000)], &[("a", 1)], &[]);
        check(
            &[("a", 1000)],
            &[("a", 1051)],
            &["1051 instructions, 1000 before: 5 % more"],
        );
        check(&[("a", 1)], &[("b", 1)], &["b: not in", "a: in benches"]);
    }

    #[test]
    fn the_file_is_read_as_it_was_written() {
        let record = Record {
            rustc: "rustc 1".to_owned(),
            crates: "x".to_owned(),
            instructions: counts(&[("a: b, c", 7)]),
        };
        assert!(other_compiler(&record, "rustc 2").contains("with rustc 1, this is rustc 2"));
        assert_eq!(toml::from_str(&write(&record)), Ok(record));
    }

    #[test]
    fn the_digest_is_the_published_one() {
        assert_eq!(digest([].into_iter()), "cbf29ce484222325");
        assert_ne!(digest(["ab"].into_iter()), digest(["a", "b"].into_iter()));
    }
}
