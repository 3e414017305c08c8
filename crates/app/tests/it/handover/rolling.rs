//! Rolling restarts under load. Every client counts what it asked and what failed; a request may be
//! sent once more when a kept connection closes before any byte of its answer, as RFC 9110 (9.2.2)
//! has it for GET. On a new connection nothing may fail.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{SERVER, Servers, get, gone, inode, signal};
use crate::client::within;

/// How many handovers the test makes. The issue asks for 20.
const HANDOVERS: usize = 20;

/// What all clients came to.
#[derive(Default)]
struct Tally {
    over: AtomicBool,
    answered: AtomicU64,
    again: AtomicU64,
    streams: AtomicU64,
}

impl Tally {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

const REQUEST: &[u8] = b"GET /pid HTTP/1.1\r\nhost: x\r\n\r\n";

/// One exchange: whether the connection is kept, or `None` when it closed before any byte of the
/// answer.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> Option<bool> {
    if stream.write_all(request).await.is_err() {
        return None;
    }
    let mut answer = Vec::new();
    loop {
        let read = stream.read_buf(&mut answer).await;
        match read {
            Ok(0) | Err(_) if answer.is_empty() => return None,
            Ok(count) if count > 0 => {}
            end => panic!("cut after {:?}: {end:?}", String::from_utf8_lossy(&answer)),
        }
        if let Some(kept) = complete(&answer) {
            return Some(kept);
        }
    }
}

/// Whether the connection is kept, once the whole answer is there.
fn complete(answer: &[u8]) -> Option<bool> {
    let text = std::str::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 200"), "{text}");
    let value = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    };
    let length: usize = value("content-length").unwrap().parse().unwrap();
    (body.len() == length).then(|| value("connection") != Some("close"))
}

async fn keep_alive(addr: SocketAddr, tally: Arc<Tally>) {
    let mut kept: Option<TcpStream> = None;
    while !tally.is_over() {
        let was_kept = kept.is_some();
        let mut stream = match kept.take() {
            Some(stream) => stream,
            None => TcpStream::connect(addr).await.expect("refused"),
        };
        let keeps = match exchange(&mut stream, REQUEST).await {
            Some(keeps) => keeps,
            None if was_kept => {
                Tally::count(&tally.again);
                stream = TcpStream::connect(addr).await.expect("refused");
                let again = exchange(&mut stream, REQUEST).await;
                again.expect("a new connection closed without an answer")
            }
            None => panic!("a new connection closed without an answer"),
        };
        Tally::count(&tally.answered);
        kept = keeps.then_some(stream);
    }
}

async fn always_new(addr: SocketAddr, tally: Arc<Tally>) {
    let request = b"GET /pid HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    while !tally.is_over() {
        let mut stream = TcpStream::connect(addr).await.expect("refused");
        let answered = exchange(&mut stream, request).await;
        answered.expect("a new connection closed without an answer");
        Tally::count(&tally.answered);
    }
}

/// One connection of HTTP/2 with three requests at a time.
async fn multiplexed(addr: SocketAddr, tally: Arc<Tally>) {
    use hyper::client::conn::http2::handshake;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    while !tally.is_over() {
        let stream = TcpStream::connect(addr).await.expect("refused");
        let shaken = handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), TokioIo::new(stream));
        let (send, connection) = shaken.await.expect("no HTTP/2");
        tokio::spawn(connection);
        let mut is_new = true;
        while !tally.is_over() && !send.is_closed() {
            let three = (0..3).map(|_| {
                let mut send = send.clone();
                tokio::spawn(async move {
                    let request = http::Request::get("http://x/pid").body(Empty::new());
                    let response = send.send_request(request.unwrap()).await?;
                    assert_eq!(response.status(), 200);
                    response.into_body().collect().await
                })
            });
            for answer in three.collect::<Vec<_>>() {
                match answer.await.unwrap() {
                    Ok(_) => Tally::count(&tally.answered),
                    // Never sent, or refused by the goodbye: it is safe to send it once more.
                    Err(error) if !is_new && is_unprocessed(&error) => Tally::count(&tally.again),
                    Err(error) => panic!("{error:?}"),
                }
            }
            is_new = false;
        }
    }
}

fn is_unprocessed(error: &hyper::Error) -> bool {
    let text = format!("{error:?}");
    error.is_canceled() || error.is_closed() || text.contains("REFUSED") || text.contains("GoAway")
}

