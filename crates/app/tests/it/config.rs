//! Every setting by variable, by flag and by file; every mistake at once.

use std::fmt::Debug;
use std::time::Duration;

use plumego_app::{Config, ConfigLoader, Loading, SERVER_KEYS, ServerConfig};
use plumego_config::Kind;
use plumego_contract::ForwardedHeader;
use plumego_observe::log::LogFormat;
use plumego_stdx::Limit;
use serde::Deserialize;
use tempfile::TempDir;

/// A loader that sees nothing of this machine.
fn loader(variables: &[(&str, &str)]) -> (ConfigLoader<()>, TempDir) {
    let empty = TempDir::new().unwrap();
    let loader = Config::loader().directory(empty.path());
    (loader.environment(variables.iter().copied()), empty)
}

#[expect(clippy::disallowed_methods, reason = "the files to be loaded")]
fn write(directory: &TempDir, name: &str, text: &str) {
    std::fs::write(directory.path().join(name), text).unwrap();
}

fn by_variable(name: &str, value: &str) -> ServerConfig {
    loader(&[(name, value)]).0.load().unwrap().server
}

fn by_flags(flags: &[&str]) -> ServerConfig {
    let args = ["shop"].iter().chain(flags).copied();
    match loader(&[]).0.load_with_args(args).unwrap() {
        Loading::Run(config) => config.server,
        Loading::Print(text) => panic!("{text}"),
    }
}

fn check<T: PartialEq + Debug>(
    (variable, flag): (&str, &str),
    value: &str,
    read: impl Fn(&ServerConfig) -> T,
    expected: &T,
) {
    let default = read(&ServerConfig::default());
    assert_ne!(
        &default, expected,
        "{variable} must differ from its default"
    );
    assert_eq!(&read(&by_variable(variable, value)), expected, "{variable}");
    // A switch takes its value after `=` alone.
    if !matches!(value, "true" | "false") {
        assert_eq!(&read(&by_flags(&[flag, value])), expected, "{flag}");
    }
    let joined = format!("{flag}={value}");
    assert_eq!(&read(&by_flags(&[&joined])), expected, "{joined}");
}

// acceptance 21.1 (1)
#[test]
fn the_defaults_are_those_of_the_table() {
    let loaded = loader(&[]).0.load().unwrap().server;
    assert_eq!(loaded, ServerConfig::default());
    assert_eq!(loaded.addrs, [":8080"]);
    assert_eq!(loaded.shutdown_timeout, Duration::from_secs(5));
    assert_eq!(loaded.read_timeout, Duration::from_secs(30));
    assert_eq!(loaded.read_header_timeout, Duration::from_secs(5));
    assert_eq!(loaded.write_timeout, Duration::from_secs(30));
    assert_eq!(loaded.idle_timeout, Duration::from_mins(1));
    assert_eq!(loaded.max_header_bytes, 1_048_576);
    assert_eq!(loaded.drain_interval, Duration::from_millis(500));
    assert_eq!(loaded.max_body_bytes, Limit::At(10_485_760));
    assert_eq!(loaded.request_timeout, Duration::from_secs(30));
    assert_eq!(loaded.max_concurrency, Limit::At(256));
    assert_eq!(loaded.queue_depth, 512);
    assert_eq!(loaded.queue_timeout, Duration::from_millis(250));
    assert!(loaded.abuse_guard_enabled && loaded.security_headers_enabled);
    assert_eq!(
        (loaded.abuse_guard_rate, loaded.abuse_guard_burst),
        (100, 200)
    );
    assert_eq!(loaded.abuse_guard_max_keys, 100_000);
    assert!(loaded.http2 && !loaded.debug && loaded.trusted_proxies.is_empty());
}

