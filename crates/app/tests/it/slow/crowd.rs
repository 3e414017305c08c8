//! Two thousand slow clients of each kind, over real sockets, and others who are served meanwhile.
//!
//! The server is a process of its own, so that its memory is its own and so are its open files.

use std::net::SocketAddr;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use plumego_app::{App, MetricsEndpoint, ServerConfig};
use plumego_contract::{Body, Error};
use plumego_observe::log::CaptureSink;
use plumego_stdx::Limit;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::http2::wire;

const CHILD: &str = "PLUMEGO_TEST_CROWD";
/// Each deadline of the server.
const SHORT: Duration = Duration::from_secs(2);
/// How often who drips sends or reads a byte.
const DRIP: Duration = Duration::from_millis(400);
/// Longer than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(4);
/// How many of each kind.
const CROWD: usize = 2_000;
/// The most memory that a server with a crowd may have more than one without.
const MAX_GROWTH_KIB: u64 = 160 * 1024;

/// Takes as many open files as the system lets a process have.
fn raise_open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, all).unwrap();
    limit
        .maximum
        .map_or(usize::MAX, |most| usize::try_from(most).unwrap())
}

/// The server; nothing in the process that runs the tests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::disallowed_methods,
    reason = "how the test speaks with its child"
)]
async fn child() -> Result<(), Error> {
    if std::env::var_os(CHILD).is_none() {
        return Ok(());
    }
    raise_open_files();
    let mut config = ServerConfig::default();
    config.read_header_timeout = SHORT;
    config.read_timeout = SHORT;
    config.write_timeout = SHORT;
    config.idle_timeout = SHORT;
    // All of them come from one address, and a body that is awaited holds a place.
    config.abuse_guard_enabled = false;
    config.max_concurrency = Limit::Unlimited;
    let large = Bytes::from(vec![b'x'; 16 << 20]);
    #[cfg(feature = "tls")]
    if let Some(place) = std::env::var_os(super::secret::PLACE) {
        super::secret::enable(&mut config, place.as_ref());
    }
    let app = App::builder()
        .config(config)
        .addr("127.0.0.1:0")
        .log_sink(CaptureSink::default())
        .guards(|guards| guards.access_log = false)
        .metrics_endpoint(MetricsEndpoint::default().public())
        .routes(|r| {
            r.get("/", async || "here")
                .get("/large", async move || Body::from(large.clone()))
                .post("/", async |body: Body| body.into_bytes(1 << 20).await)
        })
        .build()?;
    let running = app.start().await?;
    println!("listening on {}", running.addrs()[0]);
    // Until the test has gone.
    let mut parent = tokio::io::stdin();
    let _ = parent.read(&mut [0]).await;
    running.handle().shutdown();
    running.wait().await?;
    Ok(())
}

pub struct Server {
    child: Child,
    pub addr: SocketAddr,
    asks: Asks,
    /// Whether it speaks TLS alone.
    is_secret: bool,
}

