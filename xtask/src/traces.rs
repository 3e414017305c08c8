//! What a program without the devtools must not hold: any trace of them.

use std::path::{Path, PathBuf};

use crate::cargo;

/// Texts that only the endpoints for developers have.
const TRACES: &[&str] = &["/_debug", "OpsGuard", "profile_running"];

/// Builds `hello`, which has no devtools, and looks for traces of them; then `reference`, which
/// has, so that a look that finds nothing anywhere is told. A development build drops less of what
/// is not used than a release, so what is not in it is in neither.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let found = traces(&built(root, "hello")?)?;
    if !found.is_empty() {
        let found = found.join(", ");
        return Err(format!(
            "traces: hello has no devtools, and its binary holds {found}: what the feature \
             `devtools` is for must be behind it"
        ));
    }
    if traces(&built(root, "reference")?)?.is_empty() {
        return Err(
            "traces: reference has devtools, and its binary holds no trace of them: the texts in \
             xtask/src/traces.rs must have changed"
                .to_owned(),
        );
    }
    println!("traces: none of the devtools in hello");
    Ok(())
}

/// The traces in a file.
fn traces(binary: &Path) -> Result<Vec<&'static str>, String> {
    let bytes = std::fs::read(binary).map_err(|error| format!("{}: {error}", binary.display()))?;
    Ok(held(&bytes))
}

fn held(bytes: &[u8]) -> Vec<&'static str> {
    let holds = |text: &&&str| bytes.windows(text.len()).any(|at| at == text.as_bytes());
    TRACES.iter().filter(holds).copied().collect()
}

/// Builds a package by itself, with the features that it asks for and no others, and finds its
/// program.
fn built(root: &Path, package: &str) -> Result<PathBuf, String> {
    let args = [
        "build",
        "--package",
        package,
        "--bin",
        package,
        "--message-format",
        "json",
    ];
    executable(&cargo::output(root, &args)?)
        .ok_or_else(|| format!("traces: cargo built no program for {package}"))
}

/// The program in the messages of cargo.
fn executable(messages: &str) -> Option<PathBuf> {
    let (_, rest) = messages.rsplit_once("\"executable\":\"")?;
    let (path, _) = rest.split_once('"')?;
    Some(PathBuf::from(path.replace("\\\\", "\\")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_found_wherever_they_stand() {
        assert_eq!(held(b"\0\0/_debug\0"), ["/_debug"]);
        assert_eq!(held(b"GET /_debuOpsGuard"), ["OpsGuard"]);
        assert!(held(b"/debug").is_empty());
    }

    #[test]
    fn the_last_program_of_the_messages_is_meant() {
        let messages = "{\"executable\":null}\n{\"executable\":\"/a/hello\",\"fresh\":true}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("/a/hello")));
        assert_eq!(executable("{\"executable\":null}"), None);
    }
}
