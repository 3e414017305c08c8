//! SIGHUP, sent to a process of its own: this very binary, told by a variable to be a server.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use plumego_app::{App, Config};
use plumego_contract::Error;
use plumego_observe::log::StdoutSink;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::Text;
use super::settings::Settings;
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
    pub addr: SocketAddr,
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
            addr: (Ipv4Addr::LOCALHOST, 0).into(),
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
        self.addr = addr.parse().unwrap();
        Client::connect(self.addr).await
    }

    pub async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(sent.unwrap().success());
    }

    /// Sets how many files the process may have open, and answers how many it might before.
    #[cfg(target_os = "linux")]
    pub fn limit_open_files(&self, most: Option<u64>) -> Option<u64> {
        use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let process = id.and_then(Pid::from_raw);
        let maximum = getrlimit(Resource::Nofile).maximum;
        let new = Rlimit {
            current: most,
            maximum,
        };
        prlimit(process, Resource::Nofile, new).unwrap().current
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

#[cfg(feature = "tls")]
mod certificates {
    use std::sync::Arc;

    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, pki_types::CertificateDer};
    use tokio::net::TcpStream;
    use tokio_rustls::TlsConnector;

    use super::*;
    use crate::slow::secret::{ask, trusting};
    use crate::tls::authority::Authority;

    const PAIR: &str = "PLUMEGO_TEST_RELOAD_PAIR";

    /// A server with HTTPS; nothing in the process that runs the tests.
    #[tokio::test]
    async fn child() -> Result<(), Error> {
        let Some(place) = std::env::var_os(PAIR).map(PathBuf::from) else {
            return Ok(());
        };
        let mut config = plumego_app::ServerConfig::default();
        crate::slow::secret::enable(&mut config, &place);
        App::builder()
            .config(config)
            .addr("127.0.0.1:0")
            .log_sink(StdoutSink)
            .routes(|r| r.get("/ping", async || "pong"))
            .build()?
            .run()
            .await
    }

    /// The certificate that a client gets.
    async fn shown(config: Arc<ClientConfig>, addr: SocketAddr) -> CertificateDer<'static> {
        let stream = TcpStream::connect(addr).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(config).connect(name, stream).await;
        let stream = stream.unwrap();
        let chain = stream.get_ref().1.peer_certificates().unwrap();
        chain.first().unwrap().clone()
    }

    #[tokio::test]
    async fn hang_up_brings_new_certificates() {
        let authority = Authority::new("test");
        let renew = || authority.write("server", &authority.server(&["localhost"]));
        let (_, key) = renew();
        let test = "reload::process::certificates::child";
        let mut server = Process::start(test, |command| {
            command.env(PAIR, authority.dir());
        });
        let line = server.line("listening on").await;
        let (_, addr) = line.split_once("https://").unwrap();
        let addr = addr.split_whitespace().next().unwrap().parse().unwrap();
        let config = trusting(&authority.pem());
        let first = shown(config.clone(), addr).await;

        renew();
        server.signal("HUP").await;
        let line = server.line("reloaded").await;
        assert!(line.contains("trigger=\"signal\""), "{line}");
        let second = shown(config.clone(), addr).await;
        assert_ne!(first, second);

        // Half of a pair changes nothing, and the log says which file it is.
        std::fs::write(&key, &authority.server(&["localhost"]).key).unwrap();
        server.signal("HUP").await;
        let line = server.line("not reloaded").await;
        assert!(line.contains("server.key"), "{line}");
        assert_eq!(shown(config.clone(), addr).await, second);
        assert_eq!(ask(config, addr, "/ping").await, "pong");
        server.signal("TERM").await;
        assert_eq!(server.status().await, Some(0), "{}", server.seen);
    }

    /// Nobody changes a file once more because the process could not open it.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_no_descriptor_was_left_for_is_read_later_by_itself() {
        let authority = Authority::new("test");
        authority.write("server", &authority.server(&["localhost"]));
        let test = "reload::process::certificates::child";
        let mut server = Process::start(test, |command| {
            command.env(PAIR, authority.dir());
        });
        server.line("listening on").await;
        let before = server.limit_open_files(Some(3));
        server.signal("HUP").await;
        let line = server.line("not reloaded").await;
        assert!(line.contains("Too many open files"), "{line}");
        assert!(line.contains("again=\"after 1s, later every"), "{line}");
        server.limit_open_files(before);
        let line = server.line("reloaded, nothing has changed").await;
        let again = "source=\"tls\" trigger=\"again\"";
        assert!(line.contains("INFO") && line.contains(again), "{line}");

        // What is wrong in the file itself is for somebody to mend.
        std::fs::write(authority.dir().join("server.pem"), "nonsense").unwrap();
        server.signal("HUP").await;
        let line = server.line("not reloaded").await;
        assert!(!line.contains("again="), "{line}");
        server.signal("TERM").await;
        assert_eq!(server.status().await, Some(0), "{}", server.seen);
    }
}

const PLACE: &str = "PLUMEGO_TEST_RELOAD_SETTINGS";
const FLAGS: &str = "PLUMEGO_TEST_RELOAD_FLAGS";