/// One request on a connection of its own, and the body of its answer. As the server speaks.
type Asks = Arc<dyn Fn(SocketAddr, &'static str) -> BoxFuture + Send + Sync>;
pub type BoxFuture = Pin<Box<dyn Future<Output = String> + Send>>;

fn plainly(addr: SocketAddr, path: &'static str) -> BoxFuture {
    Box::pin(async move { Client::connect(addr).await.get(path).await.body })
}

impl Server {
    async fn start() -> Self {
        Self::start_with(Arc::new(plainly), |_| {}).await
    }

    /// The one that speaks TLS.
    #[cfg(feature = "tls")]
    pub async fn start_secret(asks: Asks, change: impl FnOnce(&mut Command)) -> Self {
        let server = Self::start_with(asks, change).await;
        Self {
            is_secret: true,
            ..server
        }
    }

    async fn start_with(asks: Asks, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "slow::crowd::child", "--nocapture"])
            .env(CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let addr = loop {
            let line = lines.next_line().await.unwrap().expect("it did not start");
            if let Some((_, addr)) = line.split_once("listening on ") {
                break addr.trim().parse().unwrap();
            }
        };
        Self {
            child,
            addr,
            asks,
            is_secret: false,
        }
    }

    /// The kilobytes in memory: now, and at most so far.
    #[expect(clippy::disallowed_methods, reason = "the system says it in a file")]
    fn memory(&self, which: &str) -> Option<u64> {
        let path = format!("/proc/{}/status", self.child.id()?);
        let status = std::fs::read_to_string(path).ok()?;
        let line = status.lines().find(|line| line.starts_with(which))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    pub async fn metric(&self, series: &str) -> u64 {
        let text = (self.asks)(self.addr, "/metrics").await;
        let line = text.lines().find_map(|line| {
            let rest = line.strip_prefix(series)?;
            rest.strip_prefix(' ')?.parse().ok()
        });
        line.unwrap_or_else(|| panic!("{series} is not in\n{text}"))
    }

    async fn timed_out(&self, phase: &str) -> u64 {
        let series = format!("http_connections_timed_out_total{{phase=\"{phase}\"}}");
        self.metric(&series).await
    }
}

/// How it takes what comes.
#[derive(PartialEq, Eq)]
enum Reads {
    All,
    InDrips,
    Nothing,
}

/// One way to be slow.
pub struct Kind {
    pub name: &'static str,
    /// What it says at once.
    opening: Vec<u8>,
    /// What it says again and again.
    drip: Option<Vec<u8>>,
    reads: Reads,
    /// Which deadline ends it.
    phase: &'static str,
}

impl Kind {
    pub fn new(name: &'static str, opening: impl Into<Vec<u8>>, phase: &'static str) -> Self {
        Self {
            name,
            opening: opening.into(),
            drip: None,
            reads: Reads::All,
            phase,
        }
    }

    pub fn drips(mut self, drip: impl Into<Vec<u8>>) -> Self {
        self.drip = Some(drip.into());
        self
    }

    fn reads(mut self, reads: Reads) -> Self {
        self.reads = reads;
        self
    }
}

fn kinds() -> Vec<Kind> {
    let upload = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n\r\n";
    let download = "GET /large HTTP/1.1\r\nhost: x\r\n\r\n";
    let no_window = wire::settings(&[(4, 0)]);
    let stalled = [wire::PREFACE, &no_window, &wire::get(1, "/large")].concat();
    let byte = wire::frame(wire::DATA, 0, 1, b"x");
    vec![
        Kind::new("never speaks", "", "header"),
        Kind::new("drips its head", "GET / HTTP/1.1\r\nx: ", "header").drips("y"),
        Kind::new("drips its body", upload, "read").drips("y"),
        Kind::new("does not read", download, "write").reads(Reads::Nothing),
        Kind::new("reads in drips", download, "write").reads(Reads::InDrips),
        Kind::new("opens HTTP/2 and no stream", wire::hello(), "header").drips(wire::frame(
            wire::PING,
            0,
            0,
            &[0; 8],
        )),
        Kind::new(
            "drips the body of a stream",
            [wire::hello(), wire::post(1, "/")].concat(),
            "read",
        )
        .drips(byte),
        Kind::new("opens no window", stalled, "write"),
    ]
}

/// One slow client, until the server has let go of it.
async fn slow(addr: SocketAddr, kind: Arc<Kind>, cut: CancellationToken) {
    let socket = TcpSocket::new_v4().unwrap();
    // What the client's system takes for it is not the server's matter.
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let mut stream = socket.connect(addr).await.unwrap();
    if stream.write_all(&kind.opening).await.is_err() {
        return;
    }
    let (mut read, mut write) = stream.split();
    if kind.reads != Reads::All {
        let mut beat = tokio::time::interval(DRIP);
        let drips = async {
            while kind.reads == Reads::InDrips && read.read_u8().await.is_ok() {
                beat.tick().await;
            }
            std::future::pending::<()>().await;
        };
        cut.run_until_cancelled(drips).await;
    }
    let drips = async {
        let Some(drip) = &kind.drip else {
            return std::future::pending().await;
        };
        let mut beat = tokio::time::interval(DRIP);
        loop {
            beat.tick().await;
            if write.write_all(drip).await.is_err() {
                return std::future::pending().await;
            }
        }
    };
    let mut part = vec![0; 32 * 1024];
    let ends = async { while matches!(read.read(&mut part).await, Ok(count) if count > 0) {} };
    tokio::select! {
        () = drips => {}
        () = ends => {}
    }
}

/// Asks again and again, on a kept connection and on new ones; every answer must be there.
async fn healthy(addr: SocketAddr, over: Arc<AtomicBool>, answered: Arc<AtomicU64>) {
    let mut beat = tokio::time::interval(Duration::from_millis(10));
    while !over.load(Ordering::Acquire) {
        let mut client = Client(TcpStream::connect(addr).await.unwrap());
        let mut used = tokio::time::Instant::now();
        for _ in 0..20 {
            beat.tick().await;
            // A client that was not scheduled for long may have lost its connection rightly.
            if used.elapsed() > SHORT / 2 {
                break;
            }
            used = tokio::time::Instant::now();
            let answer = client.get("/").await;
            assert_eq!((answer.status(), answer.body.as_str()), (200, "here"));
            answered.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// Asks again and again, each time on a connection of its own.
async fn healthy_anew(
    asks: Asks,
    addr: SocketAddr,
    over: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
) {
    let mut beat = tokio::time::interval(Duration::from_millis(10));
    while !over.load(Ordering::Acquire) {
        beat.tick().await;
        assert_eq!(asks(addr, "/").await, "here");
        answered.fetch_add(1, Ordering::AcqRel);
    }
}

async fn check(server: &Server, kind: Kind, crowd: usize) {
    let before = server.timed_out(kind.phase).await;
    let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::default());
    let healthy: Vec<_> = (0..4)
        .map(|at| {
            let (over, answered) = (over.clone(), Arc::clone(&answered));
            if at == 0 || server.is_secret {
                let asks = server.asks.clone();
                tokio::spawn(healthy_anew(asks, server.addr, over, answered))
            } else {
                tokio::spawn(healthy(server.addr, over, answered))
            }
        })
        .collect();
    let (kind, cut) = (Arc::new(kind), CancellationToken::new());
    let mut slow_ones: tokio::task::JoinSet<()> = (0..crowd)
        .map(|_| slow(server.addr, kind.clone(), cut.clone()))
        .collect();
    let mut beat = tokio::time::interval(Duration::from_millis(100));
    // All of them are cut by the deadline that they miss.
    while server.timed_out(kind.phase).await < before + crowd as u64 {
        beat.tick().await;
    }
    let meanwhile = answered.load(Ordering::Acquire);
    assert!(meanwhile > 0, "{}: nobody else was served", kind.name);
    over.store(true, Ordering::Release);
    for healthy in healthy {
        healthy.await.unwrap();
    }
    // Who did not read has what was on its way; then the end.
    cut.cancel();
    while let Some(ended) = slow_ones.join_next().await {
        ended.unwrap();
    }
    let after = server.timed_out(kind.phase).await;
    assert_eq!(after, before + crowd as u64, "{}", kind.name);
    // The one that asks is left.
    while server.metric("http_connections_active").await > 1 {
        beat.tick().await;
    }
}

// acceptance 2.1 (P1)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_of_each_kind_are_cut_while_others_are_served() {
    check_all(&Server::start().await, kinds()).await;
}

/// Each kind after the other, and the memory that all of them took.
pub async fn check_all(server: &Server, kinds: Vec<Kind>) {
    let files = raise_open_files();
    let crowd = CROWD.min(files.saturating_sub(400));
    assert!(crowd >= 500, "the system allows {files} open files");
    let before = server.memory("VmRSS");
    let all = async {
        for kind in kinds {
            let name = kind.name;
            let began = tokio::time::Instant::now();
            check(server, kind, crowd).await;
            let (took, most) = (began.elapsed(), server.memory("VmHWM"));
            note(&format!("{crowd} × {name}: {took:?}, at most {most:?} KiB"));
        }
    };
    tokio::time::timeout(PATIENCE, all)
        .await
        .expect("they are not cut");
    if let (Some(before), Some(most)) = (before, server.memory("VmHWM")) {
        note(&format!("memory: {before} KiB without, {most} KiB at most"));
        let grown = most.saturating_sub(before);
        assert!(
            grown < MAX_GROWTH_KIB,
            "{grown} KiB for {crowd} slow clients"
        );
    }
}

#[expect(clippy::print_stderr, reason = "what the suite measured")]
fn note(line: &str) {
    eprintln!("{line}");
}
