//! How many connections may be open, together and for each client.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use plumego_app::{App, Listener, Running};
use plumego_contract::Connection;
use plumego_observe::metrics::Metrics;
use plumego_stdx::Limit;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{Client, app, app_with, start, stop, within};

const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// The value of a metric.
pub fn value(metrics: &Metrics, series: &str) -> u64 {
    let text = metrics.encode();
    let found = text.lines().find_map(|line| {
        let rest = line.strip_prefix(series)?;
        rest.strip_prefix(' ')?.parse().ok()
    });
    found.unwrap_or_else(|| panic!("{series} is not in\n{text}"))
}

/// Waits until a metric has this value.
pub async fn until(metrics: &Metrics, series: &str, wanted: u64) {
    let mut beat = tokio::time::interval(Duration::from_millis(2));
    let came = async {
        while value(metrics, series) != wanted {
            beat.tick().await;
        }
    };
    let came = tokio::time::timeout(Duration::from_mins(1), came).await;
    let now = value(metrics, series);
    assert!(came.is_ok(), "{series} is {now}, not {wanted}");
}

/// The connection has ended, with nothing said.
async fn is_closed(client: &mut Client) {
    assert_eq!(client.rest().await, "");
}

// acceptance 1.5 (18)
#[tokio::test]
async fn one_more_than_the_most_waits_in_the_backlog_until_one_leaves() {
    const MOST: usize = 1_000;
    let app = app_with(|config| {
        config.max_connections = MOST;
        config.abuse_guard_enabled = false;
    });
    let app = app.routes(|r| r.get("/", async || "here")).build().unwrap();
    let metrics = app.metrics().clone();
    let running = app.start().await.unwrap();
    let addr = running.addrs()[0];
    let mut open = Vec::new();
    for _ in 0..MOST {
        open.push(Client::connect(addr).await);
    }
    until(&metrics, "http_connections_active", MOST as u64).await;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let mut client = Client::connect(addr).await;
        client.send(GET).await;
        waiting.push(client);
    }
    // All that are open are served while the others wait.
    for client in &mut open {
        assert_eq!(client.get("/").await.body, "here");
    }
    for client in &waiting {
        assert!(client.0.try_read(&mut [0]).is_err());
    }
    assert_eq!(value(&metrics, "http_connections_active"), MOST as u64);
    assert_eq!(value(&metrics, "http_connections_total"), MOST as u64);
    assert_eq!(value(&metrics, "http_connections_waited_total"), 1);
    for (left, mut client) in waiting.into_iter().enumerate() {
        drop(open.pop());
        assert_eq!(client.answer().await.body, "here");
        assert_eq!(
            value(&metrics, "http_connections_total"),
            (MOST + left + 1) as u64
        );
        open.push(client);
    }
    drop(open);
    until(&metrics, "http_connections_active", 0).await;
    stop(running).await;
}

/// The time that this thread has had of a processor.
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "the system says it in a file")]
fn thread_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_is_done_while_clients_wait_for_a_place() {
    let app = app_with(|config| config.max_connections = 1);
    let (running, addr) = start(app.routes(|r| r.get("/", async || "here"))).await;
    let mut first = Client::connect(addr).await;
    first.get("/").await;
    let waiting = [Client::connect(addr).await, Client::connect(addr).await];
    let mut beat = tokio::time::interval(Duration::from_millis(500));
    beat.tick().await;
    let before = thread_time();
    beat.tick().await;
    let worked = thread_time().saturating_sub(before);
    assert!(worked < Duration::from_millis(250), "{worked:?}");
    first.get("/").await;
    drop((first, waiting));
    stop(running).await;
}

fn per_ip(max: u64, proxies: &[&str]) -> (App, Metrics) {
    let app = app_with(|config| {
        config.max_connections_per_ip = Limit::At(max);
        config.trusted_proxies = proxies.join(",").parse().unwrap();
    });
    let app = app.routes(|r| r.get("/", async || "here")).build().unwrap();
    let metrics = app.metrics().clone();
    (app, metrics)
}

const REFUSED: &str = "http_connections_refused_total{reason=\"per_ip\"}";