/// A server with settings; nothing in the process that runs the tests.
#[tokio::test]
async fn child_with_settings() -> Result<(), Error> {
    let Some(place) = std::env::var_os(PLACE) else {
        return Ok(());
    };
    let flags = std::env::var(FLAGS).unwrap();
    let args = std::iter::once("child").chain(flags.split_whitespace());
    let loader = Config::of::<Settings>()
        .directory(place)
        .validate(|settings, report| {
            if settings.greeting.len() > 20 {
                report.problem("greeting", "at most 20 letters");
            }
        });
    let Some(config) = loader.from_args(args)? else {
        return Ok(());
    };
    let live = config.live();
    App::builder()
        .config(&config)
        .log_sink(StdoutSink)
        .routes(|r| {
            r.get("/greeting", async move || {
                tracing::debug!("somebody greets");
                live.current().greeting.clone()
            })
        })
        .build()?
        .run()
        .await
}

// acceptance 21.1 (43), 21.2 (25)
#[tokio::test]
async fn hang_up_reads_every_layer_again_with_their_precedence() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let next = directory.path().join("next");
        std::fs::write(&next, text).unwrap();
        std::fs::rename(next, directory.path().join(name)).unwrap();
    };
    write(
        ".env",
        "APP_GREETING=first\nAPP_IDLE_TIMEOUT_MS=1h\nAPP_ADDR=127.0.0.1:1",
    );
    let mut server = Process::start("reload::process::child_with_settings", |command| {
        command
            .env(PLACE, directory.path())
            .env(FLAGS, "--addr=127.0.0.1:0 --read-timeout=7s")
            .env("APP_WRITE_TIMEOUT_MS", "8s");
    });
    let mut client = server.connect().await;
    assert_eq!(client.get("/greeting").await.body, "first");

    // Flags and the environment of the process keep the first word; TOML has the last.
    write(
        ".env",
        "APP_GREETING=second\nAPP_READ_TIMEOUT_MS=1\nAPP_WRITE_TIMEOUT_MS=1\nAPP_LOG_LEVEL=debug",
    );
    write(
        "plumego.toml",
        "greeting = 'third'\n[server]\nmax_header_bytes = '64KiB'",
    );
    server.signal("HUP").await;
    let line = server.line("reloaded source=\"config\"").await;
    assert!(line.contains("WARN"), "{line}");
    for part in [
        "server.idle_timeout: 1h → 1m (default)",
        "server.log_level:",
        "(.env line 4, APP_LOG_LEVEL)",
        "greeting:",
        "(.env line 1, APP_GREETING)",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    for part in ["read_timeout", "write_timeout", "server.addr", "third"] {
        assert!(!line.contains(part), "{part} in {line}");
    }
    let (_, restart) = line.split_once("needs_restart=").unwrap();
    assert!(
        restart.contains("server.max_header_bytes: 1048576 → 65536"),
        "{line}"
    );
    assert_eq!(client.get("/greeting").await.body, "second");
    // The level of the log has changed.
    server.line("somebody greets").await;

    drop(client);
    refuses_and_forgets(server, &write, directory.path()).await;
}

/// A file that is not there may be left out; one that could not be opened is not.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn settings_that_no_descriptor_was_left_for_are_read_later_by_themselves() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("plumego.toml");
    std::fs::write(&file, "greeting = 'first'").unwrap();
    let mut server = Process::start("reload::process::child_with_settings", |command| {
        command
            .env(PLACE, directory.path())
            .env(FLAGS, "--addr=127.0.0.1:0");
    });
    let mut client = server.connect().await;
    assert_eq!(client.get("/greeting").await.body, "first");

    let before = server.limit_open_files(Some(3));
    std::fs::write(&file, "greeting = 'second'").unwrap();
    server.signal("HUP").await;
    let line = server.line("not reloaded").await;
    assert!(line.contains("Too many open files"), "{line}");
    assert_eq!(client.get("/greeting").await.body, "first");
    server.limit_open_files(before);
    let line = server.line("reloaded source=\"config\"").await;
    assert!(line.contains("trigger=\"again\""), "{line}");
    assert_eq!(client.get("/greeting").await.body, "second");
    server.signal("TERM").await;
    assert_eq!(server.status().await, Some(0), "{}", server.seen);
}

/// Wrong: nothing changes, and the line says what and where, also what the program asks.
async fn refuses_and_forgets(mut server: Process, write: &dyn Fn(&str, &str), place: &Path) {
    let mut client = Client::connect(server.addr).await;
    for (text, problem) in [
        (
            "APP_GREETING=fourth\nAPP_IDLE_TIMEOUT_MS=never",
            "(.env line 2, APP_IDLE_TIMEOUT_MS)",
        ),
        (
            "APP_GREETING=much_too_long_a_greeting",
            "expected at most 20 letters",
        ),
    ] {
        write(".env", text);
        server.signal("HUP").await;
        let line = server.line("not reloaded").await;
        assert!(line.contains("ERROR") && line.contains(problem), "{line}");
        assert_eq!(client.get("/greeting").await.body, "second");
    }
    std::fs::remove_file(place.join(".env")).unwrap();
    server.signal("HUP").await;
    server.line("reloaded source=\"config\"").await;
    assert_eq!(client.get("/greeting").await.body, "third");
    server.signal("TERM").await;
    assert_eq!(server.status().await, Some(0), "{}", server.seen);
}
