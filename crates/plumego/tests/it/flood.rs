//! A million clients that a trusted proxy tells of, against a server in a process of its own.
//!
//! The first 100,000 come over sockets. The others are asked for within the server, through every
//! layer, since both ends of so many sockets take minutes in a debug build. Where
//! `PLUMEGO_REQUIRE_SERVERS` is not set, a tenth of them has to do.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::OnceLock;

use plumego::contract::{Connection, RouteTimeout};
use plumego::prelude::*;
use plumego::router::Frozen;

use crate::child::{self, Server, say};
use crate::wire::Client;

const BY_SOCKET: u32 = 100_000;
/// From here on memory stays what it is.
const SETTLED: u32 = 200_000;

fn in_all() -> u32 {
    match std::env::var_os("PLUMEGO_REQUIRE_SERVERS") {
        Some(_) => 1_000_000,
        None => SETTLED + (1_000_000 - SETTLED) / 10,
    }
}

/// For how many clients there is room. The table takes up to about twice as many.
const ROOM: u32 = 100;

/// The application of the server, as the flood from within asks it.
static ROUTER: OnceLock<Frozen> = OnceLock::new();

/// The address of the attacker of that number: every second one of them has a whole IPv6 network.
fn attacker(number: u32) -> IpAddr {
    if number.is_multiple_of(2) {
        return Ipv4Addr::from_bits(0x0a00_0000 + number).into();
    }
    let network = (0x2001_0db8_0000_0000_u128 + u128::from(number)) << 64;
    Ipv6Addr::from_bits(network + u128::from(number) * 0x1_0001).into()
}

/// Asks for each of them from within, through every layer: what a socket adds is time.
async fn flood_from_within(Path((from, to)): Path<(u32, u32)>) -> String {
    let router = ROUTER.get().unwrap();
    let proxy = Connection::from_peer(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 4711));
    let (mut served, mut refused) = (0, 0);
    for number in from..to {
        let request = http::Request::get("/")
            .header("host", "shop.example")
            .header("x-forwarded-for", attacker(number).to_string());
        let request = request.body(Body::empty()).unwrap();
        let response = router.dispatch(proxy, request).response.await;
        match response.status().as_u16() {
            200 => served += 1,
            429 => refused += 1,
            other => panic!("{other}"),
        }
        response.into_body().into_bytes(1000).await.unwrap();
        if number.is_multiple_of(64) {
            tokio::task::yield_now().await;
        }
    }
    format!("{served} {refused}")
}

/// The server; nothing in the process that runs the tests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() -> Result<(), Error> {
    if !child::is_one() {
        return Ok(());
    }
    let app = App::builder()
        .config(Config::load()?.server)
        .on_listening(|addrs| say(&format!("listening on {}", addrs[0])))
        .metrics_endpoint(MetricsEndpoint::at("/metrics").public())
        .routes(|r| {
            r.get("/", async || "served")
                .get("/flood/{from}/{to}", flood_from_within)
                .operational()
                .timeout(RouteTimeout::Never)
        })
        .build()?;
    let _ = ROUTER.set(app.router().clone());
    app.run().await
}

/// Asks for each of them on one connection, a hundred at a time; how many were served and refused.
fn flood(addr: SocketAddr, numbers: std::ops::Range<u32>) -> (u32, u32) {
    let socket = TcpStream::connect(addr).unwrap();
    let mut answers = BufReader::new(socket.try_clone().unwrap());
    let mut requests = socket;
    let (mut served, mut refused) = (0, 0);
    let mut from = numbers.start;
    while from < numbers.end {
        let to = numbers.end.min(from + 100);
        let batch: Vec<_> = (from..to)
            .map(|number| {
                let forged = attacker(number);
                format!("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {forged}\r\n\r\n")
            })
            .collect();
        requests.write_all(batch.concat().as_bytes()).unwrap();
        for _ in from..to {
            match answer(&mut answers) {
                200 => served += 1,
                429 => refused += 1,
                other => panic!("{other}"),
            }
        }
        from = to;
    }
    (served, refused)
}

/// Reads one answer, and says its status.
fn answer(socket: &mut impl BufRead) -> u16 {
    let mut line = String::new();
    socket.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut length = 0;
    while line != "\r\n" {
        line.clear();
        socket.read_line(&mut line).unwrap();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim_end().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).unwrap();
    status
}

