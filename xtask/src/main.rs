//! CI and house-keeping as a program: `cargo xtask COMMAND`.
//!
//! What CI runs is what a laptop runs. Each command is a module; `ci` runs them in order.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that talks to a person"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a build tool reads files and its arguments"
)]

mod bench;
mod cargo;
mod ci;
mod closure;
mod features;
mod fuzz;
mod generate;

mod manifest;
mod report;
mod tidy;
mod traces;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci [--no-test]   everything below in order, stops at the first failure
  tidy             floor plan, sizes, gates, words, docs twins, reasons for dependencies
  gen [--check]    write the generated pages; with --check fail when one is out of date
  features         check the facade without features, with each feature, with all
  closure          the crates that hello-world compiles: how many, and none that is forbidden
  traces           the binary of hello-world, which must hold no trace of the devtools
  peers            lint and test benches/peers, a workspace of its own
  bench COMMAND    what a request costs: see `cargo xtask bench`
  fuzz-smoke       every fuzz target over fixed seeds, bounded

  --root DIR       the workspace to look at (default: the one xtask was built in)";

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one command. The error is what the person reads last.
fn run(mut args: Vec<String>) -> Result<(), String> {
    let root = take_root(&mut args)?;
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["ci"] => ci::run(&root, ci::Tests::Run),
        ["ci", "--no-test"] => ci::run(&root, ci::Tests::Skip),
        ["tidy"] => tidy::run(&root),
        ["gen"] => generate::write(&root),
        ["gen", "--check"] => generate::check(&root),
        ["features"] => features::run(&root),
        ["closure"] => closure::run(&root),
        ["traces"] => traces::run(&root),
        ["peers"] => bench::peers(&root),
        ["bench", rest @ ..] => bench::run(&root, rest),
        ["fuzz-smoke"] => fuzz::run(&root),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        [] => Err(USAGE.to_owned()),
        _ => Err(format!("unknown command: {}\n\n{USAGE}", words.join(" "))),
    }
}

/// Removes `--root DIR` from the arguments.
fn take_root(args: &mut Vec<String>) -> Result<PathBuf, String> {
    let Some(at) = args.iter().position(|arg| arg == "--root") else {
        return home();
    };
    let taken: Vec<String> = args.drain(at..args.len().min(at + 2)).collect();
    match taken.as_slice() {
        [_, dir] => Ok(PathBuf::from(dir)),
        _ => Err("--root expects a directory".to_owned()),
    }
}

/// The workspace this program was built in.
fn home() -> Result<PathBuf, String> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .ok_or_else(|| "xtask is not inside a workspace".to_owned())
}
