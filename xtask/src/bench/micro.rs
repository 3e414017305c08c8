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
    // The feature that a program asks for has its name.
    let features: &[&str] = match binary {
        "logins" => &["--features", binary],
        _ => &[],
    };
    cargo::run(root, &[&args, features].concat())
}
