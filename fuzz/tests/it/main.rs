//! Every target, driven without libFuzzer: seeds, and what a fixed random sequence makes of them.
//!
//! `PLUMEGO_FUZZ_SEED` and `PLUMEGO_FUZZ_CASES` change the sequence and its length.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};

use plumego_fuzz::{TARGETS, Target};

use crate::mutate::Mutator;

const DEFAULT_SEED: u64 = 20_261_122;
const DEFAULT_CASES: u64 = 500;

#[test]
fn no_target_breaks() {
    let seed = number("PLUMEGO_FUZZ_SEED", DEFAULT_SEED);
    let cases = number("PLUMEGO_FUZZ_CASES", DEFAULT_CASES);
    for target in TARGETS {
        let mut mutator = Mutator::new(seed);
        for input in target.seeds {
            check(target, input);
        }
        for _ in 0..cases {
            check(target, &mutator.next(target.seeds));
        }
    }
}

/// A target without a libFuzzer entrance would never be fuzzed for long.
#[test]
fn every_target_has_an_entrance() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    files.sort();
    let mut names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    names.sort_unstable();
    assert_eq!(files, names);
}

fn check(target: &Target, input: &[u8]) {
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    assert!(
        outcome.is_ok(),
        "{} breaks on {:?}",
        target.name,
        String::from_utf8_lossy(input)
    );
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}
