//! A server in a process of its own: this very binary, told by a variable to be one.
#![cfg(target_os = "linux")]

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::wire::{Client, within};

const CHILD: &str = "PLUMEGO_TEST_SERVER";

/// Whether this process is such a server, and not the one that runs the tests.
pub fn is_one() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Never captured: the parent has the harness do without.
pub fn say(line: &str) {
    println!("{line}");
}

/// A server in a process of its own; it ends with this.
pub struct Server {
    pub child: Child,
    pub lines: Lines<BufReader<ChildStdout>>,
    seen: String,
}

impl Server {
    /// Starts the test of that name, which is a server when [`is_one`] says so.
    pub fn start(test: &str, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            // Arguments of the program, which the library must not take for its own.
            .args(["--exact", test, "--nocapture"])
            // Neither the settings nor the files of whoever runs the tests.
            .env_clear()
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .env(CHILD, "1")
            .env("APP_ADDR", "127.0.0.1:0")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            seen: String::new(),
        }
    }

    /// The line that has this in it.
    pub async fn line(&mut self, part: &str) -> String {
        within(async {
            loop {
                let line = self.lines.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("no {part:?} in\n{}", self.seen));
                self.seen.push_str(&line);
                self.seen.push('\n');
                if line.contains(part) {
                    return line;
                }
            }
        })
        .await
    }

    /// Where it listens, as it says once.
    pub async fn addr(&mut self) -> SocketAddr {
        let line = self.line("listening on 127").await;
        let (_, addr) = line.rsplit_once(' ').unwrap();
        addr.parse().unwrap()
    }

    pub async fn connect(&mut self) -> Client {
        Client::connect(self.addr().await).await
    }

    pub fn memory(&self) -> Memory {
        Memory(self.child.id().unwrap())
    }

    pub async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(sent.unwrap().success());
    }

    /// The status it ended with, and everything it said.
    pub async fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        let mut out = self.lines.into_inner();
        within(out.read_to_string(&mut rest)).await.unwrap();
        let status = within(self.child.wait()).await.unwrap();
        (status.code(), self.seen + &rest)
    }
}

/// The memory of a process.
pub struct Memory(u32);

impl Memory {
    /// What it has now, in KiB.
    pub fn resident_kib(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most it has had, in KiB.
    #[cfg(all(feature = "compression", feature = "http2"))]
    pub fn peak_kib(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}
