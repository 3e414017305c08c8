//! actix-web, bare and with its own middleware, actix-cors and actix-governor.

use std::io::Write;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_cors::Cors;
use actix_governor::{Governor, GovernorConfigBuilder};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorGatewayTimeout;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::middleware::{DefaultHeaders, Logger, Next, from_fn};
use actix_web::web::{self, Json, JsonConfig, ServiceConfig};
use actix_web::{App, Error, HttpResponse, HttpServer};
use actix_web_lab::middleware::CatchPanic;
use peers::{Failure, Order, SECURITY_HEADERS, Settings};
use tokio::sync::Semaphore;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LINE: &str = concat!(
    r#"{"time":"%t","msg":"request","request":"%r","status":%s,"bytes":%b,"#,
    r#""duration_ms":%D,"client_ip":"%a","user_agent":"%{User-Agent}i","#,
    r#""request_id":"%{x-request-id}o"}"#
);

/// What the middleware of every worker looks at.
static RUNNING: OnceLock<Arc<Semaphore>> = OnceLock::new();
static TIMEOUT: OnceLock<Duration> = OnceLock::new();

fn main() -> Result<(), Failure> {
    let settings = peers::settings()?;
    RUNNING.get_or_init(|| Arc::new(Semaphore::new(settings.concurrency)));
    TIMEOUT.get_or_init(|| settings.timeout);
    actix_web::rt::System::new().block_on(async move {
        if settings.production {
            production(settings).await
        } else {
            bare(settings).await
        }
    })
}

async fn bare(settings: Settings) -> Result<(), Failure> {
    let body = settings.body;
    let server = HttpServer::new(move || App::new().configure(|config| routes(config, body)));
    let server = server
        .workers(settings.workers)
        .bind(peers::address(&settings))?;
    Ok(server.run().await?)
}

async fn production(settings: Settings) -> Result<(), Failure> {
    let has_log = start_log(&settings)?;
    let quota = GovernorConfigBuilder::default()
        .period(Duration::from_secs(1) / settings.rate)
        .burst_size(settings.burst)
        .use_headers()
        .finish()
        .ok_or("no quota")?;
    let (address, workers, body) = (peers::address(&settings), settings.workers, settings.body);
    let server = HttpServer::new(move || {
        let logger = actix_web::middleware::Condition::new(has_log, Logger::new(LINE));
        // The last one is the outermost.
        App::new()
            .configure(|config| routes(config, body))
            // actix-governor asks for a future that can be moved, which only the routes have.
            .wrap(Governor::new(&quota))
            .wrap(CatchPanic::default())
            .wrap(from_fn(in_time))
            .wrap(from_fn(bounded))
            .wrap(cors())
            .wrap(security())
            .wrap(from_fn(marked))
            .wrap(logger)
    });
    Ok(server.workers(workers).bind(address)?.run().await?)
}

/// Each line goes out by itself, through the `log` facade.
fn start_log(settings: &Settings) -> Result<bool, Failure> {
    let Some(file) = peers::log_file(settings)? else {
        return Ok(false);
    };
    env_logger::Builder::new()
        .parse_filters("info")
        .format(|out, record| writeln!(out, "{}", record.args()))
        .target(env_logger::Target::Pipe(Box::new(file)))
        .try_init()?;
    Ok(true)
}

fn cors() -> Cors {
    Cors::default()
        .allowed_origin(peers::ORIGIN)
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_header(CONTENT_TYPE)
        .max_age(600)
        // Else it refuses requests of other origins, which is more than the others do.
        .block_on_origin_mismatch(false)
}

fn security() -> DefaultHeaders {
    let headers = DefaultHeaders::new();
    SECURITY_HEADERS
        .into_iter()
        .fold(headers, DefaultHeaders::add)
}

fn routes(config: &mut ServiceConfig, body: usize) {
    config
        .app_data(JsonConfig::default().limit(body))
        .route("/ping", web::get().to(async || "pong"))
        .route(
            "/echo",
            web::post().to(async |Json(order): Json<Order>| Json(order)),
        )
        .route("/slow", web::get().to(slow))
        .route("/panic", web::get().to(async || peers::panics()));
    for pattern in peers::patterns() {
        config.route(pattern, web::get().to(async || "ok"));
    }
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(10)).await;
    "late"
}

/// The request id: the one that came, or a new one.
async fn marked(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let came = request
        .headers()
        .get(REQUEST_ID)
        .filter(|id| matches!(id.len(), 1..=128) && id.as_bytes().iter().all(u8::is_ascii_graphic));
    let id = match came {
        Some(id) => id.clone(),
        None => {
            let id = Uuid::new_v4();
            let mut text = Uuid::encode_buffer();
            HeaderValue::from_str(id.simple().encode_lower(&mut text))?
        }
    };
    let mut response = next.call(request).await?;
    response.headers_mut().insert(REQUEST_ID, id);
    Ok(response)
}

/// As many at once as are allowed.
async fn bounded<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(Ok(_permit)) = RUNNING.get().map(|running| running.try_acquire()) else {
        let refusal = HttpResponse::ServiceUnavailable().finish();
        return Ok(request.into_response(refusal).map_into_right_body());
    };
    let response = next.call(request).await?;
    Ok(response.map_into_left_body())
}

/// In time.
async fn in_time<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let timeout = TIMEOUT.get().copied().unwrap_or_default();
    match tokio::time::timeout(timeout, next.call(request)).await {
        Ok(response) => response,
        Err(_) => Err(ErrorGatewayTimeout("timeout")),
    }
}
