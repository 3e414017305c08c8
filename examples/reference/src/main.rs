//! The reference application: one of everything, ready to be tried in a browser.
//!
//! `cargo run -p reference`, then open the address it prints.

#![expect(clippy::disallowed_methods, reason = "a program reads its arguments")]

mod accounts;
mod demo;
#[cfg(feature = "devtools")]
mod devtools;
#[cfg(not(feature = "devtools"))]
#[path = "no_devtools.rs"]
mod devtools;
mod echo;
mod operators;
mod site;
mod upload;
mod users;

use std::io::Write;
use std::time::Duration;

use plumego::middleware::cors::CorsConfig;
use plumego::middleware::{CompressionLayer, TokenAuthLayer};
use plumego::observe::log::LogFormat;
use plumego::otel::{OTEL_KEYS, Observability, OtelConfig};
use plumego::prelude::*;
use plumego::stdx::Secret;

use crate::accounts::Accounts;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let loader = Config::loader().keys(OTEL_KEYS).keys(accounts::KEYS);
    let loader = loader.default_addr("127.0.0.1:8080");
    let Some(config) = loader.from_args(std::env::args_os())? else {
        return Ok(());
    }; // --help, --print-config
    let slow = time_for_slow(&config.server);
    let tokens = config.server.auth_token.as_ref();
    let auth = tokens.map(TokenAuthLayer::from_list).transpose()?;
    let is_read_by_people = config.server.log_format == LogFormat::Pretty;
    let https = config.server.tls.enabled;
    let redirects = usize::from(https && config.server.tls.redirect_addr.is_some());
    let (accounts, made) = Accounts::open(config.section("reference")?).await?;
    if let Some(password) = made {
        tell_password(&password, is_read_by_people);
    }
    let app = telemetry(config.section("otel")?);
    let app = operators::add(app, &config.server);
    devtools::add(app, &config.server)
        .config(&config)
        .build_info(BuildInfo::new(
            env!("CARGO_PKG_VERSION"),
            option_env!("GIT_COMMIT"),
            option_env!("BUILD_TIME"),
        ))
        .guards(|guards| guards.cors = Some(CorsConfig::any_origin()))
        .layer(CompressionLayer::new())
        .routes(|router| routes(router, slow))
        .routes(|router| private(router, auth))
        .routes(|router| accounts.routes(router))
        .state(accounts.clone())
        .require_auth_policy()
        .component(site::page())
        .metrics_endpoint(MetricsEndpoint::at("/metrics"))
        .on_listening(move |addrs| {
            // Among lines of JSON it would be none; the log has the addresses anyway.
            let addrs = if is_read_by_people { addrs } else { &[] };
            // The last one only sends clients to `https://`.
            let pages = addrs.len().saturating_sub(redirects);
            let scheme = if https { "https" } else { "http" };
            // `println!` would end the server when nobody reads what it prints.
            let mut out = std::io::stdout().lock();
            for addr in addrs.iter().take(pages) {
                let _ = writeln!(
                    out,
                    "Listening on {scheme}://{addr} - open it in a browser."
                );
            }
        })
        .build()?
        .run()
        .await
}

/// `/api/slow` may take its minute, unless the operator says how long a request may take.
fn time_for_slow(server: &ServerConfig) -> Duration {
    let usual = ServerConfig::default().request_timeout;
    if [usual, Duration::ZERO].contains(&server.request_timeout) {
        return Duration::from_secs(70);
    }
    server.request_timeout
}

/// Once, to whoever started it. Among lines of JSON it would be none, so it is not put there.
fn tell_password(password: &Secret<String>, is_read_by_people: bool) {
    let text = format!(
        "Demo accounts `admin` and `member`, password: {} (REFERENCE_DEMO_PASSWORD sets another)\n",
        password.expose()
    );
    let _ = if is_read_by_people {
        std::io::stdout().write_all(text.as_bytes())
    } else {
        std::io::stderr().write_all(text.as_bytes())
    };
}

/// OpenTelemetry, once `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector. The first component, so
/// that the last spans of the others are sent.
fn telemetry(mut config: OtelConfig) -> AppBuilder {
    let app = App::builder();
    if !config.exports_traces() && !config.exports_metrics() {
        return app;
    }
    if config.service_name.is_empty() && !config.resource_attributes.contains("service.name=") {
        "reference".clone_into(&mut config.service_name);
    }
    app.component(Observability::new(config))
}

/// What is there only where `AUTH_TOKEN` is set, for whoever sends one of its tokens.
fn private(router: Router, auth: Option<TokenAuthLayer>) -> Router {
    match auth {
        Some(auth) => router.group("/api/private", |private| {
            private.layer(auth).get("/", async || "only with the token")
        }),
        None => router,
    }
}

/// Every route in one place: this is the map of the application.
fn routes(router: Router, slow: Duration) -> Router {
    router
        .get("/ping", async || "pong")
        .name("ping")
        .group("/api", |api| {
            api.get("/users/me", users::me)
                .name("users.me")
                .get("/users/{id}", users::show)
                .name("users.show")
                .get("/users/{id}/posts/{post}", users::post)
                .name("users.post")
                .get("/files/{*path}", users::file)
                .name("files.show")
                .post("/echo", echo::echo)
                .name("echo")
                .public()
                .post("/upload", upload::upload)
                .name("upload")
                .public()
                .get("/slow", demo::slow)
                .name("slow")
                .timeout(slow)
                .get("/panic", demo::panic)
                .name("panic")
                .get("/events", demo::events)
                .name("events")
                .get("/large", demo::large)
                .name("large")
        })
}
