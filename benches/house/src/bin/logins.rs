//! `cargo xtask bench auth`: what other routes notice of 300 logins that come at once.

#![expect(clippy::print_stdout, reason = "a program that talks to a person")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use plumego::identity::hasher::{Hasher, HasherConfig};
use plumego::prelude::*;
use plumego::security::password::{Passwords, Verdict};
use plumego::stdx::Secret;

/// Logins at once.
const LOGINS: u32 = 300;
/// Rounds, quiet and flooded in turn, of which the middle is told.
const ROUNDS: usize = 5;
/// How long a round takes.
const ROUND: Duration = Duration::from_secs(3);
/// The time between two requests of the one who is watched.
const PAUSE: Duration = Duration::from_millis(1);
/// No answer takes longer than that: the wait for a place is 2 s.
const PATIENCE: Duration = Duration::from_secs(30);

const PING: &[u8] = b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n";
const LOGIN: &[u8] = b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";

fn main() -> Result<(), Error> {
    let server = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::internal)?;
    let running = server.block_on(app()?.start())?;
    let Some(addr) = running.addrs().first().copied() else {
        return Err(Error::internal("the server listens nowhere"));
    };
    let rounds = rounds(addr).map_err(Error::internal)?;
    tell(&rounds);
    running.handle().shutdown();
    server.block_on(running.wait())?;
    Ok(())
}

fn app() -> Result<App, Error> {
    let passwords = Passwords::default();
    let stored = passwords.hash("correct horse battery staple")?;
    let hasher = Hasher::new(passwords, HasherConfig::default())?;
    let app = App::builder()
        .addr("127.0.0.1:0")
        .guards(|guards| {
            guards.abuse_guard = None;
            guards.access_log = false;
        })
        .state(hasher)
        .state(stored)
        .routes(|r| r.post("/login", login).get("/ping", async || "pong"))
        .build()?;
    Ok(app)
}

async fn login(
    State(hasher): State<Hasher>,
    State(stored): State<String>,
) -> Result<String, Error> {
    let password = Secret::new("wrong horse battery staple".to_owned());
    match hasher.verify(password, Some(stored)).await? {
        Verdict::Match { .. } => Ok("welcome".to_owned()),
        Verdict::Mismatch => Err(Error::unauthenticated("Name or password is wrong.")),
    }
}

/// What the one who is watched waited: a half of the requests, and 99 of 100.
struct Waits {
    half: Duration,
    most: Duration,
}

struct Rounds {
    quiet: Vec<Waits>,
    flooded: Vec<Waits>,
    checked: u32,
    refused: u32,
}

fn rounds(addr: SocketAddr) -> io::Result<Rounds> {
    let (checked, refused) = (AtomicU32::new(0), AtomicU32::new(0));
    let (mut quiet, mut flooded) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        quiet.push(watch(addr)?);
        let over = AtomicBool::new(false);
        let waits = thread::scope(|scope| {
            for _ in 0..LOGINS {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        match status(addr) {
                            Ok(401) => checked.fetch_add(1, Ordering::Relaxed),
                            Ok(503) => refused.fetch_add(1, Ordering::Relaxed),
                            other => unreachable(&other),
                        };
                        // All of them come back at the same time, as `Retry-After` has it.
                        thread::sleep(Duration::from_secs(1));
                    }
                });
            }
            let waits = watch(addr);
            over.store(true, Ordering::Relaxed);
            waits
        });
        flooded.push(waits?);
    }
    Ok(Rounds {
        quiet,
        flooded,
        checked: checked.into_inner(),
        refused: refused.into_inner(),
    })
}

fn unreachable(answer: &io::Result<u16>) -> u32 {
    println!("an answer that is neither 401 nor 503: {answer:?}");
    0
}

fn status(addr: SocketAddr) -> io::Result<u16> {
    let mut connection = connect(addr)?;
    answer(&mut connection, LOGIN)
}

fn watch(addr: SocketAddr) -> io::Result<Waits> {
    let mut connection = connect(addr)?;
    let end = Instant::now() + ROUND;
    let mut waits = Vec::new();
    while Instant::now() < end {
        let begin = Instant::now();
        let status = answer(&mut connection, PING)?;
        waits.push(begin.elapsed());
        assert_eq!(status, 200, "the other route answers");
        thread::sleep(PAUSE);
    }
    waits.sort_unstable();
    let at = |share: usize| waits.get(waits.len() * share / 100).copied();
    Ok(Waits {
        half: at(50).unwrap_or_default(),
        most: at(99).unwrap_or_default(),
    })
}

fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    let connection = TcpStream::connect(addr)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    Ok(connection)
}

/// The status of an answer that comes in one piece, as these do.
fn answer(connection: &mut TcpStream, request: &[u8]) -> io::Result<u16> {
    connection.write_all(request)?;
    let mut bytes = [0; 4096];
    let read = connection.read(&mut bytes)?;
    let text = String::from_utf8_lossy(bytes.get(..read).unwrap_or_default());
    let status = text.get(9..12).and_then(|digits| digits.parse().ok());
    status.ok_or(io::ErrorKind::InvalidData.into())
}

fn tell(rounds: &Rounds) {
    let middle = |waits: &[Waits], of: fn(&Waits) -> Duration| {
        let mut each: Vec<f64> = waits.iter().map(|it| of(it).as_secs_f64() * 1e6).collect();
        each.sort_by(f64::total_cmp);
        each.get(each.len() / 2).copied().unwrap_or(f64::NAN)
    };
    println!("another route, while {LOGINS} logins come again and again, time for a request:");
    for (name, of) in [
        ("p50", (|it| it.half) as fn(&Waits) -> Duration),
        ("p99", |it| it.most),
    ] {
        let (quiet, flooded) = (middle(&rounds.quiet, of), middle(&rounds.flooded, of));
        let ratio = flooded / quiet;
        println!(
            "{name:<18} flooded {flooded:>8.0} µs   quiet {quiet:>17.0} µs   ratio {ratio:.2}"
        );
    }
    let (checked, refused) = (rounds.checked, rounds.refused);
    println!("logins: {checked} checked, {refused} refused with 503");
}
