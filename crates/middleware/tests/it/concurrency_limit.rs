use std::sync::Arc;
use std::time::Duration;

use http::Method;
use plumego_contract::{Body, Limit, Methods, Request, RequestContext, Response, RouteInfo};
use plumego_middleware::concurrency_limit::{
    ConcurrencyLimitConfig, ConcurrencyLimitLayer, ConcurrencyStats,
};
use plumego_middleware::{ConcurrencyLimitLayer as Exported, RecoverLayer};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tower::{Layer, ServiceExt};

use crate::harness::{Handler, Step, get, header, json, routed, stream};

/// A layer around a handler that says when it has begun and answers when it is let.
struct Rig {
    layer: ConcurrencyLimitLayer,
    may_end: Arc<Semaphore>,
    begin: mpsc::UnboundedSender<String>,
    begun: mpsc::UnboundedReceiver<String>,
}

impl Rig {
    fn new(max_concurrent: usize, max_queued: usize) -> Self {
        let mut config = ConcurrencyLimitConfig::default();
        config.max_concurrent = max_concurrent;
        config.max_queued = max_queued;
        let (sender, begun) = mpsc::unbounded_channel();
        Self {
            layer: ConcurrencyLimitLayer::new(config).unwrap(),
            may_end: Arc::new(Semaphore::new(0)),
            begin: sender,
            begun,
        }
    }

    fn send_request(&self, request: Request) -> JoinHandle<Response> {
        let (begin, may_end) = (self.begin.clone(), Arc::clone(&self.may_end));
        let handler = move |request: Request| {
            let (begin, may_end) = (begin.clone(), Arc::clone(&may_end));
            async move {
                begin.send(request.uri().path().to_owned()).unwrap();
                may_end.acquire().await.unwrap().forget();
                Response::new(Body::from("ok"))
            }
        };
        let service = self.layer.layer(Handler(handler));
        tokio::spawn(async move { service.oneshot(request).await.unwrap() })
    }

    /// Sends a request and waits until it is in the handler.
    async fn send_running(&mut self, path: &str) -> JoinHandle<Response> {
        let running = self.send_request(get(path));
        assert_eq!(self.begun.recv().await.unwrap(), path);
        running
    }

    /// Sends a request and waits until it is in the queue.
    async fn send_queued(&self, path: &str) -> JoinHandle<Response> {
        let before = self.layer.stats().queued;
        let queued = self.send_request(get(path));
        self.until(|stats| stats.queued > before).await;
        queued
    }

    async fn until(&self, there: impl Fn(ConcurrencyStats) -> bool) {
        while !there(self.layer.stats()) {
            tokio::task::yield_now().await;
        }
    }
}

#[test]
fn the_defaults() {
    let config = ConcurrencyLimitConfig::default();
    assert_eq!((config.max_concurrent, config.max_queued), (256, 512));
    assert_eq!(config.max_wait, Duration::from_millis(250));
    assert_eq!(config.max_waiting_bodies_per_client, Limit::At(64));
}