#[test]
fn rows_of_http2_are_read_by_variable_and_by_flag() {
    let http2 = ("APP_ENABLE_HTTP2", "--http2");
    check(http2, "false", |c| c.http2, &false);
    let streams = ("APP_HTTP2_MAX_STREAMS", "--http2-max-streams");
    check(streams, "9", |c| c.http2_max_streams, &9);
    let heads = ("APP_HTTP2_MAX_HEADER_BYTES", "--http2-max-header-bytes");
    check(heads, "9000", |c| c.http2_max_header_bytes, &9000);
    let resets = ("APP_HTTP2_MAX_RESETS", "--http2-max-resets");
    check(resets, "9", |c| c.http2_max_resets, &9);
}

#[test]
fn every_row_of_the_table_is_read_by_variable_and_by_flag() {
    let ms = Duration::from_millis;
    check(
        ("APP_ADDR", "--addr"),
        "127.0.0.1:0",
        |c| c.addrs[0].clone(),
        &"127.0.0.1:0".into(),
    );
    let time = |row, field: fn(&ServerConfig) -> Duration| {
        check(row, "1234", field, &ms(1234));
        check(row, "1234ms", field, &ms(1234));
        check(row, "2m", field, &Duration::from_mins(2));
    };
    time(("APP_SHUTDOWN_TIMEOUT_MS", "--shutdown-timeout"), |c| {
        c.shutdown_timeout
    });
    time(("APP_READ_TIMEOUT_MS", "--read-timeout"), |c| {
        c.read_timeout
    });
    time(
        ("APP_READ_HEADER_TIMEOUT_MS", "--read-header-timeout"),
        |c| c.read_header_timeout,
    );
    time(("APP_WRITE_TIMEOUT_MS", "--write-timeout"), |c| {
        c.write_timeout
    });
    time(("APP_IDLE_TIMEOUT_MS", "--idle-timeout"), |c| {
        c.idle_timeout
    });
    time(("APP_PRE_DRAIN_MS", "--pre-drain"), |c| c.pre_drain);
    time(("APP_START_TIMEOUT_MS", "--start-timeout"), |c| {
        c.start_timeout
    });
    let drain = ("APP_DRAIN_INTERVAL_MS", "--drain-interval");
    check(drain, "250", |c| c.drain_interval, &ms(250));
    let header = ("APP_MAX_HEADER_BYTES", "--max-header-bytes");
    check(header, "65536", |c| c.max_header_bytes, &65_536);
    check(header, "64k", |c| c.max_header_bytes, &65_536);
    let body = ("APP_MAX_BODY_BYTES", "--max-body-bytes");
    check(body, "2MiB", |c| c.max_body_bytes, &Limit::At(2 << 20));
    check(body, "0", |c| c.max_body_bytes, &Limit::Unlimited);
    check(body, "unlimited", |c| c.max_body_bytes, &Limit::Unlimited);
    let connections = ("APP_MAX_CONNECTIONS", "--max-connections");
    check(connections, "7", |c| c.max_connections, &7);
    let per_ip = ("APP_MAX_CONNECTIONS_PER_IP", "--max-connections-per-ip");
    check(per_ip, "9", |c| c.max_connections_per_ip, &Limit::At(9));
    let proxies = ("APP_TRUSTED_PROXIES", "--trusted-proxies");
    let expected = "10.0.0.0/8, ::1/128, unix".parse().unwrap();
    check(
        proxies,
        "10.0.0.0/8, ::1, unix",
        |c| c.trusted_proxies.clone(),
        &expected,
    );
    let family = ("APP_FORWARDED_HEADER", "--forwarded-header");
    let standard = ForwardedHeader::Forwarded;
    check(family, "forwarded", |c| c.forwarded_header, &standard);
    let file = ("APP_LOG_FILE", "--log-file");
    let path = Some("logs/shop.log".into());
    check(file, "logs/shop.log", |c| c.log_file.clone(), &path);
    let format = ("APP_LOG_FORMAT", "--log-format");
    check(format, "json", |c| c.log_format, &LogFormat::Json);
    let level = ("APP_LOG_LEVEL", "--log-level");
    let filter = "warn,hyper=error".parse().unwrap();
    check(level, "warn,hyper=error", |c| c.log_filter.clone(), &filter);
}

