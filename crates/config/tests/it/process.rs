//! The real environment, arguments and working directory of a process.

use std::process::Command;

use plumego_config::{Loader, render};

use crate::{KEYS, directory};

/// Runs in the process the test below starts, with its environment and directory.
#[test]
#[ignore = "the child of the next test"]
fn child() {
    let loaded = Loader::from_process(KEYS).load().unwrap();
    println!("{}", render::print_config(&loaded));
    println!("warnings {:?}", loaded.warnings());
}

// acceptance 21.2 (25), (27)
#[test]
fn the_environment_of_a_process_beats_its_dotenv_file() {
    let files = directory(&[
        (
            ".env",
            "APP_ADDR=:1\nAPP_READ_TIMEOUT_MS=5s\nAPP_DRAIN_INTERVAL_MS=7\n",
        ),
        ("plumego.toml", "server.max_http_conns = 9\n"),
    ]);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["process::child", "--exact", "--ignored", "--nocapture"])
        .current_dir(files.path())
        .env("APP_ADDR", ":2")
        .env("APP_READ_TIMEOUT_MS", "5000")
        .env("APP_NOBODY_READS_THIS", "1")
        .env_remove("APP_ENV_FILE")
        .env_remove("APP_CONFIG_FILE")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for line in [
        "server.addr = \":2\"  # environment variable APP_ADDR",
        "server.read_timeout = 5s  # environment variable APP_READ_TIMEOUT_MS",
        "server.drain_interval = 7ms  # .env line 3, APP_DRAIN_INTERVAL_MS",
        "server.max_http_conns = 9  # plumego.toml line 1 column 8",
        "warnings [\"environment variable APP_NOBODY_READS_THIS is not known and has no effect\"]",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
