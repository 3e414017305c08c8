//! Arguments.

use std::process::{Command, Output};

fn xtask(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(args)
        .output()
        .unwrap()
}

#[track_caller]
fn check(args: &[&str], success: bool, expected: &str) {
    let output = xtask(args);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(output.status.success(), success, "{text}");
    assert!(text.contains(expected), "{text}");
}

#[test]
fn help_names_every_command() {
    for command in ["ci", "tidy", "gen", "features", "closure", "fuzz-smoke"] {
        check(&["--help"], true, &format!("\n  {command}"));
    }
}

#[test]
fn bench_has_a_help_of_its_own() {
    for help in ["help", "--help", "-h"] {
        check(&["bench", help], true, "usage: cargo xtask bench COMMAND");
    }
    check(&["bench", "x"], false, "unknown command: bench x");
}

#[test]
fn a_wrong_command_fails_with_the_usage() {
    check(
        &["tidi"],
        false,
        "unknown command: tidi\n\nusage: cargo xtask COMMAND",
    );
    check(&[], false, "usage: cargo xtask COMMAND");
    check(&["tidy", "--root"], false, "--root expects a directory");
}
