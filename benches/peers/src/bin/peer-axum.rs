//! axum, bare and with the layers of tower-http and `tower_governor`.

use std::time::Duration;

use axum::error_handling::HandleErrorLayer;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request};
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router, serve};
use peers::{Failure, Order, SECURITY_HEADERS, Settings};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower_governor::GovernorLayer;
use tower_governor::governor::GovernorConfigBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

fn main() -> Result<(), Failure> {
    let settings = peers::settings()?;
    peers::run(settings.workers, async move {
        let listener = TcpListener::bind(peers::address(&settings)).await?;
        let app = if settings.production {
            peers::log_by_tracing(&settings)?;
            production(&settings)?
        } else {
            routes().layer(DefaultBodyLimit::max(settings.body))
        };
        let service = app.into_make_service_with_connect_info::<std::net::SocketAddr>();
        Ok(serve(listener, service).await?)
    })
}

fn routes() -> Router {
    let router = Router::new()
        .route("/ping", get(async || "pong"))
        .route("/echo", post(async |Json(order): Json<Order>| Json(order)))
        .route("/slow", get(slow))
        .route("/panic", get(async || peers::panics()));
    peers::patterns().fold(router, |router, pattern| {
        router.route(pattern, get(async || "ok"))
    })
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(10)).await;
    "late"
}

fn production(settings: &Settings) -> Result<Router, Failure> {
    let quota = GovernorConfigBuilder::default()
        .period(Duration::from_secs(1) / settings.rate)
        .burst_size(settings.burst)
        .use_headers()
        .finish()
        .ok_or("no quota")?;
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list([HeaderValue::from_static(peers::ORIGIN)]))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([CONTENT_TYPE])
        .max_age(Duration::from_mins(10));
    let trace = TraceLayer::new_for_http()
        .make_span_with(span)
        .on_request(())
        .on_response(|response: &Response<_>, took: Duration, _: &Span| {
            let status = response.status().as_u16();
            let duration_ms = took.as_secs_f64() * 1000.0;
            tracing::info!(status, duration_ms, "request");
        })
        .on_failure(());
    let timeout = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, settings.timeout);
    let refuse = HandleErrorLayer::new(async |_| StatusCode::SERVICE_UNAVAILABLE);
    // One builder: a `Router::layer` for each would box each.
    let stack = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(trace)
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .map_response(secure)
        .layer(cors)
        .layer(CatchPanicLayer::new())
        .layer(RequestBodyLimitLayer::new(settings.body))
        .layer(GovernorLayer::new(quota))
        .layer(refuse)
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(settings.concurrency))
        .layer(timeout);
    Ok(routes().layer(DefaultBodyLimit::disable()).layer(stack))
}

fn span(request: &Request) -> Span {
    let header = |name: &str| {
        let value = request.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let peer = request
        .extensions()
        .get::<ConnectInfo<std::net::SocketAddr>>();
    tracing::info_span!(
        "request",
        method = request.method().as_str(),
        path = request.uri().path(),
        request_id = header("x-request-id"),
        user_agent = header("user-agent"),
        client_ip = peer.map(|peer| tracing::field::display(peer.0.ip())),
    )
}

fn secure<B>(mut response: Response<B>) -> Response<B> {
    for (name, value) in SECURITY_HEADERS {
        let name = HeaderName::from_static(name);
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
