//! The fuzz targets as bounded tests on stable.

use std::path::Path;
use std::process::Stdio;

use crate::cargo;

/// The start of every random sequence: a run in CI can be repeated on a laptop.
const SEED: &str = "20261122";
/// Inputs a target.
const CASES: &str = "2000";

/// Runs every target over a fixed seed. `PLUMEGO_FUZZ_SEED` and `PLUMEGO_FUZZ_CASES` of the
/// environment win, for a longer run.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    // Without documentation tests: there are none, and a run that ends on none looks empty.
    let args = ["test", "--package", "plumego-fuzz", "--tests"];
    let mut command = cargo::command(root, &args);
    for (name, value) in [("PLUMEGO_FUZZ_SEED", SEED), ("PLUMEGO_FUZZ_CASES", CASES)] {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    let told = |error: std::io::Error| format!("cargo {}: {error}", args.join(" "));
    let child = command.stdout(Stdio::piped()).spawn().map_err(told)?;
    let output = child.wait_with_output().map_err(told)?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    if !output.status.success() {
        return Err(format!("cargo {}: {}", args.join(" "), output.status));
    }
    match passed(&text) {
        0 => Err("fuzz-smoke: no target ran; each is a test of plumego-fuzz".to_owned()),
        _ => Ok(()),
    }
}

/// How many tests passed, by the summary lines of `cargo test`.
fn passed(output: &str) -> usize {
    let counts = output
        .lines()
        .filter_map(|line| line.strip_prefix("test result: ok. "));
    counts
        .filter_map(|rest| rest.split(' ').next()?.parse::<usize>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_are_summed() {
        for (output, expected) in [
            ("", 0),
            (
                "running 0 tests\n\ntest result: ok. 0 passed; 0 failed\n",
                0,
            ),
            (
                "test result: ok. 2 passed; 0 failed\nx\ntest result: ok. 11 passed; 0 failed\n",
                13,
            ),
        ] {
            assert_eq!(passed(output), expected, "{output}");
        }
    }
}
