//! Programs of others, as clients and as decoders.

use std::path::PathBuf;

/// The first of these programs that is in `PATH`; where none is, the test is skipped aloud.
///
/// # Panics
/// Where none is and `PLUMEGO_REQUIRE_SERVERS` is set, as in CI: nothing is skipped there.
pub(crate) fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = |name: &&str| {
        let mut files = std::env::split_paths(&path).map(|folder| folder.join(name));
        files.find(|file| file.is_file())
    };
    let found = names.iter().find_map(in_path);
    if found.is_none() {
        let message = format!("no {} in PATH", names.join(" or "));
        let required = std::env::var_os("PLUMEGO_REQUIRE_SERVERS").is_some();
        assert!(!required, "{message}");
        println!("skipped: {message}");
    }
    found
}
