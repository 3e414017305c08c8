use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Instant;

use plumego_app::App;
use plumego_contract::Connection;
use plumego_contract::RequestContext;
use plumego_observe::log::CaptureSink;
use tokio::sync::Notify;

use crate::client::{Client, app, start, stop};

// acceptance 21.2 (7)
#[tokio::test]
async fn address_in_use_is_an_error_at_once_that_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let began = Instant::now();
    let error = app()
        .addr(&*addr)
        .build()
        .unwrap()
        .start()
        .await
        .unwrap_err();
    assert!(began.elapsed().as_millis() < 100, "{:?}", began.elapsed());
    assert_eq!(error.code(), "listen_failed");
    let text = error.to_string();
    assert!(text.contains(&addr) && text.contains("in use"), "{text}");
}

/// TEST-NET-1 (RFC 5737) is nobody's.
#[tokio::test]
async fn address_of_another_machine_is_an_error_that_says_so() {
    let app = app().addr("192.0.2.1:8080").build().unwrap();
    let text = app.start().await.unwrap_err().to_string();
    for part in [
        "192.0.2.1:8080",
        "not an address of this machine",
        "`:port`",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

/// The second one was told to be in use.
#[test]
fn address_that_is_twice_in_the_list_is_a_problem_that_names_it() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = free.local_addr().unwrap().to_string();
    let app = app().addr(&*addr).listen(&*addr).listen("127.0.0.1:0");
    let text = app.listen("127.0.0.1:0").build().unwrap_err().to_string();
    assert!(text.starts_with("1 problem"), "{text}");
    assert!(text.contains(&format!("{addr} is twice")), "{text}");
}

#[tokio::test]
async fn second_address_in_use_frees_the_first() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let first = free.local_addr().unwrap();
    drop(free);
    let app = app()
        .addr(first.to_string())
        .listen(taken.local_addr().unwrap().to_string());
    app.build().unwrap().start().await.unwrap_err();
    std::net::TcpListener::bind(first).unwrap();
}

#[test]
fn malformed_address_is_a_problem_that_names_it() {
    for addr in ["127.0.0.1", ":http", ":70000", "127.0.0.1:x", "nonsense"] {
        let text = app().addr(addr).build().unwrap_err().to_string();
        assert!(text.contains(addr), "{text}");
    }
    let both = app().addr("nonsense").listen(":99999").build();
    assert!(both.unwrap_err().to_string().starts_with("2 problems"));
}

// acceptance 21.2 (9)
#[tokio::test]
async fn port_zero_tells_the_bound_address() {
    let (running, addr) = start(app().routes(|r| r.get("/", async || "here"))).await;
    assert_ne!(addr.port(), 0);
    assert_eq!(Client::connect(addr).await.get("/").await.body, "here");
    stop(running).await;
}

async fn connection(request: plumego_contract::Request) -> String {
    let cx = RequestContext::get(request.extensions()).unwrap();
    let Connection { peer, local, .. } = *cx.connection();
    format!("{} {}", peer.unwrap().ip(), local.unwrap().ip())
}

#[tokio::test]
async fn all_interfaces_means_both_families_and_ipv4_clients_stay_ipv4() {
    let routes = |r: plumego_router::Router| r.get("/", connection);
    let (running, addr) = start(app().addr(":0").routes(routes)).await;
    let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, addr.port()));
    let mut client = Client::connect(v4).await;
    assert_eq!(client.get("/").await.body, "127.0.0.1 127.0.0.1");
    if addr.is_ipv6() {
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, addr.port()));
        assert_eq!(Client::connect(v6).await.get("/").await.body, "::1 ::1");
    }
    drop(client);
    stop(running).await;
}

#[tokio::test]
async fn several_addresses_at_once() {
    let app = app()
        .listen("127.0.0.1:0")
        .routes(|r| r.get("/", async || "here"));
    let (running, _) = start(app).await;
    assert_eq!(running.addrs().len(), 2);
    for addr in running.addrs().to_vec() {
        assert_eq!(Client::connect(addr).await.get("/").await.body, "here");
    }
    stop(running).await;
}

#[tokio::test]
async fn listener_of_the_program_takes_the_place_of_the_configured_address() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let app = App::builder()
        .log_sink(CaptureSink::default())
        .listener(listener)
        .routes(|r| r.get("/", async || "here"));
    let (running, bound) = start(app).await;
    assert_eq!((bound, running.addrs().len()), (addr, 1));
    assert_eq!(Client::connect(addr).await.get("/").await.body, "here");
    stop(running).await;
}

#[cfg(unix)]
#[tokio::test]
async fn unix_socket_is_a_listener() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let app = App::builder()
        .log_sink(CaptureSink::default())
        .listener(listener)
        .routes(|r| r.get("/", async || "here"));
    let running = app.build().unwrap().start().await.unwrap();
    assert!(running.addrs().is_empty());
    let mut client = tokio::net::UnixStream::connect(&path).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    client.write_all(request).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("here"), "{answer}");
    stop(running).await;
}

/// A listener that fails 20 times, and the times at which it did.
struct Failing(
    ErrorKind,
    Arc<Mutex<Vec<tokio::time::Instant>>>,
    Arc<Notify>,
);

impl plumego_app::Listener for Failing {
    type Io = tokio::io::DuplexStream;

    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<(Self::Io, Connection)>> {
        let mut asked = self.1.lock().unwrap();
        if asked.len() == 20 {
            self.2.notify_one();
            return Poll::Pending;
        }
        asked.push(tokio::time::Instant::now());
        Poll::Ready(Err(self.0.into()))
    }
}

async fn check_accept_errors(kind: ErrorKind, counted: u64, waited: std::ops::Range<u64>) {
    let (asked, done) = (Arc::default(), Arc::new(Notify::new()));
    let failing = Failing(kind, Arc::clone(&asked), Arc::clone(&done));
    let app = App::builder()
        .log_sink(CaptureSink::default())
        .listener(failing);
    let app = app.build().unwrap();
    let metrics = app.metrics().clone();
    let running = app.start().await.unwrap();
    crate::client::within(done.notified()).await;
    let errors = format!("http_accept_errors_total {counted}\n");
    assert!(metrics.encode().contains(&errors), "{}", metrics.encode());
    let asked = asked.lock().unwrap().clone();
    let took = asked[19] - asked[0];
    assert!(waited.contains(&took.as_secs()), "{took:?}");
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn failures_to_accept_are_counted_and_do_not_spin() {
    // 5 ms, doubled up to 1 s.
    check_accept_errors(ErrorKind::Other, 20, 11..13).await;
    // The next connection may well be there.
    check_accept_errors(ErrorKind::ConnectionAborted, 0, 0..1).await;
}

#[tokio::test]
async fn beyond_the_most_connections_clients_wait() {
    let app = crate::client::app_with(|config| config.max_connections = 2)
        .routes(|r| r.get("/", async || "here"));
    let (running, addr) = start(app).await;
    let mut first = Client::connect(addr).await;
    let mut second = Client::connect(addr).await;
    first.get("/").await;
    second.get("/").await;
    let mut third = Client::connect(addr).await;
    third.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    // Nothing comes while the two are open: others are still answered, the third is not.
    for _ in 0..20 {
        first.get("/").await;
    }
    let mut byte = [0];
    assert!(third.0.try_read(&mut byte).is_err());
    drop(first);
    assert_eq!(third.answer().await.body, "here");
    drop((second, third));
    stop(running).await;
}
