//! The eight lines do what the README says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ADDR: &str = "127.0.0.1:8080";

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for the port: it opens when everything has started.
fn connect(server: &mut Server) -> TcpStream {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Ok(socket) = TcpStream::connect(ADDR) {
            return socket;
        }
        assert!(Instant::now() < end, "{ADDR} does not open");
        assert!(
            server.0.try_wait().unwrap().is_none(),
            "hello ended by itself"
        );
        std::thread::yield_now();
    }
}

#[test]
fn it_answers_and_drains_on_sigterm() {
    if TcpListener::bind(ADDR).is_err() {
        assert!(
            std::env::var_os("PLUMEGO_REQUIRE_SERVERS").is_none(),
            "{ADDR} is taken, and a skip is a failure here"
        );
        println!("skipped: {ADDR} is taken by another program");
        return;
    }
    let hello = env!("CARGO_BIN_EXE_hello");
    let child = Command::new(hello)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut server = Server(child);
    let mut socket = connect(&mut server);
    socket
        .write_all(b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\npong"),
        "{answer}"
    );

    let pid = server.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert!(
        server.0.wait().unwrap().success(),
        "a clean drain exits with 0"
    );
}
