//! Servers in processes of their own: this very binary, told by a variable to be one.

#[cfg(feature = "tls")]
mod encrypted;
mod inherited;
mod process;
mod rolling;

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use plumego_app::{App, Config};
use plumego_component::{Component, StartContext};
use plumego_contract::respond::{Event, Sse};
use plumego_contract::{Error, Request, RequestContext};
use plumego_observe::log::StdoutSink;
use plumego_router::Router;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::client::{Client, within};

/// Where a server finds the files that tell it how to fail.
const CHILD: &str = "PLUMEGO_TEST_HANDOVER";
/// The time that a successor has, in milliseconds.
const PATIENCE: &str = "PLUMEGO_TEST_PATIENCE";

/// Certificate and key of a server that speaks TLS.
const TLS: &str = "PLUMEGO_TEST_TLS";

/// The address of it that sends plain HTTP to `https://`.
const REDIRECT: &str = "PLUMEGO_TEST_REDIRECT";

/// What makes this binary a server.
const SERVER: [&str; 3] = ["--exact", "handover::child", "--nocapture"];

/// Starts for ever when the file `hang` is there, and as long as the file `wait` is. With a pipe
/// `child` it starts a child that says on standard error what comes over the pipe.
struct Slow(PathBuf);

impl Component for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    #[expect(clippy::print_stderr, reason = "what a program may do")]
    async fn start(&self, _: StartContext) -> Result<(), Error> {
        let pipe = self.0.join("child");
        if pipe.exists() {
            let mut child = Command::new("sh");
            child.args(["-c", "read line < \"$0\"; echo \"$line\" >&2"]);
            let child = child.arg(pipe).spawn();
            tracing::info!(child = child.unwrap().id(), "started a child");
        }
        if self.0.join("hang").exists() {
            std::future::pending::<()>().await;
        }
        if self.0.join("wait").exists() {
            tracing::info!("waiting for the file to go");
        }
        while self.0.join("wait").exists() {
            tokio::task::yield_now().await;
        }
        eprintln!("process {} has started", std::process::id());
        if self.0.join("fail").exists() {
            return Err(Error::internal("the part is broken"));
        }
        Ok(())
    }
}

/// The server; nothing in the process that runs the tests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::disallowed_methods,
    reason = "how a test tells its child what it is"
)]
async fn child() -> Result<(), Error> {
    let Some(directory) = std::env::var_os(CHILD) else {
        return Ok(());
    };
    let directory = PathBuf::from(directory);
    if directory.join("crash").exists() {
        crash();
    }
    let mut config = plumego_app::ServerConfig::default();
    config.shutdown_timeout = Duration::from_secs(15);
    config.abuse_guard_enabled = false;
    let patience = std::env::var(PATIENCE).ok();
    let patience = patience.map_or(30_000, |text| text.parse().unwrap());
    config.start_timeout = Duration::from_millis(patience);
    if let Ok(files) = std::env::var(TLS) {
        let (cert, key) = files.split_once(',').unwrap();
        config.tls.enabled = true;
        config.tls.cert_files = vec![cert.into()];
        config.tls.key_files = vec![key.into()];
        config.tls.redirect_addr = std::env::var(REDIRECT).ok();
    }
    if let Ok(addr) = std::env::var("APP_ADDR") {
        config.addrs = addr.split(',').map(str::to_owned).collect();
    } else {
        config.addrs = vec!["127.0.0.1:0".to_owned()];
    }
    if directory.join("setting").exists() {
        let loader = Config::loader().environment([("APP_MAX_BODY_BYTES", "lots")]);
        loader.load()?;
    }
    if directory.join("mistake").exists() {
        config.addrs = vec!["nowhere".to_owned()];
    }
    App::builder()
        .config(config)
        .guards(|guards| guards.access_log = false)
        .log_sink(StdoutSink)
        .component(Slow(directory))
        .routes(routes)
        .build()?
        .run()
        .await
}

#[expect(
    clippy::exit,
    clippy::print_stderr,
    reason = "how a program fails early"
)]
fn crash() -> ! {
    eprintln!("no luck today");
    std::process::exit(3)
}

fn routes(router: Router) -> Router {
    router
        .get("/pid", async || std::process::id().to_string())
        .get("/exe", async || {
            inode(Path::new("/proc/self/exe")).to_string()
        })
        .get("/parent", async || {
            std::os::unix::process::parent_id().to_string()
        })
        .get("/local", async |request: Request| {
            let cx = RequestContext::get(request.extensions()).unwrap();
            format!("{:?}", cx.connection().local)
        })
        .get("/slow", async || {
            let time = Duration::from_millis(300);
            let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
            std::process::id().to_string()
        })
        .get("/hold", hold)
        .get("/events", events)
}