/// A client of the same proxy that asks now and then.
struct Honest(Client);

impl Honest {
    /// So many requests, of which each must be served.
    async fn ask(&mut self, times: u32) {
        for _ in 0..times {
            let request = "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n";
            self.0.send(request).await;
            let answer = self.0.answer().await;
            assert_eq!((answer.status(), &*answer.body), (200, "served"));
        }
    }
}

async fn metric(client: &mut Client, name: &str) -> u32 {
    let text = client.get("/metrics").await.body;
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

fn start() -> Server {
    let settings = [
        ("APP_TRUSTED_PROXIES", "127.0.0.1/32"),
        ("APP_LOG_FILE", "/dev/null"),
        ("APP_ABUSE_GUARD_RATE", "1"),
        ("APP_ABUSE_GUARD_BURST", "10000"),
        ("APP_ABUSE_GUARD_MAX_KEYS", "100"),
    ];
    Server::start("flood::child", &settings)
}

/// Far more came than there is room for: they shared one quota, and it is counted.
async fn assert_bounded(client: &mut Client, refused: u32) {
    let clients = metric(client, "http_abuse_guard_clients").await;
    assert!((ROOM / 2..=3 * ROOM).contains(&clients), "{clients}");
    let overflowed = metric(client, "http_abuse_guard_overflowed_total").await;
    assert!(refused > 0 && overflowed >= refused, "{overflowed}");
    let evicted = metric(client, "http_abuse_guard_evicted_total").await;
    println!("{clients} clients, {overflowed} overflowed, {evicted} evicted");
    let limited = "http_requests_total{method=\"GET\",route=\"/\",status=\"429\"}";
    assert_eq!(metric(client, limited).await, refused);
}

// acceptance 21.1 (41), 21.2 (19)
#[tokio::test]
async fn a_million_forged_clients_take_no_memory_and_nothing_from_an_honest_one() {
    let mut server = start();
    let addr = server.addr().await;
    let memory = server.memory();
    let mut honest = Honest(Client::connect(addr).await);
    // What it has asked at once is earned again in two minutes; until then its place is its own.
    honest.ask(120).await;

    let began = std::time::Instant::now();
    let (mut passed, mut refused) = (0, 0);
    let step = BY_SOCKET / 8;
    for from in (0..BY_SOCKET).step_by(step as usize) {
        let middle = from + step / 2;
        let one = tokio::task::spawn_blocking(move || flood(addr, from..middle));
        let other = tokio::task::spawn_blocking(move || flood(addr, middle..from + step));
        for done in [one.await.unwrap(), other.await.unwrap()] {
            passed += done.0;
            refused += done.1;
        }
        honest.ask(5).await;
    }
    let mut clients = [Client::connect(addr).await, Client::connect(addr).await];
    let mut within = async |from: u32, to: u32| {
        let [one, other] = &mut clients;
        let middle = from.midpoint(to);
        let paths = [(from, middle), (middle, to)].map(|(from, to)| format!("/flood/{from}/{to}"));
        let answers = tokio::join!(one.get(&paths[0]), other.get(&paths[1]));
        for answer in [answers.0, answers.1] {
            let (ok, no) = answer.body.split_once(' ').unwrap();
            passed += ok.parse::<u32>().unwrap();
            refused += no.parse::<u32>().unwrap();
        }
    };
    let mut steps = 8;
    let mut settled = 0;
    for from in (BY_SOCKET..in_all()).step_by(20_000) {
        if from == SETTLED {
            settled = memory.resident_kib();
        }
        within(from, from + 20_000).await;
        honest.ask(5).await;
        steps += 1;
    }
    let grown = memory.resident_kib().saturating_sub(settled);
    println!(
        "{settled} KiB and {grown} KiB; {passed} and {refused} in {:?}",
        began.elapsed()
    );
    assert!(settled > 0 && grown < 2048, "it grew by {grown} KiB");

    let [mut client, _] = clients;
    let counted = [
        metric(&mut client, "http_abuse_guard_allowed_total").await,
        metric(&mut client, "http_abuse_guard_rejected_total").await,
    ];
    assert_eq!(counted, [passed + 120 + 5 * steps, refused]);
    assert_eq!(passed + refused, in_all());
    assert_bounded(&mut client, refused).await;
}
