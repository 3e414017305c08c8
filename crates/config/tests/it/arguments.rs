//! Flags and other arguments.

use std::ffi::OsString;

use plumego_config::{Action, Loaded, Loader};

use crate::KEYS;

fn run(loader: &Loader, args: &[&str]) -> Loaded {
    match loader
        .load_with_args(["/usr/bin/app"].iter().chain(args))
        .unwrap()
    {
        Action::Run(loaded) => *loaded,
        other => panic!("{other:?}"),
    }
}

fn refused(args: &[&str]) -> Vec<String> {
    let args = ["app"].iter().chain(args);
    let errors = Loader::new(KEYS).load_with_args(args).unwrap_err();
    errors.into_iter().map(ToString::to_string).collect()
}

#[test]
fn flags_take_values_in_both_forms() {
    let loader = Loader::new(KEYS);
    let addr = |args: &[&str]| run(&loader, args).section::<String>("server.addr").unwrap();
    assert_eq!(addr(&["--addr", ":1"]), ":1");
    assert_eq!(addr(&["--addr=:1"]), ":1");
    assert_eq!(addr(&["--addr="]), "");
    assert_eq!(addr(&["--addr=a=b"]), "a=b");
    assert_eq!(addr(&["--addr", "-5"]), "-5");
    assert_eq!(addr(&["--addr", ":1", "--addr", ":2"]), ":2");
}

#[test]
fn switches() {
    let loader = Loader::new(KEYS);
    let flag = |args: &[&str], key: &str| run(&loader, args).section::<bool>(key).unwrap();
    assert!(flag(&["--debug"], "server.debug"));
    assert!(flag(&["--debug=yes"], "server.debug"));
    assert!(!flag(&["--http2=false"], "server.enable_http2"));
    assert!(!flag(&["--no-http2"], "server.enable_http2"));
    assert!(flag(&["--no-http2", "--http2"], "server.enable_http2"));
    assert!(refused(&["--no-addr"])[0].contains("`--no-addr`: expected a known flag"));
}

#[test]
fn mistakes_are_told_with_the_nearest_flag() {
    assert_eq!(
        refused(&["--adr", "-debug", "--read-timeout"]),
        [
            "`--adr`: expected a known flag; --help lists them; hint: did you mean --addr?",
            "`-debug`: expected a known flag; --help lists them; hint: did you mean --debug?",
            "`--read-timeout`: expected a value after the flag, and there is none; \
             hint: write --read-timeout=<duration>, such as --read-timeout=30s",
        ]
    );
    assert_eq!(
        refused(&["--debug", "true"]),
        ["`argument 2`: expected a flag; \
          hint: write --flag=value, or -- before arguments of your own"]
    );
}

#[test]
fn what_follows_two_dashes_is_kept() {
    let loaded = run(
        &Loader::new(KEYS),
        &["--debug", "--", "serve", "--unknown", "--", "x"],
    );
    assert_eq!(loaded.arguments(), ["serve", "--unknown", "--", "x"]);
}

// acceptance 21.2 (27)
#[test]
fn flags_of_the_application_are_passed_on_untouched() {
    let loader = Loader::new(KEYS).pass_unknown_flags();
    let loaded = run(
        &loader,
        &["serve", "--addr", ":1", "--verbose", "-v", "--level=3", "x"],
    );
    assert_eq!(
        loaded.arguments(),
        ["serve", "--verbose", "-v", "--level=3", "x"]
    );
    assert_eq!(loaded.section::<String>("server.addr").unwrap(), ":1");
}

// acceptance 21.2 (27)
#[test]
fn load_reads_no_arguments() {
    // The test binary itself runs with arguments of its own.
    let loaded = Loader::from_process(KEYS)
        .environment([("X", "1")])
        .load()
        .unwrap();
    assert!(loaded.arguments().is_empty());
}

#[test]
fn help_is_answered_whatever_else_is_wrong() {
    let args = ["app", "--nonsense", "-h", "--read-timeout=x"];
    match Loader::new(KEYS).load_with_args(args).unwrap() {
        Action::Help(text) => assert!(text.starts_with("Usage: app [FLAGS]")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn print_config_is_answered_when_the_settings_are_right() {
    let loader = Loader::new(KEYS);
    match loader
        .load_with_args(["app", "--print-config", "--addr=:1"])
        .unwrap()
    {
        Action::PrintConfig(text) => {
            assert!(
                text.contains("server.addr = \":1\"  # flag --addr\n"),
                "{text}"
            );
            assert!(
                text.contains("server.read_timeout = 30s  # default\n"),
                "{text}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(
        loader
            .load_with_args(["app", "--print-config", "--debug=?"])
            .is_err()
    );
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_are_refused() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(vec![b'-', 0xff]);
    let args = [
        OsString::from("app"),
        odd.clone(),
        "--addr".into(),
        odd.clone(),
        "--".into(),
        odd,
    ];
    let errors = Loader::new(KEYS).load_with_args(args).unwrap_err();
    let keys: Vec<&str> = errors
        .iter()
        .map(plumego_config::ConfigError::key)
        .collect();
    assert_eq!(keys, ["argument 1", "--addr", "argument 5"]);
    let addr = &errors.problems()[1];
    assert_eq!(addr.expected(), "a value in UTF-8 after the flag");
}
