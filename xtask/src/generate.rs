//! The generated pages, written by the package `pages`.

use std::path::Path;

use crate::cargo;

/// Writes every page that has changed.
pub(crate) fn write(root: &Path) -> Result<(), String> {
    pages(root, &[])
}

/// Fails when a page is not what would be written.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    pages(root, &["--check"])
}

/// `pages` stands on the crates it describes. It is started, not linked, so that the other commands
/// run when those crates do not compile.
fn pages(root: &Path, flags: &[&str]) -> Result<(), String> {
    let args = [&["run", "--quiet", "--package", "pages", "--", "."], flags].concat();
    cargo::run(root, &args)
}
