//! The program: how it starts, what it prints, how it ends.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use crate::client::{get, send};

/// A running reference application on a port of its own.
pub(crate) struct Reference {
    child: Child,
    pub(crate) addr: SocketAddr,
    output: BufReader<ChildStdout>,
    /// What it printed before it listened.
    before: Vec<String>,
}

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reference"));
    // Neither the settings nor the files of whoever runs the tests.
    command.env_clear().current_dir(env!("CARGO_TARGET_TMPDIR"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Reference {
    pub(crate) fn start(args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut child = program()
            .args(args)
            .envs(env.iter().copied())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut before = Vec::new();
        let addr = loop {
            let mut line = String::new();
            assert!(
                output.read_line(&mut line).unwrap() > 0,
                "it ended before it listened"
            );
            if let Some(rest) = line.strip_prefix("Listening on ") {
                let (_, rest) = rest.split_once("://").unwrap();
                break rest.split(' ').next().unwrap().parse().unwrap();
            }
            before.push(line);
        };
        Self {
            child,
            addr,
            output,
            before,
        }
    }

    /// The line that tells the password of the demo accounts.
    pub(crate) fn password_line(&self) -> Option<&str> {
        let mut told = self
            .before
            .iter()
            .filter(|line| line.contains("password: "));
        let line = told.next().map(String::as_str);
        assert_eq!(told.next(), None, "once is enough");
        line
    }

    pub(crate) fn on_any_port() -> Self {
        Self::start(&["--addr", "127.0.0.1:0"], &[])
    }

    fn signal(&self, name: &str) -> ExitStatus {
        let pid = self.child.id().to_string();
        Command::new("kill").args([name, &pid]).status().unwrap()
    }

    /// Waits for the line that has this in it.
    pub(crate) fn line(&mut self, part: &str) {
        let mut line = String::new();
        while !line.contains(part) {
            line.clear();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "no {part:?}");
        }
    }

    /// Ends it as an operator does; answers the exit code and what it still printed.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        assert!(self.signal("-TERM").success());
        let code = self.child.wait().unwrap().code();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        (code, rest)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_address_comes_from_the_flag_or_the_environment() {
    let by_flag = Reference::start(&["--addr", "127.0.0.1:0"], &[("APP_ADDR", "127.0.0.2:0")]);
    assert_eq!(by_flag.addr.ip().to_string(), "127.0.0.1");
    let by_variable = Reference::start(&[], &[("APP_ADDR", "127.0.0.2:0")]);
    assert_eq!(by_variable.addr.ip().to_string(), "127.0.0.2");
    assert_eq!(get(by_variable.addr, "/ping").text(), "pong");
}

#[test]
fn sigterm_ends_it_cleanly_and_leaves_no_log_line_behind() {
    let reference = Reference::on_any_port();
    assert_eq!(get(reference.addr, "/ping?last").text(), "pong");
    let (code, rest) = reference.terminate();
    assert_eq!(code, Some(0));
    assert!(rest.contains("/ping"), "the access log was flushed: {rest}");
}

/// Without a word from the program: it gave its configuration by reference.
#[test]
fn hang_up_reads_the_configuration_again() {
    let directory = std::env::temp_dir().join(format!("reference-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("settings.env");
    std::fs::write(&file, "").unwrap();
    let name = file.to_str().unwrap();
    let mut reference = Reference::start(&["--addr", "127.0.0.1:0", "--env-file", name], &[]);
    for (text, expected) in [
        (
            "APP_ABUSE_GUARD_BURST=7\n",
            "server.abuse_guard_burst: 200 → 7",
        ),
        ("APP_ABUSE_GUARD_BURST=none\n", "not reloaded"),
        (
            "APP_TRUSTED_PROXIES=10.0.0.1\n",
            "needs_restart=\"server.trusted_proxies",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        assert!(reference.signal("-HUP").success());
        reference.line(expected);
    }
    std::fs::remove_dir_all(directory).unwrap();
    assert_eq!(reference.terminate().0, Some(0));
}

#[test]
fn the_token_of_the_environment_opens_what_is_private() {
    let (old, new) = (
        "0123456789abcdef0123456789abcdef",
        "another-good-token-of-the-team",
    );
    let without = Reference::on_any_port();
    assert_eq!(get(without.addr, "/api/private").status, 404);
    let list = format!("{old}, {new}");
    let with = Reference::start(&["--addr", "127.0.0.1:0"], &[("AUTH_TOKEN", &list)]);
    let ask = |authorization: &str| {
        let headers = [("Authorization", authorization)];
        send(with.addr, "GET", "/api/private", &headers, b"")
    };
    for token in [old, new] {
        assert_eq!(
            ask(&format!("Bearer {token}")).text(),
            "only with the token"
        );
    }
    let refused = ask("Bearer 0123456789abcdef0123456789abcdee");
    assert_eq!(refused.status, 401);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer realm="), "{challenge}");
    assert_eq!(get(with.addr, "/api/private").status, 401);

    // A token that could be guessed is an error at the start, and it is not shown.
    let weak = program().env("AUTH_TOKEN", "hunter2").output().unwrap();
    let message = String::from_utf8_lossy(&weak.stderr);
    assert!(
        !weak.status.success() && message.contains("token 1 has 7 bytes"),
        "{message}"
    );
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn a_taken_address_is_an_error_that_names_it() {
    let first = Reference::on_any_port();
    let addr = first.addr.to_string();
    let output = program().args(["--addr", &addr]).output().unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains(&addr), "{message}");
}

/// What reads the lines as JSON must not stumble over the first one.
#[test]
fn every_line_of_json_output_is_json_and_one_has_the_address() {
    let mut child = program()
        .args(["--addr", "127.0.0.1:0", "--log-format", "json"])
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut all = String::new();
    while !all.contains("listening on http://127.0.0.1:") {
        assert!(output.read_line(&mut all).unwrap() > 0, "{all}");
    }
    let (code, rest) = Reference {
        child,
        addr: ([127, 0, 0, 1], 0).into(),
        output,
        before: Vec::new(),
    }
    .terminate();
    assert_eq!(code, Some(0));
    all.push_str(&rest);
    for line in all.lines() {
        let value: Result<serde_json::Value, _> = serde_json::from_str(line);
        assert!(value.is_ok_and(|value| value.is_object()), "{line}");
    }
}

#[test]
fn help_and_print_config_print_and_end() {
    let help = program().arg("--help").output().unwrap();
    assert!(help.status.success());
    let help = String::from_utf8_lossy(&help.stdout);
    assert!(help.contains("--addr") && help.contains("--log-format <pretty|json>"));
    let config = program()
        .arg("--print-config")
        .env("APP_DEBUG", "true")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&config.stdout);
    assert!(
        text.contains("127.0.0.1:8080") && text.contains("APP_DEBUG"),
        "{text}"
    );
}

#[test]
fn every_mistake_in_the_settings_is_told_at_once() {
    let output = program()
        .env("APP_READ_TIMEOUT_MS", "soon")
        .env("APP_MAX_HEADER_BYTES", "many")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        message.starts_with("Error: 2 problems in the settings\n"),
        "{message}"
    );
    for part in [
        "APP_READ_TIMEOUT_MS",
        "soon",
        "APP_MAX_HEADER_BYTES",
        "many",
    ] {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
}