#[tokio::test]
async fn one_more_than_a_client_may_have_is_closed_at_once() {
    let (app, metrics) = per_ip(3, &[]);
    let running = app.start().await.unwrap();
    let addr = running.addrs()[0];
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect(addr).await;
        assert_eq!(client.get("/").await.body, "here");
        open.push(client);
    }
    for n in 1..=5 {
        is_closed(&mut Client::connect(addr).await).await;
        assert_eq!(value(&metrics, REFUSED), n);
    }
    // Those that are open are not touched.
    for client in &mut open {
        assert_eq!(client.get("/").await.body, "here");
    }
    // Who leaves makes room, however it leaves.
    for left in (0..3).rev() {
        drop(open.remove(left));
        until(&metrics, "http_connections_active", 2).await;
        let mut client = Client::connect(addr).await;
        assert_eq!(client.get("/").await.body, "here");
        open.push(client);
    }
    assert_eq!(value(&metrics, REFUSED), 5);
    drop(open);
    stop(running).await;
}

#[tokio::test]
async fn another_address_is_another_client() {
    let (app, metrics) = per_ip(1, &[]);
    let running = app.start().await.unwrap();
    let addr = running.addrs()[0];
    let from = async |ip: &str| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket
            .bind(SocketAddr::new(ip.parse().unwrap(), 0))
            .unwrap();
        Client(socket.connect(addr).await.unwrap())
    };
    let mut first = from("127.0.0.1").await;
    assert_eq!(first.get("/").await.body, "here");
    let mut second = from("127.0.0.2").await;
    assert_eq!(second.get("/").await.body, "here");
    is_closed(&mut from("127.0.0.2").await).await;
    assert_eq!(value(&metrics, REFUSED), 1);
    drop((first, second));
    stop(running).await;
}

async fn open_and_stop(running: Running, addr: SocketAddr, metrics: &Metrics) {
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut client = Client::connect(addr).await;
        assert_eq!(client.get("/").await.body, "here");
        open.push(client);
    }
    assert_eq!(value(metrics, REFUSED), 0);
    drop(open);
    stop(running).await;
}

#[tokio::test]
async fn trusted_proxy_has_as_many_as_it_likes() {
    let (app, metrics) = per_ip(1, &["127.0.0.0/8"]);
    let running = app.start().await.unwrap();
    let addr = running.addrs()[0];
    open_and_stop(running, addr, &metrics).await;
}

#[tokio::test]
async fn without_a_limit_one_client_may_have_them_all() {
    let app = app()
        .routes(|r| r.get("/", async || "here"))
        .build()
        .unwrap();
    let metrics = app.metrics().clone();
    let running = app.start().await.unwrap();
    let addr = running.addrs()[0];
    open_and_stop(running, addr, &metrics).await;
}

#[cfg(unix)]
#[tokio::test]
async fn clients_of_a_unix_socket_are_not_counted() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let app = app_with(|config| config.max_connections_per_ip = Limit::At(1));
    let app = app
        .listener(listener)
        .routes(|r| r.get("/", async || "here"));
    let (running, _) = start(app).await;
    let mut open = Vec::new();
    for _ in 0..5 {
        let mut client = tokio::net::UnixStream::connect(&path).await.unwrap();
        client.write_all(GET.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        within(client.read_exact(&mut status)).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
        open.push(client);
    }
    drop(open);
    stop(running).await;
}

/// Connections of one client whose bytes cannot be read: the engine panics.
struct Broken(TcpListener);

struct BrokenIo(TcpStream);

impl Listener for Broken {
    type Io = BrokenIo;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(BrokenIo, Connection)>> {
        self.0.poll_accept(cx).map_ok(|(stream, peer)| {
            let connection = Connection::from_peer(peer);
            (BrokenIo(stream), connection)
        })
    }

    fn local_addr(&self) -> Option<SocketAddr> {
        self.0.local_addr().ok()
    }
}

impl AsyncRead for BrokenIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.0).poll_read(cx, buf);
        assert!(!buf.filled().contains(&b'!'), "the connection breaks");
        polled
    }
}

impl AsyncWrite for BrokenIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn connection_whose_task_panics_makes_room() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let app = app_with(|config| {
        config.max_connections = 2;
        config.max_connections_per_ip = Limit::At(1);
    });
    let app = app
        .listener(Broken(listener))
        .routes(|r| r.get("/", async || "here"));
    let app = app.build().unwrap();
    let metrics = app.metrics().clone();
    let running = app.start().await.unwrap();
    let addr = *running.addrs().last().unwrap();
    for _ in 0..10 {
        let mut client = Client::connect(addr).await;
        assert_eq!(client.get("/").await.body, "here");
        client.send("!").await;
        is_closed(&mut client).await;
        until(&metrics, "http_connections_active", 0).await;
    }
    assert_eq!(value(&metrics, REFUSED), 0);
    stop(running).await;
}
