//! Each layer among those of others: between two of tower-http, in a router of axum, on a socket.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::routing::{Route, get};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use http_body::Body as HttpBody;
use plumego_contract::{BoxError, Request, Response};
use plumego_middleware::body_deadline::BodyDeadlineConfig;
use plumego_middleware::concurrency_limit::ConcurrencyLimitConfig;
use plumego_middleware::cors::CorsConfig;
use plumego_middleware::debug_errors::RouteList;
use plumego_middleware::rate_limit::{AbuseGuardConfig, RateLimitConfig};
use plumego_middleware::{
    AbuseGuardLayer, AuthenticateLayer, AuthorizeLayer, BodyDeadlineLayer, BodyLimitLayer,
    ConcurrencyLimitLayer, ConditionalLayer, CsrfLayer, DebugErrorsLayer, Next, ObserveLayer,
    RateLimitLayer, RecoverLayer, RequestIdLayer, SecurityHeadersLayer, SessionCheckLayer,
    TimeoutLayer, TokenAuthLayer, from_fn,
};
use plumego_stdx::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, Service, ServiceBuilder};
use tower_http::set_header::{SetResponseHeader, SetResponseHeaderLayer};
use tower_http::trace::TraceLayer;

use crate::auth::{Store, Tokens};

/// Longer than anything here takes; it only keeps a broken test from hanging.
const PATIENCE: Duration = Duration::from_mins(1);

/// Ours stands between two layers of tower-http, in a router of axum.
type Inner = SetResponseHeader<Route, HeaderValue>;

fn marker(name: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    let name = HeaderName::from_static(name);
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static("1"))
}

fn foreign_routes() -> axum::Router {
    let hang = async || std::future::pending::<()>().await;
    axum::Router::new()
        .route("/", get(async || "hello").post(async |body: String| body))
        .route("/large", get(async || "all work and no play ".repeat(1000)))
        .route("/hang", get(hang))
        .route("/panic", get(async || -> () { panic!("boom") }))
        .route("/tagged", get(async || ([("etag", "\"a\"")], "tagged")))
}

/// Serves with axum's own server, and answers where.
async fn serve<L, R>(layer: L) -> SocketAddr
where
    L: Layer<Inner> + Clone + Send + Sync + 'static,
    L::Service: Service<axum::extract::Request, Response = http::Response<R>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    <L::Service as Service<axum::extract::Request>>::Future: Send,
    R: HttpBody<Data = Bytes, Error: Into<BoxError> + std::fmt::Display> + Send + 'static,
{
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(marker("x-outer"))
        .layer(layer)
        .layer(marker("x-inner"));
    let app = foreign_routes().layer(stack);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    addr
}

