//! SIGTERM and SIGINT, sent to a process of its own: this very binary, told by a variable to be a
//! server.
#![cfg(unix)]

use std::process::Stdio;
use std::time::Duration;

use plumego_app::App;
use plumego_component::{Phase, Runner, StartContext, StopContext, from_fn};
use plumego_contract::Error;
use plumego_observe::log::StdoutSink;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::client::{Client, within};

const CHILD: &str = "PLUMEGO_TEST_SERVER";

/// Never captured: the parent has the harness do without.
#[expect(clippy::print_stdout, reason = "what the parent reads")]
fn say(line: &str) {
    println!("{line}");
}

struct Pump;

impl Runner for Pump {
    async fn start(&self, _: StartContext) -> Result<(), Error> {
        Ok(())
    }

    async fn stop(&self, _: StopContext) -> Result<(), Error> {
        say("runner stopped");
        Ok(())
    }
}

/// The server; nothing in the process that runs the tests.
#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "how the test tells its child what it is"
)]
async fn child() -> Result<(), Error> {
    if std::env::var_os(CHILD).is_none() {
        return Ok(());
    }
    let hook = from_fn("part", |setup| {
        setup.on_shutdown("hook", async || say("hook ran"));
        Ok(())
    });
    let (tell, handle) = tokio::sync::watch::channel(None::<plumego_app::Handle>);
    let mut config = plumego_app::ServerConfig::default();
    config.shutdown_timeout = Duration::from_millis(1500);
    let app = App::builder()
        .config(config)
        .addr("127.0.0.1:0")
        .log_sink(StdoutSink)
        .component(hook)
        .runner("pump", Pump)
        .routes(|r| {
            r.get("/held", async move || {
                say("request began");
                let handle = handle.borrow().clone().unwrap();
                while handle.phase() < Phase::Draining {
                    tokio::task::yield_now().await;
                }
                say("request answered");
                "answered"
            })
            // The only thread of the runtime.
            .get("/block", async || -> &'static str {
                say("request began");
                loop {
                    std::thread::park();
                }
            })
            // One that the runtime waits for at its end.
            .get("/leave", async || {
                tokio::task::spawn_blocking(|| {
                    loop {
                        std::thread::park();
                    }
                });
                "left"
            })
            .get("/stuck", async || {
                say("request began");
                std::future::pending::<&'static str>().await
            })
        })
        .build()?;
    tell.send_replace(Some(app.handle()));
    app.run().await
}

struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    seen: String,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "signals::child", "--nocapture"])
            .env(CHILD, "1")
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
    async fn line(&mut self, part: &str) -> String {
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

    async fn connect(&mut self) -> Client {
        let line = self.line("listening on").await;
        let (_, addr) = line.split_once("http://").unwrap();
        let addr = addr.split_whitespace().next().unwrap();
        Client::connect(addr.parse().unwrap()).await
    }

    async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(sent.unwrap().success());
    }

    /// The status it ended with, and everything it said.
    async fn end(mut self) -> (Option<i32>, String) {
        let status = within(self.child.wait()).await.unwrap();
        let mut rest = String::new();
        let mut out = self.lines.into_inner();
        out.read_to_string(&mut rest).await.unwrap();
        (status.code(), self.seen + &rest)
    }
}

// acceptance 21.2 (8)
#[tokio::test]
async fn signal_lets_the_open_request_finish_and_the_process_end_well() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start();
        let mut client = server.connect().await;
        client.send("GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
        server.line("request began").await;
        server.signal(signal).await;
        assert_eq!(client.answer().await.body, "answered");
        let (status, text) = server.end().await;
        assert_eq!(status, Some(0), "{text}");
        let mut rest = text.as_str();
        // The log is written in batches; these lines are not.
        for step in ["request answered", "runner stopped", "hook ran"] {
            let at = rest
                .find(step)
                .unwrap_or_else(|| panic!("{step:?} is late in\n{text}"));
            rest = &rest[at..];
        }
        assert!(
            text.contains("draining") && text.contains("stopped in "),
            "the report is logged: {text}"
        );
    }
}

#[tokio::test]
async fn unclean_end_is_a_failure_of_the_process() {
    let mut server = Server::start();
    let mut client = server.connect().await;
    client.send("GET /stuck HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.line("request began").await;
    server.signal("TERM").await;
    assert_eq!(client.rest().await, "");
    let (status, text) = server.end().await;
    assert!(status.is_some_and(|status| status != 0), "{text}");
    assert!(
        text.contains("not cleanly") && text.contains("GET /stuck"),
        "{text}"
    );
    assert!(
        text.contains("runner stopped") && text.contains("hook ran"),
        "{text}"
    );
}

#[tokio::test]
async fn second_signal_ends_the_process_at_once() {
    for (signal, status) in [("TERM", 143), ("INT", 130)] {
        let mut server = Server::start();
        let mut client = server.connect().await;
        client.send("GET /stuck HTTP/1.1\r\nhost: x\r\n\r\n").await;
        server.line("request began").await;
        server.signal(signal).await;
        server.line("draining").await;
        server.signal(signal).await;
        let (ended, text) = server.end().await;
        assert_eq!(ended, Some(status), "{text}");
        assert!(!text.contains("runner stopped"), "{text}");
    }
}

/// Sends signals until the process ends; they are heard one after the other.
async fn end_by(server: &mut Server, signal: &str) -> Option<i32> {
    within(async {
        loop {
            server.signal(signal).await;
            if let Some(status) = server.child.try_wait().unwrap() {
                return status.code();
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_signal_ends_a_process_whose_threads_are_all_stuck() {
    let mut server = Server::start();
    let mut client = server.connect().await;
    client.send("GET /block HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.line("request began").await;
    assert_eq!(end_by(&mut server, "TERM").await, Some(143));
}

#[tokio::test]
async fn a_signal_ends_a_process_whose_runtime_waits_for_a_thread() {
    for (signal, status) in [("TERM", 143), ("INT", 130)] {
        let mut server = Server::start();
        let mut client = server.connect().await;
        assert_eq!(client.get("/leave").await.body, "left");
        server.signal(signal).await;
        server.line("stopped in ").await;
        assert_eq!(end_by(&mut server, signal).await, Some(status));
    }
}