// acceptance 21.1 (9)
#[test]
fn every_row_of_the_guards_is_read_by_variable_and_by_flag() {
    let ms = Duration::from_millis;
    let timeout = ("APP_REQUEST_TIMEOUT_MS", "--request-timeout");
    check(timeout, "2m", |c| c.request_timeout, &ms(120_000));
    check(timeout, "0", |c| c.request_timeout, &Duration::ZERO);
    let most = ("APP_MAX_CONCURRENCY", "--max-concurrency");
    check(most, "7", |c| c.max_concurrency, &Limit::At(7));
    check(most, "0", |c| c.max_concurrency, &Limit::Unlimited);
    let queue = ("APP_QUEUE_DEPTH", "--queue-depth");
    check(queue, "7", |c| c.queue_depth, &7);
    check(queue, "0", |c| c.queue_depth, &0);
    let wait = ("APP_QUEUE_TIMEOUT_MS", "--queue-timeout");
    check(wait, "75", |c| c.queue_timeout, &ms(75));
    let bodies = (
        "APP_MAX_WAITING_BODIES_PER_CLIENT",
        "--max-waiting-bodies-per-client",
    );
    let field = |c: &ServerConfig| c.max_waiting_bodies_per_client;
    check(bodies, "7", field, &Limit::At(7));
    check(bodies, "0", field, &Limit::Unlimited);
    let guard = ("APP_ABUSE_GUARD_ENABLED", "--abuse-guard");
    check(guard, "false", |c| c.abuse_guard_enabled, &false);
    let rate = ("APP_ABUSE_GUARD_RATE", "--abuse-guard-rate");
    check(rate, "1000000000", |c| c.abuse_guard_rate, &1_000_000_000);
    let burst = ("APP_ABUSE_GUARD_BURST", "--abuse-guard-burst");
    check(burst, "7", |c| c.abuse_guard_burst, &7);
    let keys = ("APP_ABUSE_GUARD_MAX_KEYS", "--abuse-guard-max-keys");
    check(keys, "7", |c| c.abuse_guard_max_keys, &7);
    let headers = ("APP_SECURITY_HEADERS_ENABLED", "--security-headers");
    check(headers, "false", |c| c.security_headers_enabled, &false);
}

#[test]
fn the_token_is_a_secret_that_is_never_printed() {
    let token = "0123456789abcdef0123456789abcdef";
    let server = by_variable("AUTH_TOKEN", token);
    assert_eq!(server.auth_token.as_ref().unwrap().expose(), token);
    assert!(!format!("{server:?}").contains(token));
    assert_eq!(by_variable("AUTH_TOKEN", "").auth_token, None);
    let (loader, _empty) = loader(&[("AUTH_TOKEN", token)]);
    match loader.load_with_args(["shop", "--print-config"]).unwrap() {
        Loading::Print(text) => {
            assert!(
                text.contains("AUTH_TOKEN") && !text.contains(token),
                "{text}"
            );
        }
        Loading::Run(config) => panic!("{config:?}"),
    }
}

#[test]
fn no_log_file_is_none() {
    assert_eq!(by_variable("APP_LOG_FILE", "").log_file, None);
    assert_eq!(by_flags(&[]).log_file, None);
}

#[test]
fn switches_need_no_value() {
    check(("APP_DEBUG", "--debug"), "true", |c| c.debug, &true);
    assert!(!by_flags(&["--no-abuse-guard"]).abuse_guard_enabled);
    assert!(by_flags(&["--debug"]).debug);
    assert!(!by_flags(&["--no-http2"]).http2);
}

#[test]
fn several_addresses_are_a_list() {
    assert_eq!(
        by_variable("APP_ADDR", ":1,[::1]:2").addrs,
        [":1", "[::1]:2"]
    );
}

