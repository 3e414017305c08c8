//! Every problem, at once, each with key, source, value and expectation.

use plumego_config::{Key, Kind, Loader, Origin};
use proptest::prelude::*;

use crate::{directory, loader, problems};

#[test]
fn five_mistakes_in_one_file_are_five_errors() {
    let text = "[server]\nread_timeout = 'soon'\nenable_http2 = 'perhaps'\nmax_body_bytes = 0\n\
                adr = ':80'\n[lgo]\nformat = 'json'\n";
    let files = directory(&[("plumego.toml", text)]);
    let told = problems(&loader(&files, &[]));
    let expected = [
        "`lgo` (plumego.toml line 6 column 2): expected a known key; hint: did you mean `log`?",
        "`server.adr` (plumego.toml line 5 column 1): expected a known key; \
         hint: did you mean `server.addr`?",
        "`server.read_timeout` (plumego.toml line 2 column 1): expected a duration from 1ms to 1h, \
         such as 5000 (milliseconds), 5s or 1m30s, got \"soon\"",
        "`server.enable_http2` (plumego.toml line 3 column 1): expected true or false \
         (also yes/no, on/off, 1/0), got \"perhaps\"",
        "`server.max_body_bytes` (plumego.toml line 4 column 1): expected a size from 1 to 1GiB, \
         such as 65536 (bytes), 64k or 10MiB, got \"0\"",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_key_spelt_twice_hides_no_other_problem() {
    let text =
        "[server]\nReadTimeout = '1s'\nread_timeout = '2s'\nenable_http2 = 'perhaps'\nadr = 1\n";
    let files = directory(&[("plumego.toml", text)]);
    let told = problems(&loader(&files, &[]));
    assert_eq!(told.len(), 3, "{told:#?}");
    for part in ["expected one spelling of it", "`server.adr`", "\"perhaps\""] {
        assert!(
            told.iter().any(|line| line.contains(part)),
            "{part}: {told:#?}"
        );
    }
}

// acceptance 21.2 (25)
#[test]
fn a_malformed_value_names_key_and_source() {
    let files = directory(&[(".env", "\nAPP_READ_TIMEOUT_MS=x\n")]);
    let errors = loader(&files, &[("APP_DEBUG", "y e s")])
        .load()
        .unwrap_err();
    let [debug, timeout] = errors.problems() else {
        panic!("{errors}")
    };
    assert_eq!(debug.key(), "server.debug");
    assert_eq!(debug.origin(), Some(&Origin::Env("APP_DEBUG".to_owned())));
    assert_eq!(debug.value(), Some("\"y e s\""));
    assert!(debug.expected().starts_with("true or false"));
    assert_eq!(timeout.key(), "server.read_timeout");
    let (file, name) = (".env".to_owned(), "APP_READ_TIMEOUT_MS".to_owned());
    assert_eq!(
        timeout.origin(),
        Some(&Origin::DotEnv {
            file,
            line: 2,
            name
        })
    );
    assert!(
        errors
            .to_string()
            .starts_with("2 problems in the settings\n  `server.debug` (")
    );
}

#[test]
fn problems_of_every_layer_come_together() {
    let files = directory(&[
        (".env", "APP_DRAIN_INTERVAL_MS=never"),
        ("plumego.toml", "server.max_http_conns = 'lots'\n"),
    ]);
    let args = ["app", "--read-timeout=long", "--adr", "--log-format"];
    let errors = loader(&files, &[("APP_DEBUG", "?")])
        .load_with_args(args)
        .unwrap_err();
    let keys: Vec<&str> = errors
        .into_iter()
        .map(plumego_config::ConfigError::key)
        .collect();
    let expected = [
        "--adr",
        "--log-format",
        "server.debug",
        "server.read_timeout",
        "server.drain_interval",
        "server.max_http_conns",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn toml_syntax_errors_name_line_and_column() {
    let files = directory(&[(
        "plumego.toml",
        "[server]\naddr = :80\nread_timeout = '5s'\n",
    )]);
    let errors = loader(&files, &[]).load().unwrap_err();
    let told = errors.problems()[0].to_string();
    assert!(
        told.starts_with("plumego.toml line 2 column 8: expected TOML: "),
        "{told}"
    );
}

#[test]
fn dotenv_syntax_errors_name_the_line() {
    let files = directory(&[(".env", "A=1\nB=\"open\n\n")]);
    let told = problems(&loader(&files, &[]));
    assert_eq!(
        told,
        [".env line 2: expected a closing \" for the one in this line"]
    );
}

#[test]
fn one_mistake_in_a_dotenv_file_hides_no_other() {
    let text = "1A=x\nB=\"open\n=y\nAPP_READ_TIMEOUT_MS=much\n";
    let files = directory(&[(".env", text)]);
    let told = problems(&loader(&files, &[])).join("\n");
    for part in [
        ".env line 1",
        ".env line 2",
        ".env line 3",
        "APP_READ_TIMEOUT_MS",
    ] {
        assert!(told.contains(part), "{part} is missing in: {told}");
    }
}

#[test]
fn two_spellings_of_one_key_are_an_error() {
    let text = "[server]\nMaxHTTPConns = 1\nmax_http_conns = 2\n";
    let files = directory(&[("plumego.toml", text)]);
    let told = problems(&loader(&files, &[]));
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("`server.max_http_conns` (plumego.toml line "),
        "{told:?}"
    );
    assert!(told[0].contains("`MaxHTTPConns`") && told[0].contains("`max_http_conns`"));
}

#[test]
fn every_spelling_is_read_from_a_file() {
    for (spelling, section) in [
        ("MaxHTTPConns", "Server"),
        ("maxHttpConns", "SERVER"),
        ("MAX_HTTP_CONNS", "server"),
        ("max-http-conns", "server"),
    ] {
        let files = directory(&[("plumego.toml", &format!("[{section}]\n{spelling} = 7\n"))]);
        let loaded = loader(&files, &[]).load().unwrap();
        assert_eq!(
            loaded.section::<u32>("server.max_http_conns").unwrap(),
            7,
            "{spelling}"
        );
    }
}

#[test]
fn a_wrong_shape_in_a_file_is_told() {
    let check = |text: &str, expected: &str| {
        let files = directory(&[("plumego.toml", text)]);
        let told = problems(&loader(&files, &[]));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(expected), "{} / {expected}", told[0]);
    };
    check(
        "server = 5",
        "expected a table, found a number; hint: write `server.addr = …`",
    );
    check(
        "server.addr = 8080",
        "expected text, found a number, got \"8080\"",
    );
    check("server.addr = { port = 1 }", "expected text, found a table");
    check("server.read_timeout = [1]", "found an array");
    check("server.hosts = ['a', ['b']]", "found an array in the list");
    check(
        "log.format = true",
        "expected one of pretty, json, found a boolean",
    );
    check("\"server.addr\" = 'x'", "expected a known key");
    check("env_file = 'x'", "expected a known key");
}

#[test]
fn unknown_variables_are_warnings_with_the_nearest_name() {
    let files = directory(&[(".env", "APP_WHATEVER_ELSE=1\nOTHER=2")]);
    let loaded = loader(&files, &[("APP_ADRR", ":1"), ("PATH", "/bin")])
        .load()
        .unwrap();
    let expected = [
        "environment variable APP_ADRR is not known and has no effect; did you mean APP_ADDR?",
        ".env line 1, APP_WHATEVER_ELSE is not known and has no effect",
    ];
    assert_eq!(loaded.warnings(), expected);
}

#[test]
fn names_in_files_cannot_begin_a_line_of_their_own() {
    let files = directory(&[("plumego.toml", "\"a\\n2026 forged\\u001b[2J\" = 1\n")]);
    let told = problems(&loader(&files, &[]));
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("`a\\n2026_forged\\u{1b}[2_j`"),
        "{told:?}"
    );
    let odd = [("APP_X\nforged", "1")];
    let loaded = loader(&directory(&[]), &odd).load().unwrap();
    assert!(!loaded.warnings()[0].contains('\n'));
}

#[test]
fn a_dotenv_file_cannot_name_another() {
    let files = directory(&[
        (".env", "APP_ENV_FILE=other.env"),
        ("other.env", "APP_ADDR=:1"),
    ]);
    let loaded = loader(&files, &[]).load().unwrap();
    assert_eq!(loaded.section::<String>("env_file").unwrap(), ".env");
    assert_eq!(loaded.section::<String>("server.addr").unwrap(), ":8080");
    let expected = [".env line 1, APP_ENV_FILE has no effect in a .env file"];
    assert_eq!(loaded.warnings(), expected);
}

#[test]
fn suggestions_are_near_or_absent() {
    let check = |text: &str, hint: Option<&str>| {
        let files = directory(&[("plumego.toml", text)]);
        let errors = loader(&files, &[]).load().unwrap_err();
        assert_eq!(errors.problems()[0].hint(), hint, "{text}");
    };
    check(
        "server.read_timeuot = 1",
        Some("did you mean `server.read_timeout`?"),
    );
    check(
        "server.read_timeout_ms = 1",
        Some("did you mean `server.read_timeout`?"),
    );
    check("addr = ':1'", Some("did you mean `server.addr`?"));
    check("sever.addr = ':1'", Some("did you mean `server`?"));
    check("completely_else = 1", None);
}

#[test]
fn a_table_that_contradicts_itself_is_refused() {
    const ODD: &[Key] = &[
        Key::new("a", Kind::Bool)
            .env("APP_A")
            .flag("--a")
            .default("maybe"),
        Key::new("a", Kind::Text),
        Key::new("b", Kind::Text).env("APP_A"),
        Key::new("c", Kind::Text).flag("--a"),
    ];
    let told = problems(&Loader::new(ODD));
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[0].contains("`a`: expected one key in the table with this name"));
    assert!(told[1].contains("`b`: expected one key in the table with the variable APP_A"));
    assert!(told[2].contains("`c`: expected one key in the table with the flag --a"));
    assert!(told[3].contains("`a` (default): expected true or false"));
}

