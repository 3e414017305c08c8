//! One handover at a time.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use plumego_observe::log::CaptureSink;
use tokio::net::{UnixDatagram, UnixStream};

use super::{CHILD, PATIENCE, Servers, get, gone, inode, number_after, signal};
use crate::client::{Client, app, start, stop, within};

#[tokio::test]
async fn successor_serves_and_what_was_open_is_answered_by_the_old_process() {
    let mut servers = Servers::start();
    let addr = servers.addr().await;
    let old = servers.group;
    assert_eq!(get(addr, "/pid").await, old.to_string());
    let mut open = Client::connect(addr).await;
    open.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let new = servers.hand_over(old).await;
    assert_ne!(new, old);
    let answer = open.answer().await;
    assert_eq!(answer.body, old.to_string());
    assert_eq!(answer.header("connection"), Some("close"));
    let status = within(servers.first.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", servers.seen);
    assert_eq!(get(addr, "/pid").await, new.to_string());
    servers.line("listening on inherited sockets").await;
    // The successor can be followed as well, and ended like any other.
    let newer = servers.hand_over(new).await;
    gone(new).await;
    assert_eq!(get(addr, "/pid").await, newer.to_string());
    signal(newer, "TERM").await;
    gone(newer).await;
    within(async { while tokio::net::TcpStream::connect(addr).await.is_ok() {} }).await;
}

/// A file that is the standard error of a server and of its successors.
struct Errors(tempfile::NamedTempFile);

#[expect(clippy::disallowed_methods, reason = "a file of the test")]
impl Errors {
    fn new() -> (Self, std::fs::File) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let of_server = std::fs::File::options().append(true).open(file.path());
        (Self(file), of_server.unwrap())
    }

    /// Waits until this has been written.
    async fn have(&self, words: &str) {
        within(async {
            while !std::fs::read_to_string(self.0.path())
                .unwrap()
                .contains(words)
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// What the descriptors of a process lead to.
fn descriptors(process: u32) -> Vec<(u32, String)> {
    let directory = format!("/proc/{process}/fd");
    let mut found: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let target = std::fs::read_link(entry.path()).ok()?;
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, target.to_string_lossy().into_owned()))
        })
        .collect();
    found.sort();
    found
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn successor_has_the_listening_sockets_and_nothing_else_of_the_old_process() {
    let mut servers = Servers::start();
    let addr = servers.addr().await;
    let old = servers.group;
    // Connections, and a stream, that must not be kept open by a stranger.
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = Client::connect(addr).await;
        client.get("/pid").await;
        clients.push(client);
    }
    let mut stream = Client::connect(addr).await;
    stream.send("GET /events HTTP/1.1\r\nhost: x\r\n\r\n").await;
    stream.read_until("tick").await;
    let before = descriptors(old);
    let new = servers.hand_over(old).await;
    assert_eq!(get(addr, "/pid").await, new.to_string());
    let had = |at: &str| before.iter().any(|(_, had)| had == at);
    // It closes the pipe after it has said that it is ready.
    let after = within(async {
        loop {
            let after = descriptors(new);
            let mut beyond = after.iter().filter(|(number, _)| *number > 2);
            if !beyond.any(|(_, at)| at.starts_with("pipe:") && !had(at)) {
                return after;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(after[0], (0, "/dev/null".to_owned()));
    let beyond = after.iter().filter(|(number, _)| *number > 2);
    let sockets = beyond.filter(|(_, at)| at.starts_with("socket:") && had(at));
    let shared: BTreeSet<&str> = sockets.map(|(_, at)| at.as_str()).collect();
    assert_eq!(
        shared.len(),
        1,
        "the listening socket: {after:?} of {before:?}"
    );
    // Standard error is that of the old process, which was /dev/null.
    assert!(after.contains(&(2, "/dev/null".to_owned())), "{after:?}");
    drop(clients);
}

#[tokio::test]
async fn file_that_was_replaced_is_the_new_version() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("server");
    let this = std::env::current_exe().unwrap();
    std::fs::copy(&this, &program).unwrap();
    let mut servers = Servers::start_with(&program, Vec::new(), |_| {});
    let addr = servers.addr().await;
    assert_eq!(get(addr, "/exe").await, inode(&program).to_string());
    let version = directory.path().join("server.new");
    std::fs::copy(&this, &version).unwrap();
    let inode_of_new = inode(&version);
    std::fs::rename(&version, &program).unwrap();
    let new = servers.hand_over(servers.group).await;
    gone(servers.group).await;
    assert_eq!(get(addr, "/exe").await, inode_of_new.to_string());
    // What is no program changes nothing.
    std::fs::remove_file(&program).unwrap();
    signal(new, "USR2").await;
    let line = servers.line("handover failed").await;
    assert!(line.contains("cannot be started"), "{line}");
    assert_eq!(get(addr, "/pid").await, new.to_string());
}

#[tokio::test]
async fn successor_that_fails_changes_nothing_and_its_reason_is_told() {
    let (errors, file) = Errors::new();
    let mut servers = Servers::start_with(&std::env::current_exe().unwrap(), Vec::new(), |c| {
        c.env(PATIENCE, "1500").stderr(file);
    });
    let addr = servers.addr().await;
    let old = servers.group;
    let mut kept = Client::connect(addr).await;
    for (file, words) in [
        ("crash", &["exit status: 3"][..]),
        ("setting", &["last words", "server.max_body_bytes", "lots"]),
        ("mistake", &["exit status: 101", "last words", "nowhere"]),
        ("fail", &["exit status: 101", "the part is broken"]),
        ("hang", &["not ready within 1.5s", "killed"]),
    ] {
        servers.touch(file);
        signal(old, "USR2").await;
        let line = servers.line("handover failed").await;
        for word in words {
            assert!(line.contains(word), "no {word:?} in {line}");
        }
        servers.remove(file);
        // The same connection, and a new one.
        assert_eq!(kept.get("/pid").await.body, old.to_string());
        assert_eq!(get(addr, "/pid").await, old.to_string());
        let successor = number_after(&line, "reason=\"process ");
        gone(successor).await;
    }
    // What it wrote itself is where the old process writes.
    errors.have("no luck today").await;
    // And then it works.
    let new = servers.hand_over(old).await;
    gone(old).await;
    assert_eq!(get(addr, "/pid").await, new.to_string());
}

/// The child of a process.
#[expect(clippy::disallowed_methods, reason = "what the kernel tells")]
async fn successor_of(process: u32) -> u32 {
    within(async {
        loop {
            for thread in std::fs::read_dir(format!("/proc/{process}/task")).unwrap() {
                let path = thread.unwrap().path().join("children");
                let text = std::fs::read_to_string(path).unwrap_or_default();
                if let Some(child) = text.split_whitespace().next() {
                    return child.parse().unwrap();
                }
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn killed_successor_one_at_a_time_and_the_death_of_the_old_process_midway() {
    let mut servers = Servers::start();
    let addr = servers.addr().await;
    let old = servers.group;
    servers.touch("hang");
    signal(old, "USR2").await;
    let successor = successor_of(old).await;
    // A second one is refused while the first one starts.
    signal(old, "USR2").await;
    let line = servers.line("no handover begins").await;
    assert!(
        line.contains("running already") && line.contains("WARN"),
        "{line}"
    );
    assert_eq!(get(addr, "/pid").await, old.to_string());
    signal(successor, "KILL").await;
    let line = servers.line("handover failed").await;
    assert!(line.contains("signal: 9"), "{line}");
    assert_eq!(get(addr, "/pid").await, old.to_string());

    // Told to stop meanwhile: the successor goes with it.
    signal(old, "USR2").await;
    let successor = successor_of(old).await;
    signal(old, "TERM").await;
    let line = servers.line("handover was given up").await;
    assert!(line.contains("told to stop"), "{line}");
    assert!(!line.contains("goes on serving"), "{line}");
    gone(successor).await;
    let status = within(servers.first.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", servers.seen);

    // Killed meanwhile: the successor has the sockets, and serves when it can. What it writes to
    // standard error before it is ready goes where the old process wrote.
    let (errors, file) = Errors::new();
    let mut servers = Servers::start_with(&std::env::current_exe().unwrap(), Vec::new(), |c| {
        c.stderr(file);
    });
    let addr = servers.addr().await;
    servers.touch("wait");
    signal(servers.group, "USR2").await;
    let successor = successor_of(servers.group).await;
    servers.line("waiting for the file").await;
    signal(servers.group, "KILL").await;
    gone(servers.group).await;
    // Nobody accepts now, and nobody is refused.
    let mut waiting = Client::connect(addr).await;
    waiting.send("GET /pid HTTP/1.1\r\nhost: x\r\n\r\n").await;
    servers.remove("wait");
    assert_eq!(waiting.answer().await.body, successor.to_string());
    let words = format!("process {successor} has started");
    errors.have(&words).await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a pipe of the test")]
async fn child_of_a_successor_writes_errors_after_the_old_process_has_gone() {
    let (errors, file) = Errors::new();
    let mut servers = Servers::start_with(&std::env::current_exe().unwrap(), Vec::new(), |c| {
        c.stderr(file);
    });
    servers.addr().await;
    let pipe = servers.file("child");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    // The child is started before the successor is ready.
    servers.hand_over(servers.group).await;
    servers.line("started a child").await;
    gone(servers.group).await;
    let told = tokio::task::spawn_blocking(move || std::fs::write(pipe, "here I am\n"));
    within(told).await.unwrap().unwrap();
    errors.have("here I am").await;
}

#[tokio::test]
async fn process_that_drains_says_that_it_stops_when_it_is_asked_to_hand_over() {
    let mut servers = Servers::start();
    let addr = servers.addr().await;
    servers.touch("hold");
    let mut held = Client::connect(addr).await;
    held.send("GET /hold HTTP/1.1\r\nhost: x\r\n\r\n").await;
    servers.line("holding").await;
    servers.touch("wait");
    signal(servers.group, "USR2").await;
    let successor = successor_of(servers.group).await;
    servers.line("waiting for the file").await;
    servers.remove("wait");
    servers.line("successor is ready").await;
    signal(servers.group, "USR2").await;
    let line = servers.line("no handover begins").await;
    assert!(line.contains("stops already"), "{line}");
    servers.remove("hold");
    assert_eq!(held.answer().await.body, servers.group.to_string());
    gone(servers.group).await;
    assert_eq!(get(addr, "/pid").await, successor.to_string());
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a file of the test")]
async fn process_that_starts_says_that_it_does_not_serve_yet_when_it_is_asked_to_hand_over() {
    let program = std::env::current_exe().unwrap();
    let mut servers = Servers::start_with(&program, Vec::new(), |command| {
        let mut variables = command.as_std().get_envs();
        let (_, place) = variables.find(|(name, _)| *name == CHILD).unwrap();
        std::fs::File::create(PathBuf::from(place.unwrap()).join("wait")).unwrap();
    });
    servers.line("waiting for the file").await;
    signal(servers.group, "USR2").await;
    let line = servers.line("no handover begins").await;
    assert!(line.contains("does not serve yet"), "{line}");
    assert!(!servers.seen.contains("ERROR"), "{}", servers.seen);
    servers.remove("wait");
    let addr = servers.addr().await;
    assert_eq!(get(addr, "/pid").await, servers.group.to_string());
}

#[tokio::test]
async fn unix_socket_is_handed_over_with_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.sock");
    let addr = format!("unix:{},127.0.0.1:0", path.display());
    let mut servers = Servers::start_with(&std::env::current_exe().unwrap(), Vec::new(), |c| {
        c.env("APP_ADDR", addr);
    });
    let tcp = servers.addr().await;
    let made = inode(&path);
    let new = servers.hand_over(servers.group).await;
    gone(servers.group).await;
    assert_eq!(inode(&path), made, "the same file");
    assert_eq!(get(tcp, "/pid").await, new.to_string());
    UnixStream::connect(&path).await.unwrap();
    // It belongs to the successor now, which takes it away in the end.
    signal(new, "TERM").await;
    gone(new).await;
    assert!(!path.exists());
}

/// What a service manager is told, one message after the other.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
    _directory: tempfile::TempDir,
}

impl Manager {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        Self {
            socket: UnixDatagram::bind(&path).unwrap(),
            path,
            _directory: directory,
        }
    }

    async fn next(&self) -> String {
        let mut message = [0; 256];
        let length = within(self.socket.recv(&mut message)).await.unwrap();
        String::from_utf8_lossy(&message[..length])
            .trim()
            .to_owned()
    }
}

#[tokio::test]
async fn service_manager_is_told_of_readiness_the_new_main_process_and_the_end() {
    let manager = Manager::new();
    let mut servers = Servers::start_with(&std::env::current_exe().unwrap(), Vec::new(), |c| {
        c.env("NOTIFY_SOCKET", &manager.path);
    });
    assert_eq!(manager.next().await, "READY=1");
    servers.addr().await;
    let new = servers.hand_over(servers.group).await;
    assert_eq!(manager.next().await, "READY=1");
    assert_eq!(manager.next().await, format!("MAINPID={new}"));
    gone(servers.group).await;
    signal(new, "TERM").await;
    // The old one did not say that the service stops.
    assert_eq!(manager.next().await, "STOPPING=1");
    gone(new).await;
}

#[tokio::test]
async fn probe_on_a_connection_of_before_does_not_take_the_service_out() {
    let mut servers = Servers::start();
    let addr = servers.addr().await;
    let old = servers.group;
    let mut probe = Client::connect(addr).await;
    probe.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut half = Client::connect(addr).await;
    assert_eq!(half.get("/health/ready").await.status(), 200);
    half.send("GET /health/ready HTTP/1.1\r\n").await;
    let began = Instant::now();
    servers.hand_over(old).await;
    half.send("host: x\r\n\r\n").await;
    // Unless the machine was so slow that the head was given up.
    if began.elapsed() < Duration::from_millis(400) {
        assert_eq!(half.answer().await.status(), 200);
    }
    assert_eq!(probe.answer().await.body, old.to_string());
}

/// Without a process of its own there is nothing to start once more.
#[tokio::test]
async fn application_that_cannot_be_handed_over_says_why_and_serves_on() {
    let (running, addr) = start(app().routes(|r| r.get("/", async || "here"))).await;
    let error = running.handle().hand_over().await.unwrap_err();
    assert_eq!(
        (error.status().as_u16(), error.code()),
        (503, "handover_failed")
    );
    assert!(error.to_string().contains("App::run"), "{error}");
    assert_eq!(get(addr, "/").await, "here");
    stop(running).await;

    let own = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let app = plumego_app::App::builder().listener(own).inherit_sockets();
    let (running, _) = start(app.log_sink(CaptureSink::default())).await;
    let error = running.handle().hand_over().await.unwrap_err();
    assert!(
        error.to_string().contains("came from the program"),
        "{error}"
    );
    stop(running).await;
}
