//! poem, bare and with its own middleware; what it has none for is governor and tokio by hand.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use peers::{Failure, Order, SECURITY_HEADERS, Settings};
use poem::http::{Method, StatusCode, header};
use poem::listener::TcpListener;
use poem::middleware::{CatchPanic, Cors, RequestId, ReuseId, SetHeader, Tracing};
use poem::web::Json;
use poem::{
    Endpoint, EndpointExt, IntoResponse, Request, Response, Route, Server, get, handler, post,
};
use tokio::sync::Semaphore;

type Limiter =
    RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>;

fn main() -> Result<(), Failure> {
    let settings = peers::settings()?;
    peers::run(settings.workers, async move {
        let server = Server::new(TcpListener::bind(peers::address(&settings)));
        if settings.production {
            let has_log = peers::log_by_tracing(&settings)?;
            let stack = Arc::new(Stack::new(&settings)?);
            let app = production(stack);
            // Without a log there is no span either.
            let marked = RequestId::new().reuse_id(ReuseId::Use);
            if has_log {
                server.run(app.with(Tracing).with(marked)).await?;
            } else {
                server.run(app.with(marked)).await?;
            }
        } else {
            server.run(routes()).await?;
        }
        Ok(())
    })
}

fn routes() -> Route {
    let routes = Route::new()
        .at("/ping", get(ping))
        .at("/echo", post(echo))
        .at("/slow", get(slow))
        .at("/panic", get(panics));
    peers::patterns().fold(routes, |routes, pattern| {
        let pattern = pattern.replace('{', ":").replace('}', "");
        routes.at(pattern, get(fixed))
    })
}

/// What poem has no middleware for.
struct Stack {
    limiter: Limiter,
    running: Semaphore,
    body: u64,
    timeout: Duration,
}

impl Stack {
    fn new(settings: &Settings) -> Result<Self, Failure> {
        let period = Duration::from_secs(1) / settings.rate;
        let quota = Quota::with_period(period).ok_or("no quota")?;
        let burst = settings.burst.try_into()?;
        Ok(Self {
            limiter: RateLimiter::keyed(quota.allow_burst(burst)).with_middleware(),
            running: Semaphore::new(settings.concurrency),
            body: u64::try_from(settings.body)?,
            timeout: settings.timeout,
        })
    }

    async fn limited(&self, next: &impl Endpoint, request: Request) -> poem::Result<Response> {
        let client = request
            .remote_addr()
            .as_socket_addr()
            .map(std::net::SocketAddr::ip);
        let client = client.unwrap_or(IpAddr::from([0, 0, 0, 0]));
        let state = match self.limiter.check_key(&client) {
            Ok(state) => state,
            Err(refused) => {
                let wait = refused.wait_time_from(DefaultClock::default().now());
                let refusal = StatusCode::TOO_MANY_REQUESTS.into_response();
                return Ok(refusal
                    .with_header("retry-after", wait.as_secs())
                    .into_response());
            }
        };
        let mut response = self.bounded(next, request).await?;
        let headers = response.headers_mut();
        headers.insert("x-ratelimit-limit", state.quota().burst_size().get().into());
        headers.insert(
            "x-ratelimit-remaining",
            state.remaining_burst_capacity().into(),
        );
        Ok(response)
    }

    /// `SizeLimit` of poem refuses a `GET` that does not say how long it is.
    async fn bounded(&self, next: &impl Endpoint, request: Request) -> poem::Result<Response> {
        let length = request
            .header("content-length")
            .and_then(|it| it.parse::<u64>().ok());
        if length.unwrap_or(0) > self.body {
            return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
        }
        let Ok(_permit) = self.running.try_acquire() else {
            return Ok(StatusCode::SERVICE_UNAVAILABLE.into_response());
        };
        match tokio::time::timeout(self.timeout, next.call(request)).await {
            Ok(response) => Ok(response?.into_response()),
            Err(_) => Ok(StatusCode::GATEWAY_TIMEOUT.into_response()),
        }
    }
}

fn production(stack: Arc<Stack>) -> impl Endpoint {
    let security = SECURITY_HEADERS
        .into_iter()
        .fold(SetHeader::new(), |headers, (name, value)| {
            headers.overriding(name, value)
        });
    let cors = Cors::new()
        .allow_origin(peers::ORIGIN)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_header(header::CONTENT_TYPE)
        .max_age(600);
    let stack = Arc::clone(&stack);
    routes()
        .with(CatchPanic::new())
        .around(move |next, request| {
            let stack = Arc::clone(&stack);
            async move { stack.limited(&next, request).await }
        })
        .with(cors)
        .with(security)
}

#[handler]
async fn ping() -> &'static str {
    "pong"
}

#[handler]
async fn fixed() -> &'static str {
    "ok"
}

#[handler]
async fn echo(Json(order): Json<Order>) -> Json<Order> {
    Json(order)
}

#[handler]
async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(10)).await;
    "late"
}

#[handler]
async fn panics() -> &'static str {
    peers::panics()
}
