//! All checks in order, each timed.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::{bench as benches, cargo, closure, features, fuzz, generate, tidy, traces};

/// Whether the tests are among the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tests {
    Run,
    /// For a caller that has run `cargo test --workspace` before.
    Skip,
}

/// A step: its name and what it does.
type Step = (&'static str, fn(&Path) -> Result<(), String>);

/// Cheap steps first: a missing line break is told before anything is compiled.
const STEPS: &[Step] = &[
    ("fmt", |root| cargo::run(root, &["fmt", "--all", "--check"])),
    ("tidy", tidy::run),
    ("gen", generate::check),
    ("clippy", clippy),
    (TEST, |root| cargo::run(root, &["test", "--workspace"])),
    ("doc", doc),
    ("features", features::run),
    ("closure", closure::run),
    ("traces", traces::run),
    ("deny", deny),
    ("fuzz-smoke", fuzz::run),
    ("peers", benches::peers),
    ("bench", bench),
];

const TEST: &str = "test";

/// Runs the steps. Stops at the first failure, and tells how long each step took.
pub(crate) fn run(root: &Path, tests: Tests) -> Result<(), String> {
    let steps: Vec<&Step> = STEPS
        .iter()
        .filter(|(name, _)| tests == Tests::Run || *name != TEST)
        .collect();
    let mut done = Vec::new();
    let result = walk(root, &steps, &mut done);
    println!("\nxtask ci");
    for (name, took) in &done {
        println!("  {name:<12} {:>7.1} s", took.as_secs_f64());
    }
    let total: Duration = done.iter().map(|(_, took)| *took).sum();
    println!("  {:<12} {:>7.1} s", "total", total.as_secs_f64());
    result
}

fn walk(
    root: &Path,
    steps: &[&Step],
    done: &mut Vec<(&'static str, Duration)>,
) -> Result<(), String> {
    for (name, action) in steps {
        println!("\n== {name}");
        io::stdout()
            .flush()
            .map_err(|error| format!("standard output: {error}"))?;
        let start = Instant::now();
        let result = action(root);
        done.push((name, start.elapsed()));
        result.map_err(|message| format!("{message}\nxtask ci: `{name}` failed"))?;
    }
    Ok(())
}

fn clippy(root: &Path) -> Result<(), String> {
    let args = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ];
    cargo::run(root, &args)
}

fn doc(root: &Path) -> Result<(), String> {
    let args = ["doc", "--workspace", "--all-features", "--no-deps"];
    cargo::check(
        cargo::command(root, &args).env("RUSTDOCFLAGS", "-D warnings"),
        &args,
    )
}

/// What a request costs in instructions. CI has valgrind; a laptop may lack it.
fn bench(root: &Path) -> Result<(), String> {
    let version = Command::new("valgrind").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        if std::env::var_os("CI").is_some() {
            return Err("valgrind is not installed: .ci/run installs it".to_owned());
        }
        println!("skipped: valgrind is not installed (Debian package `valgrind`)");
        return Ok(());
    }
    benches::run(root, &["check"])
}

/// Licences, bans and sources by `deny.toml`. CI has cargo-deny; a laptop may lack it.
fn deny(root: &Path) -> Result<(), String> {
    let version = Command::new("cargo-deny").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        if std::env::var_os("CI").is_some() {
            return Err("cargo-deny is not installed: .ci/run installs it".to_owned());
        }
        println!("skipped: cargo-deny is not installed (cargo install cargo-deny --locked)");
        return Ok(());
    }
    let args = [
        "deny",
        "--all-features",
        "check",
        "bans",
        "licenses",
        "sources",
    ];
    cargo::run(root, &args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_ends_the_walk_and_is_named() {
        let good: Step = ("good", |_| Ok(()));
        let bad: Step = ("bad", |_| Err("broken".to_owned()));
        let mut done = Vec::new();
        let error = walk(Path::new("."), &[&good, &bad, &good], &mut done).unwrap_err();
        assert_eq!(error, "broken\nxtask ci: `bad` failed");
        let names: Vec<&str> = done.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["good", "bad"]);
    }
}