#[test]
fn a_long_value_is_cut() {
    let long = "x".repeat(5000);
    let errors = Loader::new(crate::KEYS)
        .environment([("APP_DEBUG", &long)])
        .load()
        .unwrap_err();
    assert_eq!(
        errors.problems()[0].value(),
        Some(&*format!("\"{}\"…", "x".repeat(64)))
    );
}

#[test]
fn the_number_of_problems_is_bounded() {
    let keys: Vec<String> = (0..5000).map(|n| format!("unknown{n} = 1")).collect();
    let files = directory(&[("plumego.toml", &keys.join("\n"))]);
    assert_eq!(
        loader(&files, &[]).load().unwrap_err().problems().len(),
        256
    );
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = 200_000;
    for text in [
        format!("{}a = 1", "a.".repeat(deep)),
        format!("[{}a]\nb = 1", "a.".repeat(deep)),
        format!("a = {}1{}", "[".repeat(deep), "]".repeat(deep)),
        format!("a = {}1{}", "{a=".repeat(deep), "}".repeat(deep)),
    ] {
        let files = directory(&[("plumego.toml", &text)]);
        let errors = loader(&files, &[]).load().unwrap_err();
        assert!(errors.problems()[0].to_string().len() < 1000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever the layers hold, loading ends with settings or with problems.
    #[test]
    fn loading_never_panics(
        toml in "((server|tls|log|x)\\.)?[a-zA-Z_.\"]{1,12} ?= ?(\\PC{0,12}|'[a-z0-9 ]{0,9}')\n?",
        dotenv in "APP_[A-Z_]{0,12}=\\PC{0,20}",
        value in "\\PC{0,12}",
        arguments in prop::collection::vec("(--?)?[a-z-]{0,12}(=\\PC{0,6})?", 0..4),
    ) {
        let files = directory(&[("plumego.toml", &toml), (".env", &dotenv)]);
        let loader = loader(&files, &[("APP_READ_TIMEOUT_MS", &value), ("APP_HOSTS", &value)]);
        let args = std::iter::once("app".to_owned()).chain(arguments);
        if let Err(errors) = loader.load_with_args(args) {
            prop_assert!(!errors.problems().is_empty());
            prop_assert!(!errors.to_string().is_empty());
        }
    }
}
