//! The fuzz targets as bounded tests on stable.

use std::path::Path;

use crate::cargo;

/// The start of every random sequence: a run in CI can be repeated on a laptop.
const SEED: &str = "20261122";
/// Inputs a target.
const CASES: &str = "2000";

/// Runs every target over a fixed seed. `PLUMEGO_FUZZ_SEED` and `PLUMEGO_FUZZ_CASES` of the
/// environment win, for a longer run.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let args = ["test", "--package", "plumego-fuzz"];
    let mut command = cargo::command(root, &args);
    for (name, value) in [("PLUMEGO_FUZZ_SEED", SEED), ("PLUMEGO_FUZZ_CASES", CASES)] {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    cargo::check(&mut command, &args)
}
