//! Sockets that a parent passes on.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::Stdio;

use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::Command;

use super::{Servers, get, gone, signal};
use crate::client::within;

fn this() -> std::path::PathBuf {
    std::env::current_exe().unwrap()
}

#[tokio::test]
async fn inherited_sockets_of_both_kinds_come_before_every_address() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.sock");
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let second = TcpListener::bind("[::1]:0").or_else(|_| TcpListener::bind("127.0.0.1:0"));
    let second = second.unwrap();
    let unix = UnixListener::bind(&path).unwrap();
    let addrs = [first.local_addr().unwrap(), second.local_addr().unwrap()];
    // The configured address is taken: binding it would fail.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_addr = taken.local_addr().unwrap().to_string();
    let sockets: Vec<OwnedFd> = vec![first.into(), second.into(), unix.into()];
    let mut servers = Servers::start_with(&this(), sockets, |command| {
        command.env("APP_ADDR", taken_addr);
    });
    let line = servers.line("listening on inherited sockets").await;
    assert!(
        line.contains("sockets=3") && line.contains("LISTEN_FDS"),
        "{line}"
    );
    servers.line(&format!("unix:{}", path.display())).await;
    for addr in addrs {
        let local = get(addr, "/local").await;
        assert_eq!(local, format!("Some({addr})"));
    }
    let mut client = UnixStream::connect(&path).await.unwrap();
    let request = b"GET /pid HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    client.write_all(request).await.unwrap();
    let mut answer = String::new();
    within(client.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.ends_with(&servers.group.to_string()), "{answer}");
    signal(servers.group, "TERM").await;
    within(servers.first.wait()).await.unwrap();
    // Whoever bound it takes it away.
    assert!(path.exists());
}

/// A start that fails, and what it says.
async fn fails(socket: OwnedFd, change: impl FnOnce(&mut Command)) -> String {
    let (mut errors, writer) = std::io::pipe().unwrap();
    let mut servers = Servers::start_with(&this(), vec![socket], |command| {
        command.stderr(Stdio::null()).stdout(Stdio::piped());
        change(command);
        command.stderr(writer);
    });
    let status = within(servers.first.wait()).await.unwrap();
    assert!(!status.success());
    let read = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).unwrap();
        text
    });
    let mut text = within(read).await.unwrap();
    let mut rest = String::new();
    servers
        .lines
        .get_mut()
        .read_to_string(&mut rest)
        .await
        .unwrap();
    text.push_str(&rest);
    text
}

#[tokio::test]
async fn what_is_no_listening_socket_is_an_error_that_says_which_and_what() {
    let directory = tempfile::tempdir().unwrap();
    let datagrams = UnixDatagram::bind(directory.path().join("log")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let accepted = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (pipe, _writer) = std::io::pipe().unwrap();
    let bound = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
    bound.bind(&anywhere.into()).unwrap();
    let cases: [(OwnedFd, &str); 5] = [
        (
            UdpSocket::bind("127.0.0.1:0").unwrap().into(),
            "is a UDP socket",
        ),
        (datagrams.into(), "is a Unix datagram socket"),
        (accepted.into(), "is a TCP connection"),
        (bound.into(), "is a TCP socket that does not listen"),
        (pipe.into(), "is no socket"),
    ];
    for (socket, what) in cases {
        let text = fails(socket, |_| {}).await;
        assert!(text.contains("inherited descriptor 3"), "{text}");
        assert!(
            text.contains(what) && text.contains("that listens"),
            "{text}"
        );
    }
    for count in ["65", "-1", "three"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let text = fails(listener.into(), |command| {
            command.env("LISTEN_FDS", count);
        })
        .await;
        assert!(
            text.contains("LISTEN_FDS") && text.contains("0 to 64"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn sockets_of_another_process_are_not_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let theirs = listener.local_addr().unwrap();
    let mut servers = Servers::start_with(&this(), vec![listener.into()], |command| {
        command.env("LISTEN_PID", "1");
    });
    let ours = servers.addr().await;
    assert_ne!(ours, theirs);
    assert_eq!(get(ours, "/pid").await, servers.group.to_string());
    assert!(!servers.seen.contains("inherited"), "{}", servers.seen);
    signal(servers.group, "TERM").await;
    gone(servers.group).await;
}

#[tokio::test]
async fn process_number_that_is_none_is_told_and_the_sockets_are_not_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let theirs = listener.local_addr().unwrap();
    let mut servers = Servers::start_with(&this(), vec![listener.into()], |command| {
        command.env("LISTEN_PID", "me");
    });
    let line = servers.line("LISTEN_PID").await;
    assert!(line.contains("WARN") && line.contains("me"), "{line}");
    assert!(line.contains(&servers.group.to_string()), "{line}");
    assert_ne!(servers.addr().await, theirs);
}

/// A foreign supervisor: it is skipped where systemd is not installed.
#[tokio::test]
async fn systemd_activates_the_service_by_its_socket() {
    let there = Command::new("systemd-socket-activate")
        .arg("--version")
        .output()
        .await;
    if !there.is_ok_and(|output| output.status.success()) {
        skipped("systemd-socket-activate");
        return;
    }
    // A port that is free now; the tool takes no port 0.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let (addr_text, server) = (addr.to_string(), this());
    let mut arguments = vec![
        "-l",
        &addr_text,
        "-E",
        super::CHILD,
        server.to_str().unwrap(),
    ];
    arguments.extend(super::SERVER);
    let tool = std::path::Path::new("systemd-socket-activate");
    let mut servers = Servers::start_by(tool, &arguments, Vec::new(), |_| {});
    // The first connection starts it.
    let answer = within(async {
        loop {
            if let Ok(client) = tokio::net::TcpStream::connect(addr).await {
                return crate::client::Client(client).get("/pid").await.body;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(
        answer,
        servers.group.to_string(),
        "the tool became the server"
    );
    servers.line("listening on inherited sockets").await;
    signal(servers.group, "TERM").await;
    let status = within(servers.first.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", servers.seen);
}

#[expect(clippy::print_stderr, reason = "told to whoever runs the tests")]
#[expect(clippy::disallowed_methods, reason = "how CI asks for every test")]
fn skipped(program: &str) {
    let required = std::env::var_os("PLUMEGO_REQUIRE_SERVERS").is_some();
    assert!(!required, "{program} is not installed");
    eprintln!("skipped: {program} is not installed");
}
