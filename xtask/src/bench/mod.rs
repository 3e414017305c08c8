//! `cargo xtask bench`: what Plumego costs, measured beside others, and held to what it cost.
//!
//! Everything happens on the loopback of this machine. Times are worth what the machine is worth;
//! instruction counts are nearly the same everywhere, so CI holds on to them.

mod chart;
mod check;
mod client;
mod correct;
mod figures;
mod http;
mod instructions;
mod load;
mod machine;
mod micro;
mod page;
mod program;
mod scenario;
mod server;
mod statics;
mod syscalls;
mod targets;

use std::path::Path;

use crate::cargo;

pub(crate) const USAGE: &str = "\
usage: cargo xtask bench COMMAND

  http [OPTIONS]     Plumego beside its peers: processor time, instructions, system calls;
                     writes the page on performance
    --quick          few tables, short runs: a look, nothing for the page
    --rounds N       runs of everybody, in turn (default: 8)
    --only A,B       some of: Plumego, hyper, actix-web, axum, poem, salvo
    --check          fails when a target is missed
  check [--record]   instructions for a request, held to benches/instructions.toml
  static [OPTIONS]   files of 1 KiB to 1 MiB beside nginx: processor time
    --quick, --rounds N, --check as above
  router             lookups of routes, beside matchit
  limit              checks of the rate limiter, beside governor
  auth               verifying of tokens, beside jsonwebtoken; what other routes notice
                     of a flood of logins";

/// Runs one of the commands.
pub(crate) fn run(root: &Path, words: &[&str]) -> Result<(), String> {
    if words
        .iter()
        .any(|word| ["help", "--help", "-h"].contains(word))
    {
        println!("{USAGE}");
        return Ok(());
    }
    match words {
        ["check"] => check::run(root),
        ["check", "--record"] => check::record(root),
        ["http", rest @ ..] => http::run(root, rest),
        ["static", rest @ ..] => statics::run(root, rest),
        ["router"] => micro::run(root, "lookups"),
        ["limit"] => micro::run(root, "limits"),
        ["auth"] => micro::run(root, "tokens").and_then(|()| micro::run(root, "logins")),
        [] => Err(USAGE.to_owned()),
        _ => Err(format!(
            "unknown command: bench {}\n\n{USAGE}",
            words.join(" ")
        )),
    }
}

/// Lints and tests the peers: a workspace of its own, that no other step compiles. What they have
/// in common with the house is compiled once, in its target folder.
pub(crate) fn peers(root: &Path) -> Result<(), String> {
    let target = program::target(root)?;
    let steps: [&[&str]; 3] = [
        &["fmt", "--check"],
        &[
            "clippy",
            "--locked",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
        &["test", "--locked", "--all-targets"],
    ];
    for args in steps {
        let mut command = cargo::command(&root.join(http::PEERS), args);
        cargo::check(command.env("CARGO_TARGET_DIR", &target), args)?;
    }
    Ok(())
}

/// That a program is there, or the Debian package that has it.
fn needs(program: &str, package: &str) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|dir| dir.join(program).is_file()) {
        return Ok(());
    }
    Err(format!(
        "`{program}` is not installed: it is in the Debian package `{package}`"
    ))
}

/// A folder for logs and counts, gone with the value.
fn scratch() -> Result<tempfile::TempDir, String> {
    tempfile::tempdir().map_err(|error| format!("temporary folder: {error}"))
}
