//! What is done to servers that speak HTTP/2: the connection that does it ends, and the others are
//! served meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use plumego_app::{AppBuilder, Running};
use plumego_contract::{Body, OnDisconnect};
use plumego_observe::metrics::Metrics;
use tokio::io::AsyncWriteExt;

use super::wire::{self, Answer, Wire, block, frame, get, post, pseudo, reset};
use super::{connect, request, text};
use crate::client::{app_with, stop, within};
use crate::limits::connections::{until, value};

/// More than any of them needs.
const MOST: usize = 64 << 20;

/// Handlers that run, and those who count them.
#[derive(Clone, Default)]
struct Held(Arc<AtomicUsize>);

impl Held {
    fn enter(&self) -> Self {
        self.0.fetch_add(1, Ordering::AcqRel);
        self.clone()
    }
}

/// One that has entered leaves.
struct Leave(Held);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn served(held: Held) -> AppBuilder {
    app_with(|config| {
        // It is the server that is attacked here, and all come from one address.
        config.abuse_guard_enabled = false;
        config.max_concurrency = plumego_stdx::Limit::Unlimited;
        config.http2_max_resets = 50;
    })
    .routes(move |r| {
        r.get("/", async || "here")
            .get("/held", async move || {
                let _leave = Leave(held.enter());
                std::future::pending::<&'static str>().await
            })
            .get("/large", async || "x".repeat(1 << 20))
            .post("/", async |body: Body| body.into_bytes(1 << 20).await)
            .post("/unread", async |body: Body| {
                let _body = body;
                std::future::pending::<&'static str>().await
            })
            // It never ends by itself, and a POST whose client has gone is run to its end.
            .on_disconnect(OnDisconnect::Cancel)
    })
}

async fn begin(held: Held) -> (Running, SocketAddr, Metrics) {
    let app = served(held).build().unwrap();
    let metrics = app.metrics().clone();
    let running = app.start().await.unwrap();
    let addr = running.addrs()[0];
    (running, addr, metrics)
}

/// Asks by the same protocol until it is over. All answers must come.
async fn healthy(addr: SocketAddr, over: Arc<AtomicBool>) -> usize {
    let (mut send, connection) = connect(addr).await;
    let mut count = 0;
    while count < 20 || !over.load(Ordering::Acquire) {
        let answer = within(send.send_request(request("GET", "/", ""))).await;
        assert_eq!(text(answer.unwrap()).await, "here");
        count += 1;
    }
    drop(send);
    within(connection).await.unwrap().unwrap();
    count
}

/// A client that says one thing, and then another again and again.
struct Attack {
    name: &'static str,
    opening: Vec<u8>,
    again: Box<dyn FnMut(u32) -> Vec<u8> + Send>,
    /// What the last frame from the server says, when it arrives before the end.
    code: u32,
}

impl Attack {
    fn new(name: &'static str, again: impl FnMut(u32) -> Vec<u8> + Send + 'static) -> Self {
        Self {
            name,
            opening: Vec::new(),
            again: Box::new(again),
            code: wire::ENHANCE_YOUR_CALM,
        }
    }

    fn after(mut self, opening: impl Into<Vec<u8>>) -> Self {
        self.opening = opening.into();
        self
    }
}

