//! The fused layer does what the layers of the same names do around each other.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use plumego_contract::{AppContext, Body, Connection, Error, RequestContext, Response, codes};
use plumego_middleware::body_deadline::{BodyDeadlineConfig, BodyDeadlineLayer};
use plumego_middleware::concurrency_limit::{ConcurrencyLimitConfig, ConcurrencyLimitLayer};
use plumego_middleware::cors::CorsConfig;
use plumego_middleware::debug_errors::RouteList;
use plumego_middleware::rate_limit::{AbuseGuardConfig, AbuseGuardLayer, RateLimitHeaders};
use plumego_middleware::{
    BodyLimitLayer, DebugErrorsLayer, FusedGuard, FusedLayer, ObserveLayer, RecoverLayer,
    RequestIdLayer, SecurityHeadersLayer, TimeoutLayer,
};
use plumego_observe::record::{RequestRecord, RequestSink};
use plumego_router::{Frozen, Router};
use plumego_security::headers::{Csp, Directive, HeaderPolicy, Source};
use plumego_stdx::Limit;
use tower::ServiceBuilder;

use crate::harness::{Script, Step, get_from, stream};

/// What a record says, but for times and ids.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl RequestSink for Log {
    fn record(&self, record: &RequestRecord<'_>) {
        let id = record.request_id.is_some();
        let line = format!(
            "{} {} {} {:?} {:?} {} {} {id} {:?}",
            record.method,
            record.path,
            record.status,
            record.outcome,
            record.error_code,
            record.request_bytes,
            record.response_bytes,
            record.route,
        );
        self.0.lock().unwrap().push(line);
    }
}

/// The layers, each made once more for each of the two stacks.
fn layers(log: &Log, debug: bool) -> FusedLayer {
    let csp = Csp::standard().allow(Directive::ScriptSrc, Source::Nonce);
    let policy = HeaderPolicy::standard().csp(csp.build().unwrap());
    let mut abuse = AbuseGuardConfig::default();
    (abuse.rate, abuse.burst) = (1, 40);
    let mut slots = ConcurrencyLimitConfig::default();
    (slots.max_concurrent, slots.max_queued) = (1, 1);
    slots.max_wait = Duration::from_secs(2);
    let mut deadline = BodyDeadlineConfig::default();
    deadline.min_bytes_per_second = NonZeroU64::new(100);
    let mut layers = FusedLayer::default();
    layers.request_id = Some(RequestIdLayer::new());
    layers.observe = Some(ObserveLayer::new().sink(log.clone()));
    layers.debug_errors = debug.then(|| DebugErrorsLayer::new(RouteList::new()));
    layers.security_headers = Some(SecurityHeadersLayer::new(policy));
    layers.cors = Some(CorsConfig::origins(["https://a.example"]).build().unwrap());
    layers.abuse_guard = Some(AbuseGuardLayer::new(abuse).unwrap());
    layers.recover = Some(RecoverLayer::new());
    layers.body_limit = Some(BodyLimitLayer::new());
    layers.body_deadline = Some(BodyDeadlineLayer::new(deadline).unwrap());
    layers.concurrency_limit = Some(ConcurrencyLimitLayer::new(slots).unwrap());
    layers.timeout = Some(TimeoutLayer::new(Duration::from_secs(1)));
    layers
}

fn stacked(router: Router, on: FusedLayer) -> Router {
    let stack = ServiceBuilder::new()
        .option_layer(on.request_id)
        .option_layer(on.observe)
        .option_layer(on.debug_errors)
        .option_layer(on.security_headers)
        .option_layer(on.recover.filter(|_| on.cors.is_some()))
        .option_layer(on.cors)
        .option_layer(on.abuse_guard)
        .option_layer(on.recover)
        .option_layer(on.body_limit)
        .option_layer(on.body_deadline)
        .option_layer(on.concurrency_limit)
        .option_layer(on.timeout);
    router.layers(&["stack"], stack.into_inner())
}

async fn panics() -> &'static str {
    panic!("boom")
}

async fn panics_in_its_body() -> Response {
    Response::new(stream(vec![Step::Data(b"some"), Step::Panic("later")]))
}

async fn refuses() -> Result<&'static str, Error> {
    Err(Error::new(codes::CONFLICT))
}

/// What the policy would say, said by the handler.
async fn own() -> impl plumego_contract::IntoResponse {
    let headers = [
        ("x-frame-options", "SAMEORIGIN"),
        ("cache-control", "no-store"),
    ];
    (headers, "text")
}