/// The whole answer to a request whose first line and headers these are.
async fn ask(addr: SocketAddr, head: &str, body: &str) -> String {
    let length = body.len();
    let request =
        format!("{head}\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = socket.read_to_end(&mut answer);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// What one layer does to one request.
struct Effect {
    head: &'static str,
    body: &'static str,
    status: u16,
    /// Is in the answer.
    part: &'static str,
    /// Whether it came to what lies inside.
    inside: bool,
}

const fn effect(head: &'static str, status: u16, part: &'static str, inside: bool) -> Effect {
    Effect {
        head,
        body: "",
        status,
        part,
        inside,
    }
}

const fn sent(body: &'static str, mut effect: Effect) -> Effect {
    effect.body = body;
    effect
}

async fn check(name: &str, addr: SocketAddr, effect: Effect) {
    let answer = ask(addr, effect.head, effect.body).await;
    let status = format!("HTTP/1.1 {} ", effect.status);
    assert!(answer.starts_with(&status), "{name}: {answer}");
    assert!(answer.contains(effect.part), "{name}: {answer}");
    assert!(answer.contains("x-outer: 1\r\n"), "{name}: {answer}");
    let inside = answer.contains("x-inner: 1\r\n");
    assert_eq!(inside, effect.inside, "{name}: {answer}");
}

#[tokio::test]
async fn layers_that_mark_every_answer() {
    let cors = CorsConfig::any_origin().build().unwrap();
    let mark = from_fn(async |request: Request, next: Next| -> Response {
        let mut response = next.run(request).await;
        let yes = HeaderValue::from_static("yes");
        response.headers_mut().insert("x-own", yes);
        response
    });
    let debug = DebugErrorsLayer::new(RouteList::new());
    let home = |part| effect("GET / HTTP/1.1", 200, part, true);
    let origin = "GET / HTTP/1.1\r\nOrigin: https://a.example";
    let allowed = effect(origin, 200, "access-control-allow-origin: *", true);
    let tagged = "GET /tagged HTTP/1.1\r\nIf-None-Match: \"a\"";
    let known = effect(tagged, 304, "etag: \"a\"", true);
    // Not an error of ours: it stays what it is.
    let missing = effect("GET /nowhere HTTP/1.1", 404, "content-length: 0", true);
    check(
        "request id",
        serve(RequestIdLayer::new()).await,
        home("x-request-id: "),
    )
    .await;
    check(
        "observe",
        serve(ObserveLayer::new()).await,
        home("traceresponse: 00-"),
    )
    .await;
    let headers = serve(SecurityHeadersLayer::default()).await;
    check("security headers", headers, home("x-frame-options: DENY")).await;
    check("cors", serve(cors).await, allowed).await;
    check("conditional", serve(ConditionalLayer::new()).await, known).await;
    check("from_fn", serve(mark).await, home("x-own: yes")).await;
    check("debug errors", serve(debug).await, missing).await;
}

#[tokio::test]
async fn layers_that_limit() {
    let mut guard = AbuseGuardConfig::default();
    (guard.rate, guard.burst) = (1, 1);
    let mut slow = BodyDeadlineConfig::default();
    slow.total = Some(Duration::from_millis(50));
    let often = serve(AbuseGuardLayer::new(guard).unwrap()).await;
    check(
        "abuse guard",
        often,
        effect("GET / HTTP/1.1", 200, "ratelimit: ", true),
    )
    .await;
    let any = serve(RateLimitLayer::new(RateLimitConfig::new("any")).unwrap()).await;
    check(
        "rate limit",
        any,
        effect("GET / HTTP/1.1", 200, "ratelimit: ", true),
    )
    .await;
    let panics = effect("GET /panic HTTP/1.1", 500, "\"code\":\"internal\"", false);
    check("recover", serve(RecoverLayer::new()).await, panics).await;
    let small = serve(BodyLimitLayer::of(4)).await;
    let fits = effect("POST / HTTP/1.1", 200, "\r\n\r\n1234", true);
    check("body limit", small, sent("1234", fits)).await;
    let beyond = effect("POST / HTTP/1.1", 413, "body_too_large", false);
    check("body limit", small, sent("12345", beyond)).await;
    let late = effect("GET /hang HTTP/1.1", 504, "\"code\":\"timeout\"", false);
    let timeout = TimeoutLayer::new(Duration::from_millis(50));
    check("timeout", serve(timeout).await, late).await;

    let deadline = serve(BodyDeadlineLayer::new(slow).unwrap()).await;
    let flows = effect("POST / HTTP/1.1", 200, "\r\n\r\nwhole", true);
    check("body deadline", deadline, sent("whole", flows)).await;
    let mut socket = TcpStream::connect(deadline).await.unwrap();
    let stalled = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhal";
    socket.write_all(stalled).await.unwrap();
    let mut status = [0; 12];
    let read = socket.read_exact(&mut status);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    // The extractor of axum says 400 to every body that fails.
    assert_eq!(&status, b"HTTP/1.1 400");

    let mut config = ConcurrencyLimitConfig::default();
    (config.max_concurrent, config.max_queued) = (1, 0);
    let limit = ConcurrencyLimitLayer::new(config).unwrap();
    let narrow = serve(limit.clone()).await;
    check(
        "concurrency",
        narrow,
        effect("GET / HTTP/1.1", 200, "hello", true),
    )
    .await;
    let mut holder = TcpStream::connect(narrow).await.unwrap();
    let hang = b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n";
    holder.write_all(hang).await.unwrap();
    while limit.stats().running == 0 {
        tokio::task::yield_now().await;
    }
    check(
        "concurrency",
        narrow,
        effect("GET / HTTP/1.1", 503, "server_busy", false),
    )
    .await;
}

#[tokio::test]
async fn layers_that_ask_who_it_is() {
    let token = Secret::new("0123456789abcdef0123456789abcdef".to_owned());
    let token = serve(TokenAuthLayer::new([token]).unwrap()).await;
    let good = "GET / HTTP/1.1\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef";
    let stranger = || effect("GET / HTTP/1.1", 401, "www-authenticate: Bearer ", false);
    check("token", token, effect(good, 200, "hello", true)).await;
    check("token", token, stranger()).await;
    check(
        "authenticate",
        serve(AuthenticateLayer::new(Tokens)).await,
        stranger(),
    )
    .await;
    let session = SessionCheckLayer::new(Store::default());
    check("session", serve(session).await, stranger()).await;
    check(
        "authorize",
        serve(AuthorizeLayer::role("admin")).await,
        stranger(),
    )
    .await;
    let csrf = serve(CsrfLayer::default()).await;
    let cross = "POST / HTTP/1.1\r\nSec-Fetch-Site: cross-site";
    check("csrf", csrf, effect(cross, 403, "csrf_rejected", false)).await;
    let own = "POST / HTTP/1.1\r\nSec-Fetch-Site: same-origin";
    check("csrf", csrf, effect(own, 200, "", true)).await;
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn layers_that_code_and_decode() {
    use plumego_middleware::{CompressionLayer, DecompressionLayer};
    let ask = "GET /large HTTP/1.1\r\nAccept-Encoding: gzip";
    let coded = effect(ask, 200, "content-encoding: gzip\r\n", true);
    check("compression", serve(CompressionLayer::new()).await, coded).await;
    let decode = serve(DecompressionLayer::new()).await;
    let unknown = "POST / HTTP/1.1\r\nContent-Encoding: deflate";
    let refused = effect(unknown, 415, "unsupported_content_encoding", false);
    check("decompression", decode, sent("x", refused)).await;
    let plain = effect("POST / HTTP/1.1", 200, "\r\n\r\nplain", true);
    check("decompression", decode, sent("plain", plain)).await;
}
