//! The map of the endpoints for developers.

use std::sync::Arc;

use plumego_component::DebugDrawer;
use plumego_component::inspect::Inspect;
use plumego_contract::extract::Path;
use plumego_contract::{Error, Json, codes, reply};
use plumego_router::Router;
use serde_json::{Map, Value, json};

use super::window::Window;
use super::{Heap, profile, runtime};
use crate::views::{self, LogLevel};

/// More of a debug drawer is not shown.
const MAX_DRAWER_BYTES: usize = 1024 * 1024;

/// What there is to show.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) inspect: Inspect,
    pub(super) window: Arc<Window>,
    pub(super) heap: Option<Arc<dyn Heap>>,
    pub(super) drawers: Vec<DebugDrawer>,
}

/// Every endpoint.
pub(super) fn all(shown: &Shown) -> Router {
    let [listed, set, told] = std::array::from_fn(|_| shown.inspect.clone());
    Router::new()
        .group("/_debug", |r| {
            r.get("/", async || reply(index()))
                .description("What there is for developers")
                .merge(looks(shown))
                .merge(actions(shown))
                .merge(drawers(shown))
                .group("/pprof", |_| profiles(shown))
        })
        .get("/_routes", async move || reply(views::routes(&listed)))
        .get("/_config", async move || reply(views::config(&set)))
        .get("/_info", async move || {
            reply(json!({ "config": views::config(&told), "build": told.build() }))
        })
}

fn looks(shown: &Shown) -> Router {
    let [text, routes, layers, config, health, tasks, log] =
        std::array::from_fn(|_| shown.inspect.clone());
    let window = Arc::clone(&shown.window);
    Router::new()
        .get("/routes", async move || views::routes_as_text(&text))
        .get("/routes.json", async move || reply(views::routes(&routes)))
        .get("/middleware", async move || {
            reply(json!({ "middlewares": layers.layers() }))
        })
        .get("/config", async move || reply(views::config(&config)))
        .get("/metrics", async move || {
            reply(json!({ "enabled": true, "http": window.show() }))
        })
        .get("/health", async move || reply(views::health(&health)))
        .get("/tasks", async move || reply(views::tasks(&tasks)))
        .get("/runtime", async || reply(runtime::show()))
        .get("/log", async move || views::log_level(&log).map(reply))
}

fn actions(shown: &Shown) -> Router {
    let [level, again] = std::array::from_fn(|_| shown.inspect.clone());
    let window = Arc::clone(&shown.window);
    Router::new()
        .post("/metrics/clear", async move || {
            window.clear();
            reply(json!({ "status": "ok" }))
        })
        .put("/log", async move |Json(wanted): Json<LogLevel>| {
            views::set_log_level(&level, &wanted).map(reply)
        })
        .max_body_bytes(views::MAX_LOG_LEVEL_BYTES)
        .post("/reload", async move || -> Result<_, Error> {
            views::reload(&again).await.map(reply)
        })
}

fn drawers(shown: &Shown) -> Router {
    let names: Vec<_> = shown.drawers.iter().map(DebugDrawer::component).collect();
    let drawers: Arc<[DebugDrawer]> = shown.drawers.clone().into();
    Router::new()
        .get("/components", async move || {
            reply(json!({ "components": names }))
        })
        .get(
            "/components/{name}",
            async move |Path(name): Path<String>| open(&drawers, &name).map(reply),
        )
}

fn open(drawers: &[DebugDrawer], name: &str) -> Result<Value, Error> {
    let drawer = drawers.iter().find(|drawer| drawer.component() == name);
    let drawer = drawer.ok_or_else(|| {
        let detail = "There is no component of this name with something to show.";
        Error::not_found("component_missing", detail)
    })?;
    let value = drawer
        .open()
        .map_err(|why| Error::new(codes::INTERNAL).with_detail(why))?;
    let bytes = value.to_string().len();
    if bytes > MAX_DRAWER_BYTES {
        let detail = format!("The snapshot has {bytes} bytes, more than {MAX_DRAWER_BYTES}.");
        return Err(Error::new(codes::INTERNAL).with_detail(detail));
    }
    Ok(value)
}

fn profiles(shown: &Shown) -> Router {
    let heap = shown.heap.clone();
    let mut there = profile::PROFILES.to_vec();
    there.extend(heap.as_ref().map(|_| "heap"));
    Router::new()
        .get("/", async move || reply(json!({ "profiles": there })))
        .get("/heap", async move || match &heap {
            Some(heap) => {
                let stats = heap.stats().into_iter();
                let stats = stats.map(|(name, value)| (name.to_owned(), value.into()));
                Ok(reply(Value::Object(stats.collect::<Map<_, _>>())))
            }
            None => Err(Error::new(codes::NOT_IMPLEMENTED)
                .with_detail("The program did not say what its allocator tells.")),
        })
        .merge(profile::routes())
}

fn index() -> Value {
    let endpoints = [
        "routes",
        "routes.json",
        "middleware",
        "config",
        "metrics",
        "metrics/clear",
        "health",
        "tasks",
        "runtime",
        "log",
        "reload",
        "components",
        "pprof",
    ];
    json!({ "endpoints": endpoints.map(|name| format!("/_debug/{name}")) })
}
