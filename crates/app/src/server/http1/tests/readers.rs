//! Clients that read slowly, or not at all: they have the time that they have with the engine.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use plumego_contract::AppContext;
use plumego_observe::metrics::Metrics;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::handlers::{Seen, router};
use super::{Answer, Way, connection, counted, in_time, pass, shared, split};
use crate::server::{DRAINING, Shared};

/// An answer of 16 KiB less one goes the short way.
const GET: &[u8] = b"GET /below HTTP/1.1\r\nhost: x\r\n\r\n";

struct Line {
    client: DuplexStream,
    shared: Arc<Shared>,
    metrics: Metrics,
    /// When the connection ended.
    ended: JoinHandle<Duration>,
}

impl Line {
    /// With room for so little that nearly all of an answer waits.
    async fn open(way: Way, request: &[u8]) -> Self {
        let router = router(&Seen::default()).freeze(AppContext::default());
        let metrics = Metrics::default();
        let shared = shared(router.unwrap(), &metrics);
        let (mut client, server) = tokio::io::duplex(64);
        let opened = Instant::now();
        let run = connection(way, shared.clone(), server);
        let ended = tokio::spawn(async move {
            run.await;
            opened.elapsed()
        });
        client.write_all(request).await.unwrap();
        Self {
            client,
            shared,
            metrics,
            ended,
        }
    }
}

/// Reads so many bytes a second until there are so many, and then no more.
async fn read(way: Way, pace: usize, most: usize) -> (usize, u128, Vec<String>) {
    let mut line = Line::open(way, GET).await;
    let mut got = 0;
    while got < most && !line.ended.is_finished() {
        let mut part = vec![0; pace.min(most - got)];
        got += line.client.read(&mut part).await.unwrap();
        if got % pace == 0 {
            pass(Duration::from_secs(1)).await;
        }
    }
    let age = (&mut line.ended).await.unwrap();
    (got, age.as_millis(), counted(&line.metrics))
}

#[test]
fn slow_readers_have_the_time_that_they_have_with_the_engine() {
    let write = "http_connections_timed_out_total{phase=\"write\"} 1";
    let idle = "http_connections_timed_out_total{phase=\"idle\"} 1";
    for (pace, most, expected) in [
        (1, 0, write),
        (1, usize::MAX, write),
        (240, 9_000, write),
        (100_000, 9_000, write),
        (240, 16_500, idle),
    ] {
        let [short, engine] = [Way::Short, Way::Engine].map(|way| in_time(read(way, pace, most)));
        assert_eq!(short.0, engine.0, "{pace} a second, {most} at most");
        assert!(short.1.abs_diff(engine.1) < 5, "{short:?} {engine:?}");
        assert_eq!(short.2, [expected], "{pace} a second, {most} at most");
        assert_eq!(engine.2, [expected], "{pace} a second, {most} at most");
    }
}

/// Drains while the answer to `first` waits to be read, and another request behind it.
async fn drained(way: Way, first: &[u8]) -> Vec<Answer> {
    let mut line = Line::open(way, first).await;
    line.client.write_all(GET).await.unwrap();
    pass(Duration::from_secs(1)).await;
    line.shared.turns.begin(1, Duration::from_secs(10));
    line.shared.state.fetch_max(DRAINING, Ordering::AcqRel);
    line.shared.draining.cancel();
    line.shared.registry.wake_all();
    let mut got = Vec::new();
    for _ in 0..3 {
        pass(Duration::from_millis(100)).await;
        got.push(line.client.read_u8().await.unwrap());
    }
    line.client.read_to_end(&mut got).await.unwrap();
    drop(line.client);
    line.ended.await.unwrap();
    split(&got)
}

/// An answer that says that it is the last was cut off where it stood when the server drained.
#[test]
fn answers_that_wait_are_sent_whole_when_the_server_drains() {
    let close = b"GET /below HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let large = b"GET /beyond HTTP/1.1\r\nhost: x\r\n\r\n";
    for way in [Way::Short, Way::Engine] {
        for (first, lengths) in [
            (GET, &[16_383, 16_383][..]),
            (&close[..], &[16_383]),
            (&large[..], &[16_385, 16_383]),
        ] {
            let answers = in_time(drained(way, first));
            let told = format!("{way:?} {}", first.escape_ascii());
            let sent: Vec<usize> = answers.iter().map(|answer| answer.rest.len()).collect();
            assert_eq!(sent, lengths, "{told}");
            let closes = |it: &Answer| it.lines.iter().any(|line| line == "connection: close");
            assert!(answers.last().is_some_and(closes), "{told}");
        }
    }
}
