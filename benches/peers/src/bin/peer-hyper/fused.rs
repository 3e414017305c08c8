//! The work of a production stack, fused by hand into one function around the routes.

mod browser;
mod record;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use peers::{Failure, Settings};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, SemaphorePermit};

use self::record::Record;
use crate::answer::{self, Answer};
use crate::clock::Clock;
use crate::deadlines::{Told, Watch, Watches};
use crate::limiter::{Decision, Limiter};
use crate::log::Log;
use crate::metrics::Metrics;
use crate::work::{Found, Route, Routes};

/// Connections at once. More wait in the queue of the system.
const MAX_CONNECTIONS: usize = 10_000;
/// Requests that wait for their turn, and for how long.
const QUEUE: usize = 512;
const QUEUE_TIMEOUT: Duration = Duration::from_millis(250);

/// Everything that requests share.
struct Stack {
    settings: Settings,
    routes: Routes,
    limiter: Limiter,
    /// The quota, for the header `RateLimit-Policy`.
    policy: HeaderValue,
    running: Semaphore,
    waiting: AtomicUsize,
    clock: Arc<Clock>,
    log: Option<Log>,
    metrics: Option<Metrics>,
}

pub(crate) async fn serve(settings: Settings) -> Result<(), Failure> {
    let listener = TcpListener::bind(peers::address(&settings)).await?;
    let stack = Arc::new(Stack::new(settings)?);
    let mut term = signal(SignalKind::terminate())?;
    let serving = accept(&listener, &stack);
    tokio::select! {
        () = serving => {}
        _ = term.recv() => {}
    }
    if let Some(log) = &stack.log {
        log.end();
    }
    Ok(())
}

async fn accept(listener: &TcpListener, stack: &Arc<Stack>) {
    let watches = Watches::default();
    tokio::spawn(watches.clone().look());
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of file descriptors: some will be closed.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let watch = Arc::new(Watch::new());
        let (stack, watched) = (Arc::clone(stack), Arc::clone(&watch));
        let task = tokio::spawn(async move {
            connection(&stack, stream, peer, watched).await;
            drop(permit);
        });
        watches.add(&watch, task.abort_handle());
    }
}

async fn connection(stack: &Stack, stream: TcpStream, peer: SocketAddr, watch: Arc<Watch>) {
    let _ = stream.set_nodelay(true);
    let (ip, state) = (peer.ip(), Arc::clone(&watch));
    let service = service_fn(|request| {
        watch.request();
        let watch = &watch;
        async move {
            let answer = stack.answer(ip, request).await;
            watch.answered();
            Ok::<_, Infallible>(answer)
        }
    });
    let io = Told::new(stream, state);
    // A client that goes away is no error of the server.
    let _ = http1::Builder::new().serve_connection(io, service).await;
}

impl Stack {
    fn new(settings: Settings) -> Result<Self, Failure> {
        let clock = Arc::new(Clock::new());
        let file = peers::log_file(&settings)?;
        let routes = Routes::new()?;
        let policy = format!("\"default\";q={};w=1", settings.rate);
        Ok(Self {
            limiter: Limiter::new(settings.rate, settings.burst),
            policy: HeaderValue::try_from(policy)?,
            running: Semaphore::new(settings.concurrency),
            waiting: AtomicUsize::new(0),
            log: file.map(|file| Log::new(file, Arc::clone(&clock))),
            metrics: settings.metrics.then(|| Metrics::new(routes.count())),
            routes,
            clock,
            settings,
        })
    }

    async fn answer(&self, client: IpAddr, request: Request<Incoming>) -> Answer {
        let start = self.clock.now();
        let (parts, body) = request.into_parts();
        let found = self.routes.find(&parts.method, parts.uri.path());
        let route = match found {
            Found::Route(_, at) => Some(at),
            Found::Nothing | Found::OtherMethod => None,
        };
        let id = record::request_id(&parts);
        let record = Record::begin(self, &parts, client, route, id.as_ref(), start);
        let (mut answer, quota) = if browser::is_preflight(&parts) {
            (browser::preflight(&parts), None)
        } else {
            self.limited(&parts, body, found, client, start).await
        };
        let headers = answer.headers_mut();
        if let Some(quota) = quota {
            headers.insert("ratelimit-policy", self.policy.clone());
            headers.insert("ratelimit", record::quota(quota));
        }
        browser::mark(&parts, headers);
        if let Some(id) = &id {
            headers.insert("x-request-id", id.clone());
        }
        record.end(&answer);
        answer
    }

    /// Everything that may refuse a request, cheapest first.
    async fn limited(
        &self,
        parts: &Parts,
        body: Incoming,
        found: Found,
        client: IpAddr,
        now: u64,
    ) -> (Answer, Option<Decision>) {
        let quota = self.limiter.check(client, now);
        if !quota.allowed {
            let mut answer = answer::refusal(429);
            let after = HeaderValue::from(quota.seconds);
            answer.headers_mut().insert(RETRY_AFTER, after);
            return (answer, Some(quota));
        }
        if announced(parts) > self.settings.body {
            return (answer::refusal(413), Some(quota));
        }
        let answer = match found {
            Found::Nothing => answer::refusal(404),
            Found::OtherMethod => answer::refusal(405),
            Found::Route(route, _) => self.bounded(route, body).await,
        };
        (answer, Some(quota))
    }

    /// Within the limit of concurrency.
    async fn bounded(&self, route: Route, body: Incoming) -> Answer {
        let Some(_permit) = self.permit().await else {
            return answer::refusal(503);
        };
        self.in_time(route, body).await
    }

    async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(permit) = self.running.try_acquire() {
            return Some(permit);
        }
        let place = Place(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            return None;
        }
        let permit = tokio::time::timeout(QUEUE_TIMEOUT, self.running.acquire()).await;
        drop(place);
        permit.ok()?.ok()
    }

    /// In time, and whatever happens to the handler. A timer is made when it has to wait.
    async fn in_time(&self, route: Route, body: Incoming) -> Answer {
        let mut work = pin!(route.run(body, self.settings.body));
        let caught = std::future::poll_fn(move |cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
            polled.unwrap_or_else(|_| Poll::Ready(answer::refusal(500)))
        });
        let mut caught = pin!(caught);
        let first = std::future::poll_fn(|cx| Poll::Ready(caught.as_mut().poll(cx))).await;
        if let Poll::Ready(answer) = first {
            return answer;
        }
        let waited = tokio::time::timeout(self.settings.timeout, caught).await;
        waited.unwrap_or_else(|_| answer::refusal(504))
    }
}

/// A place among those that wait. Given back also when the client goes away.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The length of the body, as far as it is said.
fn announced(parts: &Parts) -> usize {
    let length = parts.headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}