async fn cookies() -> Response {
    let mut response = Response::new(Body::from("text"));
    let headers = response.headers_mut();
    headers.insert("content-type", "text/plain".parse().unwrap());
    for cookie in ["a=1", "b=2"] {
        headers.append("set-cookie", cookie.parse().unwrap());
    }
    response
}

async fn hangs() -> &'static str {
    std::future::pending().await
}

fn routes(router: Router) -> Frozen {
    let mut app = AppContext::default();
    app.max_body_bytes = Limit::At(8);
    router
        .get("/", async || "ok")
        .get("/panics", panics)
        .get("/panics-later", panics_in_its_body)
        .get("/refuses", refuses)
        .get("/hangs", hangs)
        .get("/nothing", async || StatusCode::NO_CONTENT)
        .get("/own", own)
        .get("/cookies", cookies)
        .get("/varies", async || ([("vary", "accept, origin")], "text"))
        .get("/limited", async || {
            ([("ratelimit", "\"inner\";r=1;t=1")], "text")
        })
        .get("/id", async || {
            (
                [("x-request-id", "its own"), ("traceresponse", "-")],
                "text",
            )
        })
        .post("/echo", async |body: String| body)
        .get("/health", async || "up")
        .operational()
        .freeze(app)
        .unwrap()
}

/// An answer without what differs from one to the next.
async fn seen(response: Response) -> Seen {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in response.headers() {
        let value = value.to_str().unwrap();
        let kept = match name.as_str() {
            "x-request-id" | "traceresponse" => value.len().to_string(),
            "content-security-policy" => mask(value),
            _ => value.to_owned(),
        };
        headers.entry(name.to_string()).or_default().push(kept);
    }
    let status = response.status();
    let body = http_body_util::BodyExt::collect(response.into_body()).await;
    let body = body.map_or_else(
        |error| error.to_string(),
        |body| String::from_utf8(body.to_bytes().to_vec()).unwrap(),
    );
    (status, headers, mask(&body))
}

/// Random ids and nonces as `#`.
fn mask(text: &str) -> String {
    let random = |word: &str| word.len() >= 16 && word.bytes().all(|b| b.is_ascii_alphanumeric());
    text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && !"+/=_-".contains(c))
        .map(|part| {
            let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '=');
            let plain = word.trim_start_matches("nonce-").trim_end_matches('=');
            if random(&plain.replace(['+', '/', '_', '-'], "x")) {
                part.replace(plain, "#")
            } else {
                part.to_owned()
            }
        })
        .collect()
}

