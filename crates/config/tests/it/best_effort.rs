//! Loading that leaves out what is wrong.

use std::fs;

use plumego_config::{BestEffort, ConfigErrors, Loader};
use serde::Deserialize;

use crate::{KEYS, directory};

#[derive(Debug, Deserialize)]
struct Settings {
    #[serde(default)]
    workers: u8,
    #[serde(default)]
    hosts: Vec<String>,
}

fn load(
    files: &[(&str, &str)],
    environment: &[(&str, &str)],
    args: &[&str],
) -> Result<BestEffort, ConfigErrors> {
    let files = directory(files);
    let loader = Loader::new(KEYS)
        .settings::<Settings>()
        .directory(files.path())
        .environment(environment.iter().copied());
    loader.load_best_effort(args)
}

fn skipped(found: &BestEffort) -> Vec<String> {
    found.skipped.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_is_left_out_when_nothing_is_wrong() {
    let found = load(&[(".env", "APP_WORKERS=3")], &[], &["app", "--debug"]).unwrap();
    assert!(found.skipped.is_empty());
    assert_eq!(found.loaded.settings::<Settings>().unwrap().workers, 3);
    assert!(found.loaded.section::<bool>("server.debug").unwrap());
}

#[test]
fn what_is_left_is_printed_when_it_is_asked_for() {
    let files = [
        (".env", "APP_WORKERS=3\nthis is no line"),
        ("plumego.toml", "workers = 4"),
    ];
    let found = load(&files, &[], &["app", "--print-config"]).unwrap();
    assert!(found.print.is_some_and(|text| text.contains("workers = 4")));
    assert!(load(&files, &[], &["app"]).unwrap().print.is_none());
}

// acceptance 21.1 (43)
#[test]
fn a_file_that_cannot_be_understood_is_left_out_and_told() {
    let files = [
        (".env", "APP_WORKERS=3\nthis is no line"),
        ("plumego.toml", "workers = 4\nhosts = ['a']"),
    ];
    let found = load(&files, &[], &["app"]).unwrap();
    let settings: Settings = found.loaded.settings().unwrap();
    assert_eq!((settings.workers, settings.hosts.len()), (4, 1));
    assert_eq!(found.skipped.len(), 1);
    assert!(
        skipped(&found)[0].starts_with(".env line 2: "),
        "{:?}",
        skipped(&found)
    );

    let files = [(".env", "APP_WORKERS=3"), ("plumego.toml", "workers = [")];
    let found = load(&files, &[("APP_CONFIG_FILE", "plumego.toml")], &["app"]).unwrap();
    assert_eq!(found.loaded.settings::<Settings>().unwrap().workers, 3);
    assert!(
        skipped(&found)[0].contains("plumego.toml line 1"),
        "{:?}",
        skipped(&found)
    );

    let found = load(
        &[(".env", "APP_WORKERS=3")],
        &[],
        &["app", "--config=none.toml"],
    )
    .unwrap();
    assert!(
        skipped(&found)[0].contains("`config_file` (flag --config)"),
        "{found:?}"
    );
}

#[test]
fn a_value_that_is_refused_leaves_the_word_to_the_next_layer() {
    let files = [
        (".env", "APP_READ_TIMEOUT_MS=slow\nAPP_WORKERS=999"),
        (
            "plumego.toml",
            "workers = 4\nunknown = 1\n[server]\nread_timeout = '7s'",
        ),
    ];
    let environment = [("APP_READ_TIMEOUT_MS", "2h"), ("APP_DEBUG", "maybe")];
    let found = load(&files, &environment, &["app", "--read-timeout=0"]).unwrap();
    assert_eq!(found.loaded.settings::<Settings>().unwrap().workers, 4);
    let time: std::time::Duration = found.loaded.section("server.read_timeout").unwrap();
    assert_eq!(time.as_secs(), 7);
    assert!(!found.loaded.section::<bool>("server.debug").unwrap());
    let told = skipped(&found).join("\n");
    for part in [
        "(flag --read-timeout)",
        "(environment variable APP_READ_TIMEOUT_MS)",
        "(.env line 1, APP_READ_TIMEOUT_MS)",
        "(environment variable APP_DEBUG)",
        "`workers` (.env line 2, APP_WORKERS)",
        "`unknown` (plumego.toml line 2 column 1): expected a known key",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    assert_eq!(found.skipped.len(), 6, "{told}");
}

// acceptance 21.1 (43)
#[test]
fn it_fails_when_nothing_is_left_that_was_given() {
    let files = [(".env", "="), ("plumego.toml", "workers = 'many'")];
    let errors = load(&files, &[("APP_DEBUG", "maybe")], &["app", "--debug=x"]).unwrap_err();
    assert_eq!(errors.problems().len(), 4, "{errors}");
    // Nothing given is nothing wrong.
    assert!(load(&[], &[], &["app"]).is_ok());
}

#[test]
fn what_cannot_be_left_out_is_an_error() {
    #[derive(Deserialize)]
    struct Strict {
        #[expect(dead_code, reason = "it is missing")]
        key: String,
    }
    let files = directory(&[("plumego.toml", "[server]\ndebug = 'maybe'")]);
    let loader = Loader::new(KEYS).settings::<Strict>();
    let loader = loader
        .directory(files.path())
        .environment([("APP_ADDR", ":1")]);
    let errors = loader.load_best_effort(["app"]).unwrap_err().to_string();
    assert!(
        errors.contains("`key`") && errors.contains("`server.debug`"),
        "{errors}"
    );
    fs::write(files.path().join("plumego.toml"), "key = 'k'").unwrap();
    let errors = loader.load_best_effort(["app", "--unknown"]).unwrap_err();
    assert_eq!(errors.problems()[0].key(), "--unknown");
    assert!(loader.load_best_effort(["app"]).is_ok());
}

#[test]
fn a_validation_is_heard_too() {
    let files = directory(&[(".env", "APP_WORKERS=9"), ("plumego.toml", "workers = 2")]);
    let loader = Loader::new(&[])
        .settings::<Settings>()
        .directory(files.path())
        .validate("", |settings: &Settings, report| {
            if settings.workers > 4 {
                report.problem("workers", "at most 4");
            }
        });
    let found = loader.load_best_effort(["app"]).unwrap();
    assert_eq!(found.loaded.settings::<Settings>().unwrap().workers, 2);
    assert_eq!(found.skipped.len(), 1);
}