// acceptance 21.1 (1), 21.2 (25)
#[test]
fn the_layers_come_in_their_order() {
    let files = TempDir::new().unwrap();
    let write = |name: &str, text: &str| write(&files, name, text);
    write(
        "plumego.toml",
        "[server]\naddr = [':1', ':2']\nread_timeout = '1s'\nhttp2 = false\n",
    );
    write(".env", "APP_ADDR=:3\nAPP_READ_TIMEOUT_MS=3s\n");
    write("other.env", "APP_ADDR=:4\n");
    let load = |variables: &[(&str, &str)], args: &[&str]| {
        let loader = loader(variables).0.directory(files.path());
        let args = ["shop"].iter().chain(args).copied();
        match loader.load_with_args(args).unwrap() {
            Loading::Run(config) => config.server,
            Loading::Print(text) => panic!("{text}"),
        }
    };
    let server = load(&[("APP_ADDR", ":5")], &["--addr", ":6"]);
    assert_eq!(server.addrs, [":6"]);
    assert_eq!(server.read_timeout, Duration::from_secs(3));
    assert!(!server.http2);
    assert_eq!(load(&[("APP_ADDR", ":5")], &[]).addrs, [":5"]);
    assert_eq!(load(&[], &[]).addrs, [":3"]);
    assert_eq!(load(&[], &["--env-file", "other.env"]).addrs, [":4"]);
    assert_eq!(load(&[("APP_ENV_FILE", "")], &[]).addrs, [":1", ":2"]);
}

// acceptance 21.2 (25)
#[test]
fn every_mistake_is_told_at_once_with_key_source_and_expectation() {
    let variables = [
        ("APP_ADDR", "localhost"),
        ("APP_READ_TIMEOUT_MS", "soon"),
        ("APP_MAX_CONNECTIONS", "0"),
        ("APP_MAX_HEADER_BYTES", "1"),
        ("APP_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("APP_ABUSE_GUARD_RATE", "1000000001"),
        ("APP_ABUSE_GUARD_BURST", "0"),
        ("APP_ABUSE_GUARD_MAX_KEYS", "10000001"),
        ("APP_MAX_CONCURRENCY", "-1"),
        ("APP_QUEUE_TIMEOUT_MS", "2m"),
        ("APP_LOG_FORMAT", "xml"),
        ("APP_LOG_LEVEL", "loud"),
    ];
    let error = loader(&variables).0.load().unwrap_err();
    let text = error.to_string();
    assert_eq!(error.problems().len(), variables.len(), "{text}");
    for (name, value) in variables {
        let line = text.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.contains(value), "{line}");
        assert!(line.contains("expected"), "{line}");
    }
}

#[test]
fn an_unknown_key_in_a_file_is_an_error_and_an_unknown_variable_a_warning() {
    let files = TempDir::new().unwrap();
    write(&files, "plumego.toml", "server.read_timout = '1s'\n");
    let error = loader(&[]).0.directory(files.path()).load().unwrap_err();
    assert!(error.to_string().contains("read_timeout"), "{error}");

    let server = by_variable("APP_RAED_TIMEOUT_MS", "1");
    assert_eq!(server.warnings.len(), 1);
    assert!(
        server.warnings[0].contains("APP_RAED_TIMEOUT_MS"),
        "{:?}",
        server.warnings
    );
}