/// Reads a stream of events to its end, and comes back. It ends with the last chunk, after a whole
/// event.
async fn listens(addr: SocketAddr, tally: Arc<Tally>) {
    while !tally.is_over() {
        let mut stream = TcpStream::connect(addr).await.expect("refused");
        let request = b"GET /events HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut all = Vec::new();
        while !all.ends_with(b"\r\n0\r\n\r\n") {
            if tally.is_over() {
                return;
            }
            let read = stream
                .read_buf(&mut all)
                .await
                .expect("the stream was reset");
            assert!(
                read > 0,
                "the stream was cut: {:?}",
                String::from_utf8_lossy(&all)
            );
        }
        let text = String::from_utf8(all).unwrap();
        let events = text.matches("data: tick\n\n").count();
        assert_eq!(
            events,
            text.matches("data").count(),
            "a whole event at the end"
        );
        Tally::count(&tally.streams);
    }
}

fn load(addr: SocketAddr) -> (Arc<Tally>, JoinSet<()>) {
    let tally = Arc::new(Tally::default());
    let mut clients = JoinSet::new();
    for _ in 0..4 {
        clients.spawn(keep_alive(addr, tally.clone()));
        clients.spawn(always_new(addr, tally.clone()));
    }
    for _ in 0..2 {
        clients.spawn(multiplexed(addr, tally.clone()));
        clients.spawn(listens(addr, tally.clone()));
    }
    (tally, clients)
}

/// Ends the load; a client that has seen a failure has panicked.
async fn unload(tally: &Tally, mut clients: JoinSet<()>) {
    tally.over.store(true, Ordering::Relaxed);
    while let Some(client) = within(clients.join_next()).await {
        client.expect("a client failed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_handovers_under_load_fail_no_request_and_cut_no_stream() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("server");
    let this = std::env::current_exe().unwrap();
    std::fs::copy(&this, &program).unwrap();
    let mut servers = Servers::start_with(&program, Vec::new(), |_| {});
    let addr = servers.addr().await;
    let (tally, clients) = load(addr);
    let mut process = servers.group;
    for round in 0..HANDOVERS {
        let answered = tally.answered.load(Ordering::Relaxed);
        if round % 7 == 3 {
            // A new version.
            let new = directory.path().join("new");
            std::fs::copy(&this, &new).unwrap();
            std::fs::rename(&new, &program).unwrap();
        }
        if round % 7 == 5 {
            // A version that does not work: it loses nothing.
            servers.touch("crash");
            signal(process, "USR2").await;
            servers.line("handover failed").await;
            servers.remove("crash");
        }
        process = servers.hand_over(process).await;
        // Each of them serves before it goes.
        within(async {
            while tally.answered.load(Ordering::Relaxed) < answered + 20 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    assert_eq!(get(addr, "/exe").await, inode(&program).to_string());
    unload(&tally, clients).await;
    assert!(
        tally.streams.load(Ordering::Relaxed) >= 20,
        "{}",
        servers.seen
    );
    signal(process, "TERM").await;
    gone(process).await;
    assert!(!servers.seen.contains("not cleanly"), "{}", servers.seen);
    println!(
        "{HANDOVERS} handovers: {} requests answered, {} sent again, {} streams ended well",
        tally.answered.load(Ordering::Relaxed),
        tally.again.load(Ordering::Relaxed),
        tally.streams.load(Ordering::Relaxed),
    );
}

/// A parent that owns the socket starts the next server, waits until it says that it is ready, and
/// tells the one before to end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parent_that_owns_the_socket_restarts_by_sigterm_without_a_failed_request() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let mut servers = supervised(&listener).await;
    let (tally, clients) = load(addr);
    for _ in 0..5 {
        let next = supervised(&listener).await;
        signal(servers.group, "TERM").await;
        let status = within(servers.first.wait()).await.unwrap();
        assert_eq!(status.code(), Some(0), "{}", servers.seen);
        servers = next;
    }
    unload(&tally, clients).await;
}

/// A server on this socket that has said it is ready.
async fn supervised(listener: &std::net::TcpListener) -> Servers {
    let (reader, writer) = std::io::pipe().unwrap();
    let sockets: Vec<OwnedFd> = vec![listener.try_clone().unwrap().into(), writer.into()];
    let this = std::env::current_exe().unwrap();
    let servers = Servers::start_by(Path::new(&this), &SERVER, sockets, |command| {
        command.env("LISTEN_FDS", "1").env("READY_FD", "4");
    });
    let mut reader = tokio::net::unix::pipe::Receiver::from_owned_fd(reader.into()).unwrap();
    let mut said = [0; 8];
    within(reader.read_exact(&mut said)).await.unwrap();
    assert_eq!(&said, b"READY=1\n");
    servers
}
