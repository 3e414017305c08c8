//! `bench router`, `bench limit` and `bench auth`: programs of `benches/house` that measure by
//! themselves.

use std::path::Path;

use crate::cargo;

/// Builds and runs one of them.
pub(crate) fn run(root: &Path, binary: &str) -> Result<(), String> {
    let args = [
        "run",
        "--release",
        "--locked",
        "--package",
        "house",
        "--bin",
        binary,
    ];
    cargo::run(root, &args)
}
