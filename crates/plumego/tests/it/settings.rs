//! The configuration as a program loads it.

use std::time::Duration;

use plumego::app::{LoadError, Loading};
use plumego::prelude::*;
use serde::Deserialize;

use crate::wire::Client;

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
struct Own {
    greeting: String,
    api_base_url: String,
}

/// What these variables, files and arguments make.
fn load(
    variables: &[(&str, &str)],
    files: &[(&str, &str)],
    args: &[&str],
) -> Result<Config<Own>, LoadError> {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let loader = Config::of::<Own>()
        .directory(directory.path())
        .environment(variables.iter().copied());
    let args = ["program"].iter().chain(args);
    match loader.load_with_args(args)? {
        Loading::Run(config) => Ok(config),
        Loading::Print(text) => panic!("{text}"),
    }
}

// acceptance 21.1 (1)
#[tokio::test]
async fn defaults_are_port_8080_env_file_shutdown_5_s_and_no_tls() {
    let config = load(&[], &[], &[]).unwrap();
    assert_eq!(config.server, ServerConfig::default());
    assert_eq!(config.server.addrs, [":8080"]);
    assert_eq!(config.server.shutdown_timeout, Duration::from_secs(5));
    // `.env` is read, and what listens speaks plain HTTP.
    let config = load(&[], &[(".env", "APP_ADDR=127.0.0.1:0\n")], &[]).unwrap();
    let app = App::builder()
        .config(config.server)
        .guards(|guards| *guards = Guards::none());
    let app = app.routes(|r| r.get("/", async || "plain"));
    let running = app.build().unwrap().start().await.unwrap();
    let mut client = Client::connect(running.addrs()[0]).await;
    assert_eq!(client.get("/").await.body, "plain");
    drop(client);
    running.handle().shutdown();
    assert!(running.wait().await.unwrap().is_clean());
}

// acceptance 21.2 (25)
#[test]
fn flag_beats_environment_beats_env_file_beats_toml_beats_default() {
    let toml = (
        "plumego.toml",
        "greeting = \"toml\"\n[server]\nread_timeout = \"1s\"\n",
    );
    let dotenv = (".env", "APP_GREETING=dotenv\nAPP_READ_TIMEOUT_MS=2s\n");
    let variables = [
        ("APP_GREETING", "environment"),
        ("APP_READ_TIMEOUT_MS", "3s"),
    ];
    let flags = ["--greeting", "flag", "--read-timeout", "4s"];
    let check = |config: Config<Own>, greeting: &str, seconds: u64| {
        assert_eq!(config.settings.greeting, greeting);
        assert_eq!(config.server.read_timeout, Duration::from_secs(seconds));
    };
    check(load(&[], &[], &[]).unwrap(), "", 30);
    check(load(&[], &[toml], &[]).unwrap(), "toml", 1);
    check(load(&[], &[toml, dotenv], &[]).unwrap(), "dotenv", 2);
    check(
        load(&variables, &[toml, dotenv], &[]).unwrap(),
        "environment",
        3,
    );
    check(
        load(&variables, &[toml, dotenv], &flags).unwrap(),
        "flag",
        4,
    );
}

// acceptance 21.2 (25)
#[test]
fn durations_parse_with_and_without_a_unit_and_a_mistake_names_key_and_source() {
    for value in ["5s", "5000", "5000ms"] {
        let config = load(&[("APP_READ_TIMEOUT_MS", value)], &[], &[]).unwrap();
        assert_eq!(
            config.server.read_timeout,
            Duration::from_secs(5),
            "{value}"
        );
    }
    let dotenv = (".env", "APP_IDLE_TIMEOUT_MS=later\n");
    let toml = (
        "plumego.toml",
        "[server]\nmax_header_bytes = 1\nno_such_key = 2\n",
    );
    let flags = ["--write-timeout", "never"];
    let error = load(&[("APP_READ_TIMEOUT_MS", "soon")], &[dotenv, toml], &flags).unwrap_err();
    let text = error.to_string();
    for part in [
        "APP_READ_TIMEOUT_MS",
        "soon",
        "APP_IDLE_TIMEOUT_MS",
        ".env",
        "later",
        "--write-timeout",
        "never",
        "plumego.toml",
        "max_header_bytes",
        "no_such_key",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(error.problems().len() >= 5, "all at once:\n{text}");
}

// acceptance 21.1 (43)
#[test]
fn every_spelling_of_a_key_is_one_key() {
    let expected = "http://base";
    for (name, line) in [
        ("plumego.toml", "api_base_url = \"http://base\"\n"),
        ("plumego.toml", "apiBaseUrl = \"http://base\"\n"),
        ("plumego.toml", "APIBaseURL = \"http://base\"\n"),
        ("plumego.toml", "API_BASE_URL = \"http://base\"\n"),
        (".env", "APP_API_BASE_URL=http://base\n"),
    ] {
        let config = load(&[], &[(name, line)], &[]).unwrap();
        assert_eq!(config.settings.api_base_url, expected, "{line}");
    }
}

// acceptance 21.2 (27)
#[test]
fn arguments_of_the_program_are_left_alone() {
    let config = load(&[], &[], &["--", "--addr", "mine", "-x"]).unwrap();
    assert_eq!(config.arguments(), ["--addr", "mine", "-x"]);
    assert_eq!(config.server, ServerConfig::default());
    // Without arguments given to it nothing is read from them: this very process has some.
    assert!(std::env::args().count() > 0);
    let directory = tempfile::tempdir().unwrap();
    let loader = Config::loader().directory(directory.path());
    let config = loader.environment::<&str, &str>([]).load().unwrap();
    assert!(config.arguments().is_empty());
}
