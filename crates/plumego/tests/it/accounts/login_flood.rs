//! A flood of logins: most are refused at once, and other routes do not notice.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plumego::identity::hasher::{Hasher, HasherConfig};
use plumego::prelude::*;
use plumego::security::password::{Passwords, Verdict};
use plumego::stdx::Secret;
use tokio::task::JoinSet;

use crate::client::start;
use crate::wire::{Answer, Client};

const LOGINS: usize = 300;

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

async fn post_login(addr: SocketAddr) -> Answer {
    let mut client = Client::connect(addr).await;
    client
        .send("POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
        .await;
    client.answer().await
}

/// How long `/ping` takes, again and again on one connection, until told to stop.
async fn ping(addr: SocketAddr, stop: tokio::sync::oneshot::Receiver<()>) -> Vec<Duration> {
    let mut client = Client::connect(addr).await;
    let mut times = Vec::new();
    tokio::pin!(stop);
    loop {
        let start = Instant::now();
        assert_eq!(client.get("/ping").await.status(), 200);
        times.push(start.elapsed());
        if stop.as_mut().try_recv().is_ok() {
            return times;
        }
    }
}

fn hasher() -> (Hasher, String) {
    let passwords = Passwords::default();
    let stored = passwords.hash("correct horse battery staple").unwrap();
    let hasher = Hasher::new(passwords, HasherConfig::default()).unwrap();
    (hasher, stored)
}

// acceptance 21.1 (40), ASVS 5.0 2.4.1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_logins_at_once_are_bounded_and_leave_other_routes_alone() {
    let (hasher, stored) = hasher();
    let app = App::builder()
        .guards(|guards| guards.abuse_guard = None)
        .state(hasher.clone())
        .state(stored)
        .routes(|r| r.post("/login", login).get("/ping", async || "pong"));
    let (running, addr) = start(app).await;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let pings = tokio::spawn(ping(addr, stopped));

    let began = Instant::now();
    let mut logins = JoinSet::new();
    for _ in 0..LOGINS {
        logins.spawn(post_login(addr));
    }
    let answers = logins.join_all().await;
    let took = began.elapsed();
    let _ = stop.send(());
    let mut times = pings.await.unwrap();

    let (mut checked, mut refused) = (0, 0);
    for answer in &answers {
        match (answer.status(), answer.code().as_str()) {
            (401, "unauthenticated") => checked += 1,
            (503, "server_busy" | "server_queue_timeout") => {
                assert_eq!(answer.header("retry-after"), Some("2"), "{answer:?}");
                refused += 1;
            }
            _ => panic!("{answer:?}"),
        }
    }
    // Those that had a place, and those that got one while others were done.
    assert!(checked >= 1 && refused >= 1, "{checked} {refused}");
    let stats = hasher.stats();
    assert_eq!((stats.done, stats.refused), (checked, refused));
    assert_eq!(stats.present, 0);

    times.sort_unstable();
    let median = times[times.len() / 2];
    println!(
        "{checked} checked, {refused} refused in {took:?}; {} pings, median {median:?}, \
              slowest {:?}",
        times.len(),
        times.last()
    );
    // If hashing held the threads that serve, a ping would wait for a row of hashes.
    assert!(
        median < took / 8,
        "median {median:?} of {}, flood {took:?}",
        times.len()
    );
    running.handle().shutdown();
    running.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hangs_up_does_not_get_a_second_place() {
    let (hasher, stored) = hasher();
    let mut config = HasherConfig::default();
    (config.threads, config.max_waiting) = (1, 0);
    let only = Hasher::new(Passwords::default(), config).unwrap();
    let password = || Secret::new("wrong horse".to_owned());

    // Begun, and given up after the first poll: it holds the only place until it is done.
    let mut first = Box::pin(only.verify(password(), Some(stored.clone())));
    let begun = std::future::poll_fn(|cx| std::task::Poll::Ready(first.as_mut().poll(cx))).await;
    assert!(begun.is_pending());
    drop(first);
    let second = only.verify(password(), Some(stored.clone())).await;
    let is_done = only.stats().done == 1;
    assert!(is_done || second.unwrap_err().code() == "server_busy");
    while only.stats().present > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(only.stats().done.min(1), 1);
    let third = only.verify(password(), Some(stored)).await.unwrap();
    assert_eq!(third, Verdict::Mismatch);
    drop(hasher);
}

#[tokio::test]
async fn what_is_stored_may_not_take_more_than_the_budget() {
    let (hasher, _) = hasher();
    let stored = "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaA";
    let password = Secret::new("correct horse".to_owned());
    let error = hasher
        .verify(password, Some(stored.to_owned()))
        .await
        .unwrap_err();
    assert_eq!((error.status().as_u16(), error.detail()), (500, None));
    assert_eq!(hasher.stats().done, 0);

    let mut config = HasherConfig::default();
    config.memory_kib = 64 * 1024;
    let problems = Hasher::new(Passwords::default(), config).unwrap_err();
    assert!(
        problems
            .to_string()
            .contains("one stored hash may ask for 131072")
    );
}
