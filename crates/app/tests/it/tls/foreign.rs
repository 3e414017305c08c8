//! `curl` and `openssl s_client`.

use std::net::SocketAddr;
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::client::within;

/// Whether this program is there; CI requires that it is.
pub fn has(program: &str) -> bool {
    let there = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|dir| dir.join(program).is_file());
    assert!(
        there || std::env::var_os("PLUMEGO_REQUIRE_SERVERS").is_none(),
        "no {program} in PATH"
    );
    if !there {
        eprintln!("skipped: no {program} in PATH");
    }
    there
}

/// What a program said, both streams together.
#[derive(Debug)]
pub struct Said {
    pub ok: bool,
    pub text: String,
}

impl Said {
    #[track_caller]
    pub fn has(&self, part: &str) -> &Self {
        assert!(
            self.text.contains(part),
            "{part:?} is not in\n{}",
            self.text
        );
        self
    }

    #[track_caller]
    pub fn lacks(&self, part: &str) -> &Self {
        assert!(!self.text.contains(part), "{part:?} is in\n{}", self.text);
        self
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let both = [output.stdout, output.stderr].concat();
        Self {
            ok: output.status.success(),
            text: String::from_utf8_lossy(&both).into_owned(),
        }
    }
}

/// Asks with curl; `{addr}` in an argument is the address, `localhost` leads to it.
pub async fn curl(addr: SocketAddr, args: &[&str]) -> Said {
    let port = addr.port();
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--max-time", "60"])
        .args(["--resolve", &format!("*:{port}:127.0.0.1")])
        .args(
            args.iter()
                .map(|arg| arg.replace("{port}", &port.to_string())),
        )
        .stdin(Stdio::null())
        .kill_on_drop(true);
    within(command.output()).await.unwrap().into()
}

/// `openssl s_client` that runs, with pipes.
pub fn s_client_process(addr: SocketAddr, args: &[&str]) -> Child {
    Command::new("openssl")
        .args(["s_client", "-connect", &addr.to_string()])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Connects with `openssl s_client`, sends this, and waits for the end.
pub async fn s_client(addr: SocketAddr, args: &[&str], input: &str) -> Said {
    let mut child = s_client_process(addr, args);
    let mut stdin = child.stdin.take().unwrap();
    // It may have ended already.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    within(child.wait_with_output()).await.unwrap().into()
}

/// Runs openssl for something else.
pub async fn openssl(args: &[&str]) -> Said {
    let mut command = Command::new("openssl");
    command.args(args).stdin(Stdio::null());
    within(command.output()).await.unwrap().into()
}