fn requests() -> Vec<http::Request<Body>> {
    let with = |method: Method, path: &str, headers: &[(&'static str, &str)], body: Body| {
        let mut request = get_from("192.0.2.1", path);
        *request.method_mut() = method;
        *request.body_mut() = body;
        let mut map = HeaderMap::new();
        map.insert("host", "shop.example".parse().unwrap());
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        *request.headers_mut() = map;
        request
    };
    let origin = ("origin", "https://a.example");
    let asks = ("access-control-request-method", "POST");
    let long = || Body::new(Script(vec![Step::Data(b"12345"), Step::Data(b"67890")]));
    let slow = || Body::new(Script(vec![Step::Data(b"1"), Step::Hang]));
    let mut by_tls = with(Method::GET, "/", &[origin], Body::empty());
    let connection = by_tls.extensions_mut().get_mut::<Connection>().unwrap();
    connection.tls = true;
    vec![
        by_tls,
        with(Method::GET, "/", &[], Body::empty()),
        with(Method::HEAD, "/", &[], Body::empty()),
        with(Method::GET, "/", &[origin], Body::empty()),
        with(
            Method::GET,
            "/",
            &[("origin", "https://b.example")],
            Body::empty(),
        ),
        with(Method::GET, "/", &[("x-request-id", "mine")], Body::empty()),
        with(Method::OPTIONS, "/", &[origin, asks], Body::empty()),
        with(Method::OPTIONS, "/", &[origin], Body::empty()),
        with(Method::DELETE, "/", &[], Body::empty()),
        with(Method::GET, "/nowhere", &[origin], Body::empty()),
        with(
            Method::GET,
            "/nowhere",
            &[("accept", "text/html")],
            Body::empty(),
        ),
        with(Method::GET, "/panics", &[origin], Body::empty()),
        with(Method::GET, "/panics-later", &[], Body::empty()),
        with(Method::GET, "/refuses", &[], Body::empty()),
        with(Method::GET, "/hangs", &[], Body::empty()),
        with(Method::GET, "/health", &[origin], Body::empty()),
        with(Method::GET, "/nothing", &[origin], Body::empty()),
        with(Method::GET, "/own", &[origin], Body::empty()),
        with(Method::GET, "/own", &[], Body::empty()),
        with(Method::GET, "/cookies", &[origin], Body::empty()),
        with(Method::GET, "/varies", &[origin], Body::empty()),
        with(Method::GET, "/limited", &[origin], Body::empty()),
        with(Method::GET, "/id", &[origin], Body::empty()),
        with(Method::POST, "/echo", &[], Body::from("12345678")),
        with(Method::POST, "/echo", &[], Body::from("123456789")),
        with(
            Method::POST,
            "/echo",
            &[("content-length", "9")],
            Body::empty(),
        ),
        with(Method::POST, "/echo", &[], long()),
        with(Method::POST, "/echo", &[], slow()),
    ]
}

async fn send(service: &Frozen, request: http::Request<Body>) -> Response {
    let connection = *request.extensions().get::<Connection>().unwrap();
    service.dispatch(connection, request).response.await
}

/// The answer as a server sends it that adds the fields which were left to it: as lines, or to the
/// map.
async fn send_late(service: &Frozen, request: http::Request<Body>, as_lines: bool) -> Response {
    send_traced(service, request, as_lines).await.0
}

/// The same, with the context of the request.
async fn send_traced(
    service: &Frozen,
    request: http::Request<Body>,
    as_lines: bool,
) -> (Response, RequestContext) {
    let connection = *request.extensions().get::<Connection>().unwrap();
    let home = service.connect(connection);
    home.take_late_fields(true);
    let dispatch = service.dispatch_on(&home, request);
    let (mut response, context) = (dispatch.response.await, dispatch.context);
    let mut lines = Vec::new();
    context.write_late_fields(&mut lines);
    if lines.is_empty() {
        return (response, context);
    }
    LEFT.fetch_add(1, Ordering::Relaxed);
    if !as_lines {
        context.add_late_fields(response.headers_mut());
        return (response, context);
    }
    let lines = String::from_utf8(lines).unwrap();
    for line in lines.strip_suffix("\r\n").unwrap().split("\r\n") {
        let (name, value) = line.split_once(": ").unwrap();
        let name: http::HeaderName = name.parse().unwrap();
        response.headers_mut().append(name, value.parse().unwrap());
    }
    (response, context)
}

/// How often fields were left to the server.
static LEFT: AtomicUsize = AtomicUsize::new(0);

type Seen = (StatusCode, BTreeMap<String, Vec<String>>, String);

/// Every answer of one stack, in turn, and the records of all.
async fn answers<F>(
    log: &Log,
    send: impl Fn(http::Request<Body>) -> F,
) -> (Vec<(String, Seen)>, Vec<String>)
where
    F: Future<Output = Response>,
{
    let mut all = Vec::new();
    for request in requests() {
        let what = format!("{} {}", request.method(), request.uri());
        all.push((what, seen(send(request).await).await));
    }
    (all, log.0.lock().unwrap().clone())
}

async fn check(debug: bool, change: impl Fn(&mut FusedLayer)) {
    let log = Log::default();
    let mut fused = layers(&log, debug);
    change(&mut fused);
    let service = routes(Router::new().layers(&["stack"], fused));
    let (fused, fused_log) = answers(&log, |request| send(&service, request)).await;

    let log = Log::default();
    let mut apart = layers(&log, debug);
    change(&mut apart);
    let service = routes(stacked(Router::new(), apart));
    let (apart, apart_log) = answers(&log, |request| send(&service, request)).await;

    for (one, other) in fused.iter().zip(&apart) {
        assert_eq!(one, other);
    }
    assert_eq!(fused_log, apart_log);

    for as_lines in [true, false] {
        let log = Log::default();
        let mut outermost = layers(&log, debug);
        change(&mut outermost);
        let guard = FusedGuard::outermost(&outermost);
        let service = routes(Router::new().context_layer(&["stack"], guard));
        let send = |request| send_late(&service, request, as_lines);
        let (late, late_log) = answers(&log, send).await;
        for (one, other) in late.iter().zip(&apart) {
            assert_eq!(one, other);
        }
        assert_eq!(late_log, apart_log);
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_and_every_record_is_that_of_the_layers() {
    check(false, |_| {}).await;
}

fn guard(headers: RateLimitHeaders) -> AbuseGuardLayer {
    let mut config = AbuseGuardConfig::default();
    (config.rate, config.burst, config.headers) = (1, 40, headers);
    AbuseGuardLayer::new(config).unwrap()
}

/// Without a nonce the headers of an answer are put together beforehand.
#[tokio::test(start_paused = true)]
async fn headers_put_together_beforehand_are_those_of_the_layers() {
    let plain = || Some(SecurityHeadersLayer::default());
    check(false, |layers| layers.security_headers = plain()).await;
    assert!(LEFT.load(Ordering::Relaxed) > 0, "nobody left fields");
    for headers in [RateLimitHeaders::Off, RateLimitHeaders::Standard] {
        check(false, |layers| {
            layers.security_headers = plain();
            layers.abuse_guard = Some(guard(headers));
        })
        .await;
    }
    check(false, |layers| {
        layers.security_headers = plain();
        layers.cors = Some(plumego_middleware::CorsLayer::any_origin());
        layers.observe = layers
            .observe
            .take()
            .map(ObserveLayer::without_trace_response);
    })
    .await;
    check(false, |layers| {
        layers.security_headers = plain();
        (layers.cors, layers.abuse_guard, layers.request_id) = (None, None, None);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_a_developer_is_told_is_the_same() {
    check(true, |_| {}).await;
}

#[tokio::test(start_paused = true)]
async fn each_layer_can_be_left_out() {
    check(false, |layers| layers.request_id = None).await;
    check(false, |layers| layers.observe = None).await;
    check(false, |layers| layers.security_headers = None).await;
    check(false, |layers| layers.cors = None).await;
    check(false, |layers| layers.abuse_guard = None).await;
    check(false, |layers| layers.body_limit = None).await;
    check(false, |layers| layers.body_deadline = None).await;
    check(false, |layers| layers.concurrency_limit = None).await;
}

/// Beyond the quota, the slots and the queue.
async fn crowd(router: impl Fn(Router, FusedLayer) -> Router) -> Vec<(u16, Vec<String>)> {
    let log = Log::default();
    let service = routes(router(Router::new(), layers(&log, false)));
    let path = |path: &str| {
        let mut request = get_from("192.0.2.1", path);
        let host = http::HeaderValue::from_static("shop.example");
        request.headers_mut().insert("host", host);
        request
    };
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let (service, request) = (service.clone(), path("/hangs"));
        waiting.push(tokio::spawn(async move { send(&service, request).await }));
        tokio::task::yield_now().await;
    }
    let mut statuses = Vec::new();
    for answer in waiting {
        statuses.push(answer.await.unwrap().status().as_u16());
    }
    // Who waited has its turn, and who has its turn gives it back.
    statuses.push(send(&service, path("/")).await.status().as_u16());
    for _ in 0..45 {
        statuses.push(send(&service, path("/")).await.status().as_u16());
    }
    let over = send(&service, path("/")).await;
    statuses.push(over.status().as_u16());
    statuses.push(send(&service, path("/health")).await.status().as_u16());
    let lines = log.0.lock().unwrap().clone();
    statuses
        .into_iter()
        .map(|status| (status, lines.clone()))
        .collect()
}

/// acceptance 21.2 (11)
#[tokio::test(start_paused = true)]
async fn a_crowd_is_refused_as_by_the_layers() {
    let fused = crowd(|router, layers| router.layers(&["stack"], layers)).await;
    let statuses: Vec<u16> = fused.iter().map(|(status, _)| *status).collect();
    for status in [200, 429, 503, 504] {
        assert!(statuses.contains(&status), "{status}: {statuses:?}");
    }
    assert_eq!(statuses.last(), Some(&200), "a probe is let in");
    assert_eq!(fused, crowd(stacked).await);
}

/// A limit may change while the application runs, and answers say so at once.
#[tokio::test(start_paused = true)]
async fn headers_follow_a_limit_that_changes() {
    let mut on = layers(&Log::default(), false);
    on.security_headers = Some(SecurityHeadersLayer::default());
    let limit = on.abuse_guard.clone().unwrap();
    let service = routes(Router::new().layers(&["stack"], on));
    let policy = async || {
        let mut request = get_from("192.0.2.1", "/");
        let host = http::HeaderValue::from_static("shop.example");
        request.headers_mut().insert("host", host);
        let answer = send(&service, request).await;
        answer.headers()["ratelimit-policy"].clone()
    };
    assert_eq!(policy().await, "\"abuse-guard\";q=40;w=40");
    limit.set(2, 50).unwrap();
    assert_eq!(policy().await, "\"abuse-guard\";q=50;w=25");
}

/// The same where they are left to the server; and a layer around the guard sees them all.
#[tokio::test(start_paused = true)]
async fn fields_that_are_left_follow_a_limit_too_and_only_the_outermost_leaves_any() {
    let mut on = layers(&Log::default(), false);
    on.security_headers = Some(SecurityHeadersLayer::default());
    let limit = on.abuse_guard.clone().unwrap();
    let get = || {
        let mut request = get_from("192.0.2.1", "/");
        let host = http::HeaderValue::from_static("shop.example");
        request.headers_mut().insert("host", host);
        request
    };
    let guard = FusedGuard::outermost(&on);
    let service = routes(Router::new().context_layer(&["stack"], guard));
    limit.set(2, 50).unwrap();
    for as_lines in [true, false] {
        let answer = send_late(&service, get(), as_lines).await;
        assert_eq!(
            answer.headers()["ratelimit-policy"],
            "\"abuse-guard\";q=50;w=25"
        );
    }
    let unasked = send(&service, get()).await;
    assert!(unasked.headers().contains_key("x-frame-options"));
    let inner = FusedGuard::from(on);
    let service = routes(Router::new().context_layer(&["stack"], inner));
    let home = service.connect(*get().extensions().get::<Connection>().unwrap());
    home.take_late_fields(true);
    let dispatch = service.dispatch_on(&home, get());
    let answer = dispatch.response.await;
    assert!(answer.headers().contains_key("x-frame-options"));
    let mut lines = Vec::new();
    dispatch.context.write_late_fields(&mut lines);
    assert!(lines.is_empty());
}

/// Each answer carries the ids of its own request, in whatever way its headers get there.
#[tokio::test(start_paused = true)]
async fn fields_that_are_left_have_the_ids_of_their_own_request() {
    let mut on = layers(&Log::default(), false);
    on.security_headers = Some(SecurityHeadersLayer::default());
    on.observe = on.observe.map(ObserveLayer::with_span_id);
    let guard = FusedGuard::outermost(&on);
    let service = routes(Router::new().context_layer(&["stack"], guard));
    let mut ids = std::collections::HashSet::new();
    for as_lines in [true, false, true] {
        let mut request = get_from("192.0.2.1", "/");
        let host = http::HeaderValue::from_static("shop.example");
        request.headers_mut().insert("host", host);
        let (answer, context) = send_traced(&service, request, as_lines).await;
        assert!(!context.takes_late_fields(), "nothing was left");
        let trace = context.trace();
        let id = context.request_id().unwrap().as_str();
        for (name, expected) in [
            ("x-request-id", id),
            ("traceresponse", trace.traceparent().as_str()),
            ("x-span-id", trace.span_id().to_hex().as_str()),
        ] {
            let values: Vec<_> = answer.headers().get_all(name).iter().collect();
            assert_eq!(values, [expected], "{name}");
            assert!(ids.insert(expected.to_owned()), "{name}: {expected} twice");
        }
    }
}

/// A request whose client goes away: one record, and its slot is free again.
#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_is_recorded_once_and_frees_its_slot() {
    let log = Log::default();
    let service = routes(Router::new().layers(&["stack"], layers(&log, false)));
    let request = |path: &str| {
        let mut request = get_from("192.0.2.1", path);
        let host = http::HeaderValue::from_static("shop.example");
        request.headers_mut().insert("host", host);
        request
    };
    for _ in 0..3 {
        let mut hangs = Box::pin(send(&service, request("/hangs")));
        assert!(futures_poll(hangs.as_mut()).await, "it still works");
        drop(hangs);
    }
    assert_eq!(send(&service, request("/")).await.status(), 200);
    let lines = log.0.lock().unwrap().clone();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[0].contains("499 Cancelled"), "{lines:?}");
}

async fn futures_poll<F: Future + Unpin>(mut future: F) -> bool {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut future).poll(cx).is_pending())
    })
    .await
}
