//! SIGHUP, sent to a process of its own: this very binary, told by a variable to be a server.

use std::path::PathBuf;
use std::process::Stdio;

use plumego_app::App;
use plumego_contract::Error;
use plumego_observe::log::StdoutSink;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::Text;
use crate::client::{Client, within};

const CHILD: &str = "PLUMEGO_TEST_RELOAD";

/// The server; nothing in the process that runs the tests.
#[tokio::test]
async fn child() -> Result<(), Error> {
    let Some(file) = std::env::var_os(CHILD) else {
        return Ok(());
    };
    let text = Text::new("text", &PathBuf::from(file)).unwatched();
    let shown = text.clone();
    App::builder()
        .addr("127.0.0.1:0")
        .log_sink(StdoutSink)
        .reload(text)
        .routes(|r| {
            r.get("/text", async move || shown.text())
                .get("/stuck", async || {
                    std::future::pending::<&'static str>().await
                })
        })
        .build()?
        .run()
        .await
}

/// A server in a process of its own, and what it logs.
pub struct Process {
    pub child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub seen: String,
}

impl Process {
    /// Runs this test of this binary as a server.
    pub fn start(test: &str, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", test, "--nocapture"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        change(&mut command);
        let mut child = command.spawn().unwrap();
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

    pub async fn connect(&mut self) -> Client {
        let line = self.line("listening on").await;
        let (_, addr) = line.split_once("http://").unwrap();
        let addr = addr.split_whitespace().next().unwrap();
        Client::connect(addr.parse().unwrap()).await
    }

    pub async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(sent.unwrap().success());
    }

    pub async fn status(&mut self) -> Option<i32> {
        within(self.child.wait()).await.unwrap().code()
    }
}

#[tokio::test]
async fn hang_up_reads_again_and_the_server_serves_on() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("text");
    std::fs::write(&file, "first").unwrap();
    let mut server = Process::start("reload::process::child", |command| {
        command.env(CHILD, &file);
    });
    let mut client = server.connect().await;
    assert_eq!(client.get("/text").await.body, "first");

    std::fs::write(&file, "second").unwrap();
    server.signal("HUP").await;
    let line = server.line("reloaded").await;
    assert!(line.contains("trigger=\"signal\""), "{line}");
    assert!(line.contains("changed=\"the text\""), "{line}");
    assert_eq!(client.get("/text").await.body, "second");

    std::fs::write(&file, "bad").unwrap();
    server.signal("HUP").await;
    let line = server.line("not reloaded").await;
    assert!(line.contains("the text is bad; and not good"), "{line}");
    assert_eq!(client.get("/text").await.body, "second");

    // It is no first signal to stop: the one that follows drains.
    server.signal("TERM").await;
    assert_eq!(server.status().await, Some(0), "{}", server.seen);
}
