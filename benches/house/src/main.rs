//! What `cargo xtask bench` measures: an application of Plumego, bare or with its ordinary stack.
//!
//! It uses what every program can use, and nothing is set for the measurement but the quota of the
//! rate limiter, which is so high that it refuses nobody.

#![expect(clippy::disallowed_methods, reason = "a program reads its arguments")]

use std::time::Duration;

use plumego::middleware::cors::CorsConfig;
use plumego::observe::log::LogFormat;
use plumego::prelude::*;

use task::{Order, Settings};

fn main() -> Result<(), Error> {
    let settings = Settings::parse(std::env::args().skip(1))
        .map_err(|wrong| Error::validation("arguments", wrong))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.workers)
        .enable_all()
        .build()?;
    runtime.block_on(serve(settings))
}

async fn serve(settings: Settings) -> Result<(), Error> {
    App::builder()
        .config(config(&settings))
        .guards(move |guards| choose(guards, &settings))
        .routes(work)
        .build()?
        .run()
        .await
}

fn config(settings: &Settings) -> ServerConfig {
    let mut config = ServerConfig::default();
    config.addrs = vec![format!("127.0.0.1:{}", settings.port)];
    config.abuse_guard_rate = u64::from(settings.rate);
    config.abuse_guard_burst = u64::from(settings.burst);
    config.max_body_bytes = Limit::At(u64::try_from(settings.body).unwrap_or(u64::MAX));
    config.max_concurrency = Limit::At(u64::try_from(settings.concurrency).unwrap_or(u64::MAX));
    config.request_timeout = settings.timeout;
    config.log_format = LogFormat::Json;
    config.log_file.clone_from(&settings.log);
    config
}

fn choose(guards: &mut Guards, settings: &Settings) {
    if !settings.production {
        *guards = Guards::none();
        return;
    }
    guards.cors = Some(CorsConfig::origins([task::ORIGIN]));
    guards.access_log = settings.log.is_some();
    guards.metrics = settings.metrics;
}

fn work(router: Router) -> Router {
    let router = router
        .get("/ping", async || "pong")
        .post("/echo", async |Json(order): Json<Order>| Json(order))
        .get("/slow", async || {
            tokio::time::sleep(Duration::from_secs(10)).await;
            "late"
        })
        .get("/panic", async || task::panics());
    task::patterns().fold(router, |router, pattern| router.get(pattern, async || "ok"))
}