#[test]
fn a_configuration_out_of_bounds_is_refused_by_name() {
    type Change = fn(&mut ConcurrencyLimitConfig);
    let bad: [(&str, Change); 6] = [
        ("max_concurrent is 0, it must be from 1 to 1000000", |c| {
            c.max_concurrent = 0;
        }),
        ("max_concurrent is 1000001", |c| {
            c.max_concurrent = 1_000_001;
        }),
        ("max_queued is 18446744073709551615", |c| {
            c.max_queued = usize::MAX;
        }),
        ("it must be at most one minute", |c| {
            c.max_wait = Duration::MAX;
        }),
        ("max_waiting_bodies_per_client is 0", |c| {
            c.max_waiting_bodies_per_client = Limit::At(0);
        }),
        ("max_waiting_bodies_per_client is 1000001", |c| {
            c.max_waiting_bodies_per_client = Limit::At(1_000_001);
        }),
    ];
    for (expected, change) in bad {
        let mut config = ConcurrencyLimitConfig::default();
        change(&mut config);
        let error = Exported::new(config).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_finds_the_queue_full_is_told_at_once() {
    let mut rig = Rig::new(1, 1);
    let running = rig.send_running("/1").await;
    let queued = rig.send_queued("/2").await;
    let before = Instant::now();
    let refused = rig.send_request(get("/3")).await.unwrap();
    assert_eq!(Instant::now(), before);
    assert_eq!(refused.status(), 503);
    assert_eq!(header(&refused, "retry-after"), "1");
    assert_eq!(json(refused).await["code"], "server_busy");
    rig.may_end.add_permits(2);
    assert_eq!(running.await.unwrap().status(), 200);
    assert_eq!(queued.await.unwrap().status(), 200);
    let stats = rig.layer.stats();
    assert_eq!((stats.running, stats.queued), (0, 0));
    assert_eq!((stats.refused_busy, stats.refused_timeout), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_told_so() {
    let mut rig = Rig::new(1, 1);
    let running = rig.send_running("/1").await;
    let before = Instant::now();
    let refused = rig.send_request(get("/2")).await.unwrap();
    let waited = before.elapsed();
    assert!(waited >= Duration::from_millis(250) && waited < Duration::from_millis(260));
    assert_eq!(refused.status(), 503);
    assert_eq!(header(&refused, "retry-after"), "1");
    assert_eq!(json(refused).await["code"], "server_queue_timeout");
    rig.may_end.add_permits(1);
    running.await.unwrap();
    assert_eq!(rig.layer.stats().refused_timeout, 1);
    assert!(rig.begun.try_recv().is_err(), "its handler never ran");
}

#[tokio::test(start_paused = true)]
async fn first_come_first_served() {
    let mut rig = Rig::new(1, 5);
    let first = rig.send_running("/0").await;
    let mut queued = Vec::new();
    for path in ["/1", "/2", "/3", "/4", "/5"] {
        queued.push(rig.send_queued(path).await);
    }
    let mut order = Vec::new();
    for _ in 0..5 {
        rig.may_end.add_permits(1);
        order.push(rig.begun.recv().await.unwrap());
    }
    assert_eq!(order, ["/1", "/2", "/3", "/4", "/5"]);
    rig.may_end.add_permits(1);
    first.await.unwrap();
    for response in queued {
        assert_eq!(response.await.unwrap().status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_when_the_client_leaves() {
    let mut rig = Rig::new(1, 1);
    let running = rig.send_running("/1").await;
    let queued = rig.send_queued("/2").await;
    queued.abort();
    rig.until(|stats| stats.queued == 0).await;
    let next = rig.send_queued("/3").await;
    rig.may_end.add_permits(2);
    assert_eq!(running.await.unwrap().status(), 200);
    assert_eq!(next.await.unwrap().status(), 200);
    assert_eq!(
        rig.begun.recv().await.unwrap(),
        "/3",
        "the one that left never ran"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slot_comes_free_when_the_client_leaves_while_its_handler_runs() {
    let mut rig = Rig::new(1, 0);
    let running = rig.send_running("/1").await;
    running.abort();
    rig.until(|stats| stats.running == 0).await;
    rig.may_end.add_permits(1);
    assert_eq!(rig.send_request(get("/2")).await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn operational_routes_pass_a_full_server_and_take_no_slot() {
    let mut rig = Rig::new(1, 0);
    let running = rig.send_running("/1").await;
    assert_eq!(rig.send_request(get("/2")).await.unwrap().status(), 503);
    let mut route = RouteInfo::new(Methods::One(Method::GET), "/healthz");
    route.operational = true;
    let probe = rig.send_request(routed(get("/healthz"), route));
    assert_eq!(rig.begun.recv().await.unwrap(), "/healthz");
    assert_eq!(rig.layer.stats().running, 1);
    rig.may_end.add_permits(2);
    assert_eq!(probe.await.unwrap().status(), 200);
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_holds_no_slot() {
    let mut config = ConcurrencyLimitConfig::default();
    (config.max_concurrent, config.max_queued) = (1, 0);
    let layer = ConcurrencyLimitLayer::new(config).unwrap();
    let endless =
        |_: Request| async { Response::new(stream(vec![Step::Data(b"first"), Step::Hang])) };
    let mut open = Vec::new();
    for _ in 0..10 {
        let response = layer
            .layer(Handler(endless))
            .oneshot(get("/events"))
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        open.push(response);
    }
    assert_eq!(layer.stats().running, 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_gives_its_slot_back() {
    let mut config = ConcurrencyLimitConfig::default();
    (config.max_concurrent, config.max_queued) = (1, 0);
    let layer = ConcurrencyLimitLayer::new(config).unwrap();
    for _ in 0..3 {
        let service = layer.layer(Handler(|_: Request| async { panic!("boom") }));
        let response = RecoverLayer::new()
            .layer(service)
            .oneshot(get("/"))
            .await
            .unwrap();
        assert_eq!(response.status(), 500);
    }
    assert_eq!(layer.stats().running, 0);
}

#[tokio::test]
async fn never_more_than_allowed_run_at_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let mut config = ConcurrencyLimitConfig::default();
    (config.max_concurrent, config.max_queued) = (4, 1_000);
    config.max_wait = Duration::from_mins(1);
    let layer = ConcurrencyLimitLayer::new(config).unwrap();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let handler = {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        move |_: Request| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                let running = now.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(running, Ordering::SeqCst);
                for _ in 0..5 {
                    tokio::task::yield_now().await;
                }
                now.fetch_sub(1, Ordering::SeqCst);
                Response::new(Body::empty())
            }
        }
    };
    let requests: Vec<_> = (0..500)
        .map(|_| tokio::spawn(layer.layer(Handler(handler.clone())).oneshot(get("/"))))
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(most.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_noted_for_log_and_metrics() {
    let mut rig = Rig::new(1, 0);
    let running = rig.send_running("/1").await;
    let mut request = get("/2");
    let context = RequestContext::of(&mut request);
    let refused = timeout(Duration::from_secs(1), rig.send_request(request)).await;
    assert_eq!(refused.unwrap().unwrap().status(), 503);
    assert_eq!(context.error_code(), Some("server_busy"));
    rig.may_end.add_permits(1);
    running.await.unwrap();
}

impl Rig {
    fn set(&self, max_concurrent: usize, max_queued: usize) {
        let mut config = ConcurrencyLimitConfig::default();
        config.max_concurrent = max_concurrent;
        config.max_queued = max_queued;
        self.layer.set(config).unwrap();
    }

    fn counts(&self) -> (usize, usize) {
        let stats = self.layer.stats();
        (stats.running, stats.queued)
    }

    async fn end(&self, request: JoinHandle<Response>) {
        self.may_end.add_permits(1);
        assert_eq!(request.await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_limit_that_is_raised_lets_those_in_who_wait() {
    let mut rig = Rig::new(1, 8);
    let first = rig.send_running("/1").await;
    let second = rig.send_queued("/2").await;
    rig.set(2, 8);
    assert_eq!(rig.begun.recv().await.unwrap(), "/2");
    assert_eq!(rig.counts(), (2, 0));
    rig.may_end.add_permits(2);
    for request in [first, second] {
        assert_eq!(request.await.unwrap().status(), 200);
    }
    assert_eq!(rig.counts(), (0, 0));
}

#[tokio::test]
async fn a_limit_that_is_lowered_cuts_nobody_and_holds_once_they_have_ended() {
    let mut rig = Rig::new(3, 0);
    let mut running = Vec::new();
    for path in ["/1", "/2", "/3"] {
        running.push(rig.send_running(path).await);
    }
    rig.set(1, 0);
    assert_eq!(rig.counts(), (3, 0));
    // Two of the three slots are gone for good, and the third comes free with the last request.
    for request in running {
        let refused = rig.send_request(get("/refused")).await.unwrap();
        assert_eq!(refused.status(), 503);
        rig.end(request).await;
    }
    assert_eq!(rig.counts(), (0, 0));
    let one = rig.send_running("/one").await;
    assert_eq!(rig.send_request(get("/two")).await.unwrap().status(), 503);
    // Up again: what is owed is paid before new slots are made.
    rig.set(2, 0);
    let two = rig.send_running("/two").await;
    assert_eq!(rig.send_request(get("/3")).await.unwrap().status(), 503);
    rig.set(1, 0);
    rig.set(2, 0);
    assert_eq!(rig.counts(), (2, 0));
    rig.may_end.add_permits(2);
    for request in [one, two] {
        assert_eq!(request.await.unwrap().status(), 200);
    }
    assert_eq!(rig.counts(), (0, 0));
}

#[test]
fn a_limit_out_of_bounds_changes_nothing() {
    let layer = ConcurrencyLimitLayer::new(ConcurrencyLimitConfig::default()).unwrap();
    let mut config = ConcurrencyLimitConfig::default();
    config.max_concurrent = 0;
    assert!(layer.set(config).is_err());
    assert_eq!(layer.stats().running, 0);
}
