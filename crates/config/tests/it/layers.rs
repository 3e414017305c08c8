//! Which layer wins, and where files are.

use plumego_config::{Action, Key, Kind, Loader, Origin};

use crate::{KEYS, directory, loader, problems};

fn addr(loader: &Loader, args: &[&str]) -> (String, String) {
    let args = ["app"].iter().chain(args);
    let Action::Run(loaded) = loader.load_with_args(args).unwrap() else {
        panic!("ran")
    };
    let origin = loaded.origin("server.addr").unwrap().to_string();
    (loaded.section("server.addr").unwrap(), origin)
}

// acceptance 21.2 (25)
#[test]
fn flags_beat_environment_beats_dotenv_beats_toml_beats_default() {
    let files = directory(&[
        (".env", "# comment\nAPP_ADDR=dotenv\n"),
        ("plumego.toml", "[server]\naddr = 'toml'\n"),
    ]);
    let with_env = loader(&files, &[("APP_ADDR", "environment")]);
    let told = |value: &str, origin: &str| (value.to_owned(), origin.to_owned());
    assert_eq!(
        addr(&with_env, &["--addr", "flag"]),
        told("flag", "flag --addr")
    );
    assert_eq!(
        addr(&with_env, &[]),
        told("environment", "environment variable APP_ADDR")
    );
    let without = loader(&files, &[]);
    assert_eq!(addr(&without, &[]), told("dotenv", ".env line 2, APP_ADDR"));
    std::fs::remove_file(files.path().join(".env")).unwrap();
    assert_eq!(
        addr(&without, &[]),
        told("toml", "plumego.toml line 2 column 1")
    );
    std::fs::remove_file(files.path().join("plumego.toml")).unwrap();
    assert_eq!(addr(&without, &[]), told(":8080", "default"));
}

#[test]
fn an_empty_value_takes_a_path_away() {
    #[derive(serde::Deserialize)]
    struct Tls {
        cert_file: Option<std::path::PathBuf>,
    }
    let files = directory(&[("plumego.toml", "tls.cert_file = '/from/file'")]);
    let loaded = loader(&files, &[("TLS_CERT_FILE", "")]).load().unwrap();
    assert_eq!(loaded.section::<Tls>("tls").unwrap().cert_file, None);
    let loaded = loader(&files, &[]).load().unwrap();
    let path = loaded.section::<Tls>("tls").unwrap().cert_file.unwrap();
    assert_eq!(path.to_str(), Some("/from/file"));
}

#[test]
fn named_files_are_read_instead_and_must_exist() {
    let files = directory(&[
        (".env", "APP_ADDR=default-dotenv"),
        ("other.env", "APP_CONFIG_FILE=other.toml"),
        ("plumego.toml", "server.addr = 'default-toml'"),
        ("other.toml", "server.addr = 'other-toml'"),
    ]);
    let by_env = loader(&files, &[("APP_ENV_FILE", "other.env")]);
    assert_eq!(addr(&by_env, &[]).0, "other-toml");
    let plain = loader(&files, &[]);
    assert_eq!(addr(&plain, &["--env-file=other.env"]).0, "other-toml");
    assert_eq!(
        addr(&plain, &["--env-file=", "--config", "other.toml"]).0,
        "other-toml"
    );
    assert_eq!(addr(&plain, &["--env-file=", "--config="]).0, ":8080");

    let missing = loader(
        &files,
        &[("APP_ENV_FILE", "no.env"), ("APP_CONFIG_FILE", "no.toml")],
    );
    let told = problems(&missing);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("`env_file` (environment variable APP_ENV_FILE): expected"));
    assert!(told[0].contains("a readable file") && told[0].ends_with("got \"no.env\""));
    assert!(told[1].contains("got \"no.toml\""));
}

#[test]
fn without_a_directory_no_file_is_looked_for() {
    let loaded = Loader::new(KEYS).load().unwrap();
    assert_eq!(loaded.section::<String>("server.addr").unwrap(), ":8080");
    assert_eq!(loaded.origin("server.addr"), Some(&Origin::Default));
}

#[test]
fn dotenv_values_see_the_environment_first() {
    let files = directory(&[(".env", "HOST=inner\nAPP_ADDR=$HOST:$PORT\n")]);
    assert_eq!(addr(&loader(&files, &[("PORT", "1")]), &[]).0, "inner:1");
    assert_eq!(addr(&loader(&files, &[("HOST", "outer")]), &[]).0, "outer:");
}

#[test]
fn files_have_a_largest_size() {
    let long = format!("# {}", "x".repeat(1 << 20));
    let exact = &long[..1 << 20];
    for name in [".env", "plumego.toml"] {
        let files = directory(&[(name, exact)]);
        loader(&files, &[]).load().unwrap();
        let files = directory(&[(name, &long)]);
        let told = problems(&loader(&files, &[]));
        assert!(told[0].contains("a file of at most 1 MiB"), "{told:?}");
    }
}

#[test]
fn a_file_that_is_not_text_is_refused() {
    let files = directory(&[]);
    std::fs::write(files.path().join("plumego.toml"), [0xff, 0xfe, 0]).unwrap();
    assert!(problems(&loader(&files, &[]))[0].contains("expected a file in UTF-8"));
}

#[test]
fn loading_changes_nothing_in_the_process() {
    let files = directory(&[(".env", "PLUMEGO_TEST_UNSET=1")]);
    loader(&files, &[]).load().unwrap();
    assert_eq!(std::env::var_os("PLUMEGO_TEST_UNSET"), None);
}

#[test]
fn a_program_may_choose_another_default() {
    const KEYS: &[Key] = &[Key::new("server.addr", Kind::Text)
        .env("APP_ADDR")
        .default(":8080")];
    let loader = Loader::new(KEYS).default_value("server.addr", "127.0.0.1:1");
    let loaded = loader.load().unwrap();
    assert_eq!(
        loaded.section::<String>("server.addr").unwrap(),
        "127.0.0.1:1"
    );
    assert_eq!(loaded.origin("server.addr"), Some(&Origin::Default));
    let given = loader
        .clone()
        .environment([("APP_ADDR", ":2")])
        .load()
        .unwrap();
    assert_eq!(given.section::<String>("server.addr").unwrap(), ":2");
    let unknown = loader.default_value("server.adr", ":3").load().unwrap_err();
    assert!(unknown.to_string().contains("server.adr"), "{unknown}");
}