fn attacks() -> Vec<Attack> {
    let part = block(&[("x-part", &"y".repeat(1000))]);
    // 61 is the first place of the static table's end: the last field that came is at 62.
    let bomb = {
        let mut field = vec![0x40];
        field.extend(&block(&[("x-bomb", &"y".repeat(3900))])[1..]);
        [block(&pseudo("GET", "/")), field].concat()
    };
    let bombs = [block(&pseudo("GET", "/")), vec![0xbe; 14_000]].concat();
    let head = wire::HEADERS;
    let unended = frame(head, wire::END_STREAM, 1, &block(&pseudo("GET", "/")));
    let all = wire::END_STREAM | wire::END_HEADERS;
    vec![
        // CVE-2023-44487
        Attack::new("rapid reset", |n| {
            let stream = 2 * n + 1;
            [get(stream, "/held"), reset(stream, wire::CANCEL)].concat()
        }),
        // CVE-2024-27316
        Attack::new("endless head, small", |_| {
            frame(wire::CONTINUATION, 0, 1, &block(&[("a", "b")]))
        })
        .after(unended.clone()),
        Attack::new("endless head, empty", |_| {
            frame(wire::CONTINUATION, 0, 1, &[])
        })
        .after(unended.clone()),
        Attack::new("endless head, large", move |_| {
            frame(wire::CONTINUATION, 0, 1, &part.repeat(16))
        })
        .after(unended),
        // CVE-2016-6581: a byte stands for four thousand.
        Attack::new("fields that unpack", move |n| {
            frame(head, all, 2 * n + 3, &bombs)
        })
        .after(frame(head, all, 1, &bomb)),
        // CVE-2019-9512
        Attack::new("pings", |_| frame(wire::PING, 0, 0, &[7; 8])),
        // CVE-2019-9515
        Attack::new("settings", |_| wire::settings(&[])),
        Attack::new("settings that change", |n| {
            wire::settings(&[(4, 65_535 - n % 2), (1, n % 4096)])
        }),
        // CVE-2019-9513
        Attack::new("priorities", |_| {
            frame(wire::PRIORITY, 0, 1, &[0, 0, 0, 0, 1])
        }),
        Attack::new("windows", |_| wire::window_update(0, 1)),
        Attack::new("windows of a stream", |_| wire::window_update(1, 1)).after(get(1, "/held")),
        Attack::new("frames of no known kind", |_| frame(0x77, 0, 0, b"?")),
        // CVE-2019-9518
        Attack::new("empty data", |_| frame(wire::DATA, 0, 1, &[])).after(post(1, "/unread")),
        Attack::new("data of one byte", |_| frame(wire::DATA, 0, 1, b"x"))
            .after(post(1, "/unread")),
        // CVE-2025-8671: the client has the server reset its streams.
        Attack::new("streams that break", |n| {
            let stream = 2 * n + 1;
            [
                get(stream, "/held"),
                wire::window_update(stream, 0x7fff_ffff),
            ]
            .concat()
        }),
    ]
}

