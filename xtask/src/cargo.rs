//! Runs cargo.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A cargo command in the workspace. It is the cargo that runs this program.
pub(crate) fn command(root: &Path, args: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).args(args).stdin(Stdio::null());
    command
}

/// Runs cargo with its output shown.
pub(crate) fn run(root: &Path, args: &[&str]) -> Result<(), String> {
    check(&mut command(root, args), args)
}

/// Runs a prepared cargo command with its output shown.
pub(crate) fn check(command: &mut Command, args: &[&str]) -> Result<(), String> {
    let line = args.join(" ");
    let status = command
        .status()
        .map_err(|error| format!("cargo {line}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("cargo {line}: {status}"))
    }
}

/// Runs cargo and gives what it printed.
pub(crate) fn output(root: &Path, args: &[&str]) -> Result<String, String> {
    let line = args.join(" ");
    let Output {
        status,
        stdout,
        stderr,
    } = command(root, args)
        .output()
        .map_err(|error| format!("cargo {line}: {error}"))?;
    if !status.success() {
        return Err(format!(
            "cargo {line}: {status}\n{}",
            String::from_utf8_lossy(&stderr)
        ));
    }
    String::from_utf8(stdout).map_err(|error| format!("cargo {line}: {error}"))
}