/// Answers when the file `hold` is gone.
#[expect(
    clippy::disallowed_methods,
    reason = "how a test tells its child what it is"
)]
async fn hold() -> String {
    let directory = PathBuf::from(std::env::var_os(CHILD).unwrap());
    tracing::info!("holding");
    while directory.join("hold").exists() {
        tokio::task::yield_now().await;
    }
    std::process::id().to_string()
}

/// A tick every 5 ms, for ever.
async fn events() -> Sse {
    Sse::produce(async |events| {
        let mut every = tokio::time::interval(Duration::from_millis(5));
        loop {
            every.tick().await;
            events.send(Event::new().data("tick")).await?;
        }
    })
}

fn inode(path: &Path) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).unwrap())
}

/// A server, its successors, and what they say.
struct Servers {
    first: Child,
    lines: Lines<BufReader<ChildStdout>>,
    seen: String,
    unread: Vec<String>,
    directory: TempDir,
    /// The process group of them all.
    group: u32,
}

impl Servers {
    fn start() -> Self {
        Self::start_with(&std::env::current_exe().unwrap(), Vec::new(), |_| {})
    }

    /// Starts this program, with these sockets.
    fn start_with(
        program: &Path,
        sockets: Vec<OwnedFd>,
        change: impl FnOnce(&mut Command),
    ) -> Self {
        Self::start_by(program, &SERVER, sockets, change)
    }

    /// Starts this program with these arguments: the server, or what starts it.
    fn start_by<A: AsRef<OsStr>>(
        program: &Path,
        arguments: &[A],
        sockets: Vec<OwnedFd>,
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env(CHILD, directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        if !sockets.is_empty() {
            command.env("LISTEN_FDS", sockets.len().to_string());
            let sockets = sockets.into_iter().zip(3..);
            let mappings = sockets.map(|(parent_fd, child_fd)| FdMapping {
                parent_fd,
                child_fd,
            });
            command.fd_mappings(mappings.collect()).unwrap();
        }
        change(&mut command);
        let mut first = command.spawn().unwrap();
        let lines = BufReader::new(first.stdout.take().unwrap()).lines();
        Self {
            group: first.id().unwrap(),
            first,
            lines,
            seen: String::new(),
            unread: Vec::new(),
            directory,
        }
    }

    /// A line that has this in it, of whichever process, in whatever order they come. Each line is
    /// found once.
    async fn line(&mut self, part: &str) -> String {
        if let Some(at) = self.unread.iter().position(|line| line.contains(part)) {
            return self.unread.remove(at);
        }
        let found = tokio::time::timeout(Duration::from_mins(1), async {
            loop {
                let line = self.lines.next_line().await.unwrap()?;
                self.seen.push_str(&line);
                self.seen.push('\n');
                if line.contains(part) {
                    return Some(line);
                }
                self.unread.push(line);
            }
        });
        let found = found.await.ok().flatten();
        found.unwrap_or_else(|| panic!("no {part:?} in\n{}", self.seen))
    }

    async fn addr(&mut self) -> SocketAddr {
        let line = self.line("listening on http").await;
        let (_, addr) = line.split_once("://").unwrap();
        addr.split_whitespace().next().unwrap().parse().unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn touch(&self, name: &str) {
        std::fs::File::create_new(self.file(name)).unwrap();
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.file(name)).unwrap();
    }

    /// The number of the process that serves now, which takes over from another.
    async fn hand_over(&mut self, process: u32) -> u32 {
        signal(process, "USR2").await;
        let line = self.line("successor is ready").await;
        number_after(&line, "process=")
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        kill_group(self.group);
    }
}

fn kill_group(leader: u32) {
    let group = format!("-{leader}");
    let _ = std::process::Command::new("kill")
        .args(["-KILL", "--", &group])
        .stderr(Stdio::null())
        .status();
}

fn number_after(line: &str, key: &str) -> u32 {
    let (_, rest) = line
        .split_once(key)
        .unwrap_or_else(|| panic!("no {key} in {line}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

async fn signal(process: u32, name: &str) {
    let process = process.to_string();
    let sent = Command::new("kill")
        .args(["-s", name, &process])
        .status()
        .await;
    assert!(sent.unwrap().success());
}

/// Waits until there is no such process.
#[expect(clippy::disallowed_methods, reason = "what the kernel tells")]
async fn gone(process: u32) {
    within(async {
        let status = PathBuf::from(format!("/proc/{process}/stat"));
        // One that has ended and that nobody has asked about is a zombie.
        while let Ok(text) = std::fs::read_to_string(&status) {
            if text
                .rsplit(')')
                .next()
                .is_some_and(|rest| rest.trim_start().starts_with('Z'))
            {
                break;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn get(addr: SocketAddr, path: &str) -> String {
    Client::connect(addr).await.get(path).await.body
}