/// Until the server has had enough.
async fn run(addr: SocketAddr, attack: &mut Attack) -> Option<u32> {
    let wire = Wire::open(addr, &attack.opening).await;
    let (read, mut write) = wire.0.into_split();
    let flood = async {
        let (mut sent, mut n) = (0, 0);
        loop {
            let mut bytes = Vec::new();
            while bytes.len() < 8192 {
                bytes.extend((attack.again)(n));
                n += 1;
            }
            if write.write_all(&bytes).await.is_err() {
                break;
            }
            sent += bytes.len();
            assert!(sent < MOST, "{}: it takes all of this", attack.name);
        }
    };
    let end = async {
        let mut read = read;
        wire::end(&mut read).await
    };
    within(async { tokio::join!(flood, end).1 }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_attacks_is_cut_and_the_others_are_served() {
    let held = Held::default();
    let (running, addr, metrics) = begin(held.clone()).await;
    for mut attack in attacks() {
        let over = Arc::new(AtomicBool::new(false));
        let healthy = tokio::spawn(healthy(addr, over.clone()));
        let code = run(addr, &mut attack).await;
        over.store(true, Ordering::Release);
        assert!(healthy.await.unwrap() > 0);
        // The end may overtake the word.
        let expected = code.is_none_or(|code| code == attack.code);
        assert!(expected, "{}: {code:?}", attack.name);
        until(&metrics, "http_connections_active", 0).await;
        assert_eq!(held.0.load(Ordering::Acquire), 0, "{}", attack.name);
    }
    let counted = |kind: &str| {
        let series = format!("http_connection_errors_total{{kind=\"{kind}\"}}");
        value(&metrics, &series)
    };
    assert_eq!(counted("too_many_frames"), 7);
    stop(running).await;
}

/// Waits until the server has seen all that was sent.
async fn settled(wire: &mut Wire) -> bool {
    wire.send(&frame(wire::PING, 0, 0, &[1; 8])).await;
    while let Some(frame) = wire.frame().await {
        if frame.kind == wire::PING && frame.flags == wire::ACK {
            return true;
        }
    }
    false
}

/// As slow as the engine wants it, so that each handler begins: the engine counts nothing then.
#[tokio::test]
async fn streams_that_are_given_up_one_by_one_end_the_connection() {
    let held = Held::default();
    let (running, addr, metrics) = begin(held.clone()).await;
    let mut wire = Wire::open(addr, &[]).await;
    let mut given_up = 0;
    for n in 0..1000 {
        wire.send(&get(2 * n + 1, "/held")).await;
        let began = settled(&mut wire).await;
        wire.send(&reset(2 * n + 1, wire::CANCEL)).await;
        if !began || !settled(&mut wire).await {
            break;
        }
        given_up += 1;
    }
    assert!((50..60).contains(&given_up), "{given_up}");
    until(&metrics, "http_connections_active", 0).await;
    let series = "http_connection_errors_total{kind=\"too_many_resets\"}";
    assert_eq!(value(&metrics, series), 1);
    assert_eq!(held.0.load(Ordering::Acquire), 0);
    stop(running).await;
}

/// A page that is left, a search that is typed on: half of the requests are given up.
#[tokio::test]
async fn who_gives_up_no_more_than_it_waits_for_is_served() {
    let (running, addr, _) = begin(Held::default()).await;
    let mut wire = Wire::open(addr, &[]).await;
    for n in 0..150 {
        let stream = 4 * n + 1;
        wire.send(&get(stream, "/held")).await;
        assert!(settled(&mut wire).await);
        wire.send(&[reset(stream, wire::CANCEL), get(stream + 2, "/")].concat())
            .await;
        assert_eq!(wire.answer(stream + 2).await.status(), Some(200), "{n}");
    }
    drop(wire);
    stop(running).await;
}

#[tokio::test]
async fn streams_beyond_the_most_are_refused_and_the_others_go_on() {
    let held = Held::default();
    let (running, addr, _) = begin(held.clone()).await;
    let mut wire = Wire::open(addr, &[]).await;
    let streams: Vec<u8> = (0..251).flat_map(|n| get(2 * n + 1, "/held")).collect();
    wire.send(&streams).await;
    let refused = wire.next(wire::RST_STREAM).await.unwrap();
    assert_eq!(refused.stream, 501);
    assert_eq!(refused.code(), Some(wire::REFUSED_STREAM));
    assert!(settled(&mut wire).await);
    assert_eq!(held.0.load(Ordering::Acquire), 250);
    // Who leaves makes room.
    wire.send(&reset(1, wire::CANCEL)).await;
    assert!(settled(&mut wire).await);
    wire.send(&get(503, "/")).await;
    assert_eq!(wire.answer(503).await.status(), Some(200));
    drop(wire);
    stop(running).await;
}

#[tokio::test]
async fn head_that_unpacks_to_more_than_allowed_is_431() {
    let (running, addr, _) = begin(Held::default()).await;
    let mut wire = Wire::open(addr, &[]).await;
    // Twice 64 KiB, from half as many bytes.
    let mut fields = block(&pseudo("GET", "/"));
    fields.push(0x40);
    fields.extend(&block(&[("x-bomb", &"y".repeat(3900))])[1..]);
    fields.extend([0xbe; 33]);
    let flags = wire::END_STREAM | wire::END_HEADERS;
    wire.send(&frame(wire::HEADERS, flags, 1, &fields)).await;
    assert_eq!(wire.answer(1).await.status(), Some(431));
    wire.send(&get(3, "/")).await;
    assert_eq!(wire.answer(3).await.status(), Some(200));
    drop(wire);
    stop(running).await;
}

/// What a server that speaks to a peer that opens no window keeps is bounded, and ends in time.
#[tokio::test]
async fn windows_that_stay_shut_end_with_the_write_deadline() {
    let app = app_with(|config| {
        config.write_timeout = std::time::Duration::from_millis(300);
        config.abuse_guard_enabled = false;
    });
    let app = app.routes(|r| {
        r.get("/large", async || "x".repeat(1 << 20))
            .get("/", async || "here")
    });
    let app = app.build().unwrap();
    let metrics = app.metrics().clone();
    let running = app.start().await.unwrap();
    let mut wire = Wire::connect(running.addrs()[0]).await;
    let streams: Vec<u8> = (0..100).flat_map(|n| get(2 * n + 1, "/large")).collect();
    wire.send(&[wire::PREFACE, &wire::settings(&[(4, 0)]), &streams].concat())
        .await;
    let series = "http_connections_timed_out_total{phase=\"write\"}";
    until(&metrics, series, 100).await;
    // The connection itself did nothing wrong.
    wire.send(&[wire::settings(&[(4, 65_535)]), get(201, "/")].concat())
        .await;
    assert_eq!(
        wire.answer(201).await,
        Answer::Response {
            status: 200,
            body: "here".to_owned()
        }
    );
    drop(wire);
    stop(running).await;
}
