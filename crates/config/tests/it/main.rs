//! Behaviour of the settings, over real files and a real environment.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::similar_names,
    reason = "tests"
)]

mod arguments;
mod best_effort;
mod dotenv;
mod errors;
mod layers;
mod live;
mod model;
mod names;
mod process;
mod reference;
mod secrets;
mod settings;
mod values;

use std::fs;
use std::time::Duration;

use plumego_config::{Key, Kind, Loader};
use tempfile::TempDir;

const FOREVER: Duration = Duration::MAX;

/// A table like the server's.
const KEYS: &[Key] = &[
    Key::new("server.addr", Kind::Text)
        .env("APP_ADDR")
        .flag("--addr")
        .default(":8080")
        .doc("Address to listen on.", "监听地址。"),
    Key::new("server.debug", Kind::Bool)
        .env("APP_DEBUG")
        .flag("--debug")
        .default("false")
        .doc("Developer tools.", "开发工具。"),
    Key::new(
        "server.read_timeout",
        Kind::Duration {
            min: Duration::from_millis(1),
            max: Duration::from_hours(1),
        },
    )
    .env("APP_READ_TIMEOUT_MS")
    .flag("--read-timeout")
    .default("30s")
    .reloadable()
    .doc("Longest time to read a request.", "读取请求的最长时间。"),
    Key::new(
        "server.drain_interval",
        Kind::Duration {
            min: Duration::ZERO,
            max: FOREVER,
        },
    )
    .env("APP_DRAIN_INTERVAL_MS")
    .flag("--drain-interval")
    .default("500ms"),
    Key::new("server.enable_http2", Kind::Bool)
        .env("APP_ENABLE_HTTP2")
        .flag("--http2")
        .default("true"),
    Key::new(
        "server.max_http_conns",
        Kind::Integer {
            min: 1,
            max: 100_000,
        },
    )
    .env("APP_MAX_HTTP_CONNS")
    .flag("--max-http-conns")
    .default("256")
    .zero_is_unlimited(),
    Key::new(
        "server.max_body_bytes",
        Kind::Bytes {
            min: 1,
            max: 1 << 30,
        },
    )
    .env("APP_MAX_BODY_BYTES")
    .flag("--max-body-bytes")
    .default("10485760"),
    Key::new("server.hosts", Kind::List)
        .env("APP_HOSTS")
        .flag("--hosts"),
    Key::new("tls.cert_file", Kind::Path)
        .env("TLS_CERT_FILE")
        .flag("--tls-cert")
        .default(""),
    Key::new("log.format", Kind::Choice(&["pretty", "json"]))
        .env("APP_LOG_FORMAT")
        .flag("--log-format")
        .default("pretty"),
    Key::new("ws.secret", Kind::Text)
        .env("WS_SECRET")
        .flag("--ws-secret")
        .secret(),
];

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

/// A loader of `KEYS` over a directory and an environment.
fn loader(directory: &TempDir, environment: &[(&str, &str)]) -> Loader {
    Loader::new(KEYS)
        .directory(directory.path())
        .environment(environment.iter().copied())
}

/// The problems of a load, one line each.
fn problems(loader: &Loader) -> Vec<String> {
    loader
        .load()
        .unwrap_err()
        .into_iter()
        .map(ToString::to_string)
        .collect()
}
