//! One client that sends its bodies slowly, to take the slots of everybody.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use plumego_app::{Running, ServerConfig};
use plumego_contract::Body;
use plumego_observe::metrics::Metrics;
use plumego_stdx::Limit;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::client::{Answer, Client, app_with, stop, within};

const ATTACKER: &str = "x-forwarded-for: 203.0.113.9\r\n";
const HONEST: &str = "x-forwarded-for: 203.0.113.7\r\n";

/// An application behind a proxy, in which the abuse guard is not what saves it.
struct Shop {
    running: Running,
    addr: SocketAddr,
    metrics: Metrics,
    leave: Arc<Semaphore>,
}

impl Shop {
    async fn open(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let leave = Arc::new(Semaphore::new(0));
        let may_leave = Arc::clone(&leave);
        let app = app_with(|config| {
            config.trusted_proxies = "127.0.0.1".parse().unwrap();
            (config.abuse_guard_rate, config.abuse_guard_burst) = (1_000_000, 1_000_000);
            change(config);
        });
        let app = app.routes(|r| {
            r.get("/", async || "here")
                .post("/", async |bytes: Bytes| bytes.len().to_string())
                .post("/waits", async move |_: Body| {
                    may_leave.acquire().await.unwrap().forget();
                    "here"
                })
        });
        let app = app.build().unwrap();
        let metrics = app.metrics().clone();
        let running = app.start().await.unwrap();
        let addr = running.addrs()[0];
        Self {
            running,
            addr,
            metrics,
            leave,
        }
    }

    /// The number of a metric.
    fn number(&self, name: &str) -> usize {
        let text = self.metrics.encode();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    }

    async fn until(&self, name: &str, expected: usize) {
        within(async {
            while self.number(name) != expected {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// What an honest client gets, by a request without a body and by one with it.
    async fn serves_the_honest(&self) {
        for _ in 0..5 {
            let mut client = Client::connect(self.addr).await;
            assert_eq!(client.ask("GET", "/", HONEST).await.body, "here");
            let head = format!("POST / HTTP/1.1\r\nhost: x\r\n{HONEST}content-length: 5\r\n\r\n");
            client.send(head).await;
            client.send("hello").await;
            let answer = client.answer().await;
            assert_eq!((answer.status(), &*answer.body), (200, "5"));
        }
    }
}

fn check_refused(answer: &Answer) {
    assert_eq!(answer.status(), 503, "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(answer.header("x-request-id").is_some());
    assert!(answer.body.contains("\"server_busy\""), "{answer:?}");
    assert!(answer.body.contains("Too many bodies"), "{answer:?}");
}

/// A request whose body comes a few bytes at a time, until there is an answer.
async fn drip(addr: SocketAddr) -> Answer {
    let mut upload = Client::connect(addr).await;
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\n{ATTACKER}content-length: 100000\r\n\r\n");
    upload.send(head).await;
    let mut drops = interval(Duration::from_millis(100));
    let mut first = [0];
    loop {
        tokio::select! {
            _ = upload.0.peek(&mut first) => return upload.answer().await,
            // The other end may have closed after its answer.
            _ = drops.tick() => drop(upload.0.write_all(b"drip").await),
        }
    }
}

/// More uploads than there are slots.
#[tokio::test]
async fn bodies_that_drip_take_a_quarter_of_the_slots_and_no_more() {
    let shop = Shop::open(|_| ()).await;
    let mut uploads = JoinSet::new();
    for _ in 0..280 {
        uploads.spawn(drip(shop.addr));
    }
    for _ in 0..280 - 64 {
        check_refused(&within(uploads.join_next()).await.unwrap().unwrap());
    }
    shop.until("http_concurrency_waiting_bodies", 64).await;
    shop.serves_the_honest().await;
    // The attacker itself still gets what has no body to wait for.
    let mut client = Client::connect(shop.addr).await;
    assert_eq!(client.ask("GET", "/", ATTACKER).await.status(), 200);
    let refused = shop.number("http_concurrency_rejected_bodies_total");
    assert_eq!((refused, uploads.len()), (280 - 64, 64));
    drop((client, uploads));
    shop.until("http_concurrency_waiting_bodies", 0).await;
    stop(shop.running).await;
}

/// A body that never comes.
struct Silent;

impl hyper::body::Body for Silent {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

async fn connect(addr: SocketAddr) -> SendRequest<Silent> {
    let io = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let (send, connection) = handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    send
}

/// Two connections suffice: heads, and no byte of a body.
#[tokio::test]
async fn heads_without_bodies_on_two_connections_take_no_more_either() {
    let shop = Shop::open(|_| ()).await;
    let mut answers = JoinSet::new();
    for _ in 0..2 {
        let mut send = connect(shop.addr).await;
        for _ in 0..140 {
            let request = http::Request::post("http://x/").header("x-forwarded-for", "203.0.113.9");
            let request = request.body(Silent).unwrap();
            answers.spawn(send.send_request(request));
        }
        // Kept open by the answers that are still to come.
        drop(send);
    }
    for _ in 0..280 - 64 {
        let answer = within(answers.join_next()).await.unwrap();
        let answer = answer.unwrap().unwrap();
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
    }
    shop.until("http_concurrency_waiting_bodies", 64).await;
    shop.serves_the_honest().await;
    drop(answers);
    shop.until("http_concurrency_waiting_bodies", 0).await;
    stop(shop.running).await;
}

/// Who waits in a handler, with its body read or left alone, takes slots and nothing else.
#[tokio::test]
async fn requests_that_wait_in_their_handlers_are_no_uploads() {
    let shop = Shop::open(|_| ()).await;
    let mut clients = Vec::new();
    for _ in 0..256 {
        let mut client = Client::connect(shop.addr).await;
        let head = format!("POST /waits HTTP/1.1\r\nhost: x\r\n{HONEST}content-length: 5\r\n\r\n");
        client.send(head).await;
        clients.push(client);
    }
    shop.until("http_concurrency_running", 256).await;
    assert_eq!(shop.number("http_concurrency_waiting_bodies"), 0);
    shop.leave.add_permits(256);
    for client in &mut clients {
        assert_eq!(client.answer().await.status(), 200);
    }
    assert_eq!(shop.number("http_concurrency_rejected_bodies_total"), 0);
    drop(clients);
    stop(shop.running).await;
}

/// The share counts by client, comes back when a body ends or its client leaves, and has a setting.
#[tokio::test]
async fn share_belongs_to_a_client_and_comes_back() {
    let shop = Shop::open(|config| {
        config.max_waiting_bodies_per_client = Limit::At(1);
    })
    .await;
    let begin = async |of: &str| {
        let mut client = Client::connect(shop.addr).await;
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\n{of}content-length: 5\r\n\r\n");
        client.send(head).await;
        client
    };
    let waiting = "http_concurrency_waiting_bodies";
    let mut first = begin(ATTACKER).await;
    shop.until(waiting, 1).await;
    check_refused(&begin(ATTACKER).await.answer().await);
    // One of another client, and of another network of IPv6.
    let other = begin(HONEST).await;
    let home = begin("x-forwarded-for: 2001:db8:0:1::1\r\n").await;
    shop.until(waiting, 3).await;
    let neighbour = "x-forwarded-for: 2001:db8:0:1::2\r\n";
    check_refused(&begin(neighbour).await.answer().await);
    first.send("hello").await;
    assert_eq!(first.answer().await.body, "5");
    shop.until(waiting, 2).await;
    let again = begin(ATTACKER).await;
    shop.until(waiting, 3).await;
    drop((other, home, again));
    shop.until(waiting, 0).await;
    drop(first);
    stop(shop.running).await;
}
