//! Secrets are never printed.

use plumego_config::{Action, Key, Kind, Loader, render};
use plumego_stdx::Secret;
use serde::Deserialize;

use crate::{KEYS, directory};

const SECRET: &str = "hunter2-Xq9";

fn clean(text: &str) {
    assert!(!text.contains("hunter2"), "{text}");
}

#[derive(Debug, Deserialize)]
struct Keyring {
    #[expect(dead_code, reason = "only parsed")]
    pin: Secret<u32>,
    #[expect(dead_code, reason = "only parsed")]
    backup: Option<Secret<u16>>,
    #[expect(dead_code, reason = "only parsed")]
    #[serde(default)]
    old: Vec<Secret<u8>>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "Raw")]
struct Picky;

#[derive(Deserialize)]
struct Raw {
    password: Secret<String>,
}

impl TryFrom<Raw> for Picky {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        Err(format!("password {} is too short", raw.password.expose()))
    }
}

#[test]
fn a_malformed_secret_appears_in_no_error() {
    const NUMERIC: &[Key] = &[Key::new("vault.pin", Kind::Integer { min: 0, max: 9 })
        .env("VAULT_PIN")
        .flag("--vault-pin")
        .secret()];
    let by_env = Loader::new(NUMERIC)
        .environment([("VAULT_PIN", SECRET)])
        .load()
        .unwrap_err();
    assert_eq!(by_env.problems()[0].value(), Some("[secret]"));
    clean(&format!("{by_env} {by_env:?}"));
    let flag = format!("--vault-pin={SECRET}");
    let by_flag = Loader::new(NUMERIC)
        .load_with_args(["app", &flag])
        .unwrap_err();
    assert_eq!(by_flag.problems()[0].value(), Some("[secret]"));
    clean(&format!("{by_flag} {by_flag:?}"));
    for text in [
        format!("vault.pin = '{SECRET}'"),
        format!("vault.pin = {{ x = '{SECRET}' }}"),
    ] {
        let files = directory(&[("plumego.toml", &text)]);
        let by_file = Loader::new(NUMERIC)
            .directory(files.path())
            .load()
            .unwrap_err();
        clean(&format!("{by_file} {by_file:?}"));
    }
}

#[test]
fn the_type_secret_hides_a_malformed_value_of_the_users_own() {
    let text = format!("pin = '{SECRET}'\nold = ['{SECRET}']");
    let files = directory(&[("plumego.toml", &text)]);
    let loader = Loader::new(&[])
        .settings::<Keyring>()
        .directory(files.path())
        .environment([("APP_BACKUP", SECRET)]);
    let errors = loader.load().unwrap_err();
    let keys: Vec<&str> = errors
        .into_iter()
        .map(plumego_config::ConfigError::key)
        .collect();
    assert_eq!(keys, ["pin", "backup", "old[0]"]);
    assert!(
        errors
            .into_iter()
            .all(|problem| problem.value() == Some("[secret]")),
        "{errors}"
    );
    clean(&format!("{errors} {errors:?} {loader:?}"));
}

#[test]
fn words_of_a_type_are_cleaned_of_secrets() {
    let loader = Loader::new(&[])
        .settings::<Picky>()
        .environment([("APP_PASSWORD", SECRET)]);
    let errors = loader.load().unwrap_err();
    assert_eq!(
        errors.problems()[0].expected(),
        "a valid value: password [secret] is too short"
    );
    clean(&format!("{errors} {errors:?}"));
}

#[test]
fn files_that_do_not_parse_are_not_quoted() {
    for text in [
        format!("ws.secret = {SECRET}"),
        format!("ws.secret = '{SECRET}"),
        format!("ws.secret = \"{SECRET}\\q\""),
        format!("ws.secret = '{SECRET}' '{SECRET}'"),
        format!("[ws]\nsecret = '{SECRET}'\nsecret = '{SECRET}'"),
        format!("ws.secre = '{SECRET}'"),
    ] {
        let files = directory(&[("plumego.toml", &text)]);
        let errors = Loader::new(KEYS)
            .directory(files.path())
            .load()
            .unwrap_err();
        clean(&format!("{errors} {errors:?}"));
    }
    for text in [
        format!("WS_SECRET='{SECRET}"),
        format!("WS_SECRET='{SECRET}'{SECRET}"),
        format!("WS_SECRET=\"{SECRET}\\q\""),
        format!("WS_SECRET=${{{SECRET}}}"),
        format!("WS_SECRET {SECRET}"),
        format!("'{SECRET}'"),
    ] {
        let files = directory(&[(".env", &text)]);
        let errors = Loader::new(KEYS)
            .directory(files.path())
            .load()
            .unwrap_err();
        clean(&format!("{errors} {errors:?}"));
    }
}

#[test]
fn misspelt_flags_do_not_repeat_their_value() {
    let misspelt = format!("--ws-secrte={SECRET}");
    for args in [
        vec!["app", &misspelt],
        vec!["app", "--ws-secrte", SECRET],
        vec!["app", SECRET],
    ] {
        let errors = Loader::new(KEYS).load_with_args(args).unwrap_err();
        clean(&format!("{errors} {errors:?}"));
    }
}

#[test]
fn warnings_do_not_repeat_values() {
    let loaded = Loader::new(KEYS)
        .environment([("APP_SECRTE", SECRET)])
        .load()
        .unwrap();
    assert_eq!(loaded.warnings().len(), 1);
    clean(&loaded.warnings().join(" "));
}

#[test]
fn print_config_and_debug_mask_secrets() {
    #[derive(Deserialize)]
    struct Mine {
        db_password: String,
        pin: Secret<String>,
        targets: Vec<Target>,
    }
    #[derive(Deserialize)]
    struct Target {
        token: String,
    }
    let files = directory(&[(
        "plumego.toml",
        &format!("[[targets]]\ntoken = '{SECRET}'\n"),
    )]);
    let loader = Loader::new(KEYS)
        .settings::<Mine>()
        .directory(files.path())
        .environment([
            ("WS_SECRET", SECRET),
            ("APP_DB_PASSWORD", SECRET),
            ("APP_PIN", SECRET),
        ]);
    let loaded = loader.load().unwrap();
    let printed = render::print_config(&loaded);
    assert!(printed.contains("ws.secret = [secret]  # environment variable WS_SECRET\n"));
    assert!(printed.contains("db_password = [secret]"));
    assert!(printed.contains("targets = (array of 1)"));
    clean(&format!("{printed} {loaded:?} {loader:?}"));
    let Action::PrintConfig(asked) = loader.load_with_args(["app", "--print-config"]).unwrap()
    else {
        panic!("print-config")
    };
    clean(&asked);

    let mine: Mine = loaded.settings().unwrap();
    assert_eq!(
        (mine.db_password.as_str(), mine.pin.expose().as_str()),
        (SECRET, SECRET)
    );
    assert_eq!(mine.targets[0].token, SECRET);
    let ws: Secret<String> = loaded.section("ws.secret").unwrap();
    assert!(ws.matches(SECRET));
}

#[test]
fn an_empty_secret_is_none() {
    #[derive(Deserialize)]
    struct Ws {
        secret: Option<Secret<String>>,
    }
    let loaded = Loader::new(KEYS)
        .environment([("WS_SECRET", "")])
        .load()
        .unwrap();
    assert!(loaded.section::<Ws>("ws").unwrap().secret.is_none());
}