#[derive(Debug, Deserialize, PartialEq)]
struct Settings {
    greeting: String,
    #[serde(default)]
    retries: u32,
    #[serde(default)]
    mail: Mail,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
struct Mail {
    from: String,
}

#[test]
fn settings_of_the_program_stand_beside_ours() {
    let empty = TempDir::new().unwrap();
    let load = |variables: &[(&str, &str)]| {
        let loader = Config::of::<Settings>().directory(empty.path());
        loader.environment(variables.iter().copied()).load()
    };
    let config = load(&[
        ("APP_GREETING", "hi"),
        ("APP_MAIL__FROM", "a@b"),
        ("APP_ADDR", ":9"),
    ])
    .unwrap();
    let mail = Mail { from: "a@b".into() };
    let expected = Settings {
        greeting: "hi".into(),
        retries: 0,
        mail,
    };
    assert_eq!(config.settings, expected);
    assert_eq!(config.server.addrs, [":9"]);
    assert!(
        config.server.warnings.is_empty(),
        "{:?}",
        config.server.warnings
    );

    let error = load(&[("APP_RETRIES", "many"), ("APP_ADDR", "x")])
        .unwrap_err()
        .to_string();
    for key in ["greeting", "retries", "server.addr"] {
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn settings_may_hold_ours() {
    #[derive(Deserialize)]
    struct Whole {
        #[serde(default)]
        server: ServerConfig,
        greeting: String,
    }
    let empty = TempDir::new().unwrap();
    let loader = Config::of::<Whole>().directory(empty.path());
    let variables = [("APP_GREETING", "hi"), ("APP_MAX_BODY_BYTES", "0")];
    let config = loader.environment(variables).load().unwrap();
    assert_eq!(config.settings.greeting, "hi");
    assert_eq!(config.settings.server.max_body_bytes, Limit::Unlimited);
    assert_eq!(config.server.max_body_bytes, Limit::Unlimited);
}

#[test]
fn an_address_of_the_programs_own_is_only_a_default() {
    let load = |variables: &[(&str, &str)]| {
        let (loader, _empty) = loader(variables);
        loader
            .default_addr("127.0.0.1:8080")
            .load()
            .unwrap()
            .server
            .addrs
    };
    assert_eq!(load(&[]), ["127.0.0.1:8080"]);
    assert_eq!(load(&[("APP_ADDR", ":9000")]), [":9000"]);
    assert_eq!(load(&[("APP_ADDR", ":8080")]), [":8080"]);
}

#[test]
fn help_and_print_config_are_texts_to_print() {
    let ask = |flag: &str| {
        let (loader, _empty) = loader(&[("APP_ADDR", ":9000")]);
        let loader = loader.default_addr("127.0.0.1:8080");
        match loader.load_with_args(["shop", flag]).unwrap() {
            Loading::Print(text) => text,
            Loading::Run(config) => panic!("{config:?}"),
        }
    };
    let help = ask("--help");
    assert!(help.contains("[default 127.0.0.1:8080]"), "{help}");
    for key in SERVER_KEYS {
        if let Some(flag) = key.flag {
            assert!(help.contains(flag), "{help}");
        } else {
            assert!(
                key.secret,
                "arguments can be read by everybody: {}",
                key.name
            );
        }
        assert!(help.contains(key.env.unwrap()), "{help}");
    }
    let printed = ask("--print-config");
    assert!(
        printed.contains("environment variable APP_ADDR"),
        "{printed}"
    );
}

#[test]
fn every_key_is_documented_in_both_languages_and_its_default_is_the_types() {
    for key in SERVER_KEYS {
        assert!(
            !key.doc_en.is_empty() && !key.doc_zh.is_empty(),
            "{}",
            key.name
        );
        assert!(key.default.is_some(), "{}", key.name);
    }
    // Loading gives the defaults of the table, `Default` those of the type.
    assert_eq!(
        loader(&[]).0.load().unwrap().server,
        ServerConfig::default()
    );
}

/// The program ran as if nobody had asked.
#[test]
fn a_best_effort_prints_what_is_asked_for_and_gives_no_configuration() {
    let effort = |args: &[&str]| {
        let variables = [("APP_READ_TIMEOUT_MS", "x"), ("APP_ADDR", ":9000")];
        let (loader, _empty) = loader(&variables);
        loader.load_best_effort(args.iter().copied()).unwrap()
    };
    assert!(effort(&["app", "--help"]).is_none());
    assert!(effort(&["app", "--print-config"]).is_none());
    let config = effort(&["app"]).unwrap();
    assert_eq!(config.server.addrs, [":9000"]);
    assert_eq!(config.skipped().len(), 1);
}

/// The message told the value twice.
#[test]
fn a_mode_that_is_none_is_told_once() {
    for wrong in ["999", "rw", "06600"] {
        let error = loader(&[("APP_UNIX_SOCKET_MODE", wrong)]).0.load();
        let text = error.unwrap_err().to_string();
        assert_eq!(text.matches(wrong).count(), 1, "{text}");
        assert!(text.contains("an octal mode such as `0660`"), "{text}");
    }
}

#[test]
fn a_configuration_made_by_hand_is_held_to_the_same_bounds() {
    assert!(ServerConfig::default().validate().is_empty());
    let mut config = ServerConfig::default();
    config.addrs = vec!["nowhere".into()];
    config.drain_interval = Duration::ZERO;
    config.start_timeout = Duration::MAX;
    config.max_header_bytes = 1;
    config.max_connections = usize::MAX;
    config.max_connections_per_ip = Limit::At(u64::MAX);
    config.http2_max_streams = 0;
    config.http2_max_header_bytes = 1;
    config.http2_max_resets = 0;
    config.trusted_proxies = vec!["10.0.0.0/8"; 1025].join(",").parse().unwrap();
    config.unix_socket_mode = 0o1777;
    config.request_timeout = Duration::MAX;
    config.queue_timeout = Duration::from_hours(1);
    config.max_concurrency = Limit::At(0);
    config.queue_depth = usize::MAX;
    config.max_waiting_bodies_per_client = Limit::At(0);
    config.abuse_guard_rate = 0;
    config.abuse_guard_burst = 1_000_000_001;
    config.abuse_guard_max_keys = 0;
    config.log_file_max_bytes = Limit::At(1);
    config.log_file_max_age = Duration::MAX;
    config.log_file_keep = 1001;
    let problems = config.validate();
    let messages: Vec<_> = problems
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(messages.len(), 22, "{messages:?}");
    for name in [
        "addr",
        "drain_interval",
        "start_timeout",
        "max_header_bytes",
        "max_connections",
        "max_connections_per_ip",
        "http2_max_streams",
        "http2_max_header_bytes",
        "http2_max_resets",
        "trusted_proxies",
        "unix_socket_mode",
        "request_timeout",
        "queue_timeout",
        "max_concurrency",
        "queue_depth",
        "max_waiting_bodies_per_client",
        "abuse_guard_rate",
        "abuse_guard_burst",
        "abuse_guard_max_keys",
        "log_file_max_bytes",
        "log_file_max_age",
        "log_file_keep",
    ] {
        assert!(
            messages.iter().any(|one| one.contains(name)),
            "{name}: {messages:?}"
        );
    }
    let times = SERVER_KEYS
        .iter()
        .filter(|key| matches!(key.kind, Kind::Duration { .. }));
    assert_eq!(times.count(), 11, "a new one must be added to `validate`");
}

#[test]
fn addresses_are_checked_before_anything_is_bound() {
    let good = [
        ":0",
        "127.0.0.1:80",
        "[::1]:65535",
        "localhost:1",
        "my-host.example_1:2",
    ];
    for addr in good {
        assert_eq!(by_variable("APP_ADDR", addr).addrs, [addr]);
    }
    for addr in [
        "8080",
        "localhost:",
        ":65536",
        "::1:80",
        "[::1:80",
        "[x]:1",
        "a b:1",
        ":+1",
    ] {
        assert!(loader(&[("APP_ADDR", addr)]).0.load().is_err(), "{addr}");
    }
}

/// Runs in the process that the next test starts.
#[test]
#[ignore = "the child of the next test"]
fn child() {
    let ran = Config::from_args(["shop", "--print-config"]).unwrap();
    assert!(ran.is_none());
    let config = Config::load().unwrap();
    assert_eq!(config.server.addrs, [":2"]);
    assert_eq!(config.server.read_timeout, Duration::from_secs(7));
}

// acceptance 21.2 (25), (27)
#[test]
fn a_process_reads_its_own_environment_and_files_and_prints_what_it_was_asked_for() {
    let files = TempDir::new().unwrap();
    write(&files, ".env", "APP_ADDR=:1\nAPP_READ_TIMEOUT_MS=7s\n");
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["config::child", "--exact", "--ignored", "--nocapture"])
        .current_dir(files.path())
        .env("APP_ADDR", ":2")
        .env_remove("APP_ENV_FILE")
        .env_remove("APP_CONFIG_FILE")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for part in [
        "environment variable APP_ADDR",
        ".env line 2, APP_READ_TIMEOUT_MS",
    ] {
        assert!(text.contains(part), "{text}");
    }
}
