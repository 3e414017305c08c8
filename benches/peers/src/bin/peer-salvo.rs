//! salvo, bare and with its own middleware.

use std::time::Duration;

use peers::{Failure, Order, SECURITY_HEADERS, Settings};
use salvo::catch_panic::CatchPanic;
use salvo::concurrency_limiter::max_concurrency;
use salvo::cors::{AllowOrigin, Cors};
use salvo::http::Method;
use salvo::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use salvo::logging::Logger;
use salvo::prelude::*;
use salvo::rate_limiter::{BasicQuota, FixedGuard, MokaStore, RateLimiter, RemoteIpIssuer};
use salvo::request_id::RequestId;
use salvo::size_limiter::max_size;
use salvo::timeout::Timeout;

fn main() -> Result<(), Failure> {
    let settings = peers::settings()?;
    peers::run(settings.workers, async move {
        let acceptor = TcpListener::new(peers::address(&settings))
            .try_bind()
            .await?;
        salvo::http::request::set_global_secure_max_size(settings.body);
        let service = if settings.production {
            production(&settings)?
        } else {
            Service::new(routes())
        };
        Ok(Server::new(acceptor).try_serve(service).await?)
    })
}

fn routes() -> Router {
    let router = Router::new()
        .push(Router::with_path("ping").get(ping))
        .push(Router::with_path("echo").post(echo))
        .push(Router::with_path("slow").get(slow))
        .push(Router::with_path("panic").get(panics));
    peers::patterns().fold(router, |router, pattern| {
        let path = pattern.trim_start_matches('/');
        router.push(Router::with_path(path).get(fixed))
    })
}

fn production(settings: &Settings) -> Result<Service, Failure> {
    let has_log = peers::log_by_tracing(settings)?;
    let cors = Cors::new()
        .allow_origin(AllowOrigin::list([HeaderValue::from_static(peers::ORIGIN)]))
        .allow_methods(vec![Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(vec![CONTENT_TYPE])
        .max_age(Duration::from_mins(10));
    let quota = BasicQuota::per_second(usize::try_from(settings.rate)?);
    let store =
        MokaStore::<<RemoteIpIssuer as salvo::rate_limiter::RateIssuer>::Key, FixedGuard>::new();
    let limiter = RateLimiter::new(FixedGuard::new(), store, RemoteIpIssuer, quota);
    let late = Timeout::new(settings.timeout).error(StatusError::gateway_timeout);
    let service = Service::new(routes()).hoop(RequestId::new().overwrite(false));
    let service = if has_log {
        service.hoop(Logger::new())
    } else {
        service
    };
    Ok(service
        .hoop(secure)
        .hoop(cors.into_handler())
        .hoop(limiter.add_headers(true))
        .hoop(CatchPanic::new())
        .hoop(max_size(u64::try_from(settings.body)?))
        .hoop(max_concurrency(settings.concurrency))
        .hoop(late))
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
async fn echo(request: &mut Request, response: &mut Response) {
    match request.parse_json::<Order>().await {
        Ok(order) => response.render(Json(order)),
        Err(_) => response.render(StatusError::bad_request()),
    }
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

#[handler]
async fn secure(response: &mut Response) {
    for (name, value) in SECURITY_HEADERS {
        let name = HeaderName::from_static(name);
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
}
