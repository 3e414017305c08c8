//! What operators and developers look at, and the few things they turn: shared by both endpoints.

#[cfg(feature = "devtools")]
use std::fmt::Write as _;
use std::sync::Arc;

use plumego_component::Name;
use plumego_component::inspect::{Inspect, Setting};
use plumego_component::{ComponentHealth, Phase};
use plumego_contract::HealthStatus;
use plumego_contract::{Error, Limit, Message, OnDisconnect, RouteInfo, RouteTimeout};
use plumego_observe::log::LogFilter;
use plumego_stdx::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The name of the guard in the chain of layers.
pub(crate) const GUARD: &str = "OpsGuard";

/// More live tasks are counted, not listed.
const MAX_TASKS_SHOWN: usize = 1000;

/// A log level is kept, so it may not be as long as any other body.
pub(crate) const MAX_LOG_LEVEL_BYTES: Limit = Limit::At(16 * 1024);

/// A route as it is listed.
#[derive(Serialize)]
pub(crate) struct RouteView<'a> {
    method: String,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    wildcard: bool,
    parameters: &'a [String],
    meta: Meta<'a>,
    /// What the route asks of those who call it; nothing was said without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<String>,
    layers: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    max_body_bytes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,
    on_disconnect: &'static str,
    operational: bool,
    location: String,
}

#[derive(Serialize)]
struct Meta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deprecated: bool,
}

impl<'a> RouteView<'a> {
    fn new(route: &'a RouteInfo) -> Self {
        Self {
            method: route.methods.to_string(),
            path: &route.pattern,
            host: route.host.as_deref(),
            wildcard: is_wildcard(route),
            parameters: &route.parameters,
            meta: Meta {
                name: route.name.as_deref(),
                tags: &route.tags,
                description: route.description.as_deref(),
                deprecated: route.deprecated,
            },
            auth: auth(route),
            layers: &route.layers,
            max_body_bytes: route.max_body_bytes.map(|limit: Limit| limit.to_string()),
            timeout: route.timeout.map(|timeout| match timeout {
                RouteTimeout::After(time) => format!("{time:?}"),
                RouteTimeout::Never => "never".to_owned(),
            }),
            on_disconnect: match route.on_disconnect {
                OnDisconnect::Cancel => "cancel",
                OnDisconnect::Finish => "finish",
                _ => "by method",
            },
            operational: route.operational,
            location: route.location.to_string(),
        }
    }
}

/// Behind the guard of these endpoints a route is open to everybody as far as the router knows.
fn auth(route: &RouteInfo) -> Option<String> {
    let guarded = route.layers.contains(&GUARD);
    match &route.auth {
        Some(auth) if guarded && !auth.is_public() => Some(format!("{GUARD}, {auth}")),
        _ if guarded => Some(GUARD.to_owned()),
        auth => auth.as_ref().map(ToString::to_string),
    }
}

fn is_wildcard(route: &RouteInfo) -> bool {
    route.pattern.contains("{*")
}

/// By method, then by path.
fn in_order(inspect: &Inspect) -> Vec<&RouteInfo> {
    let mut routes: Vec<_> = inspect.routes().iter().map(Arc::as_ref).collect();
    let key = |route: &RouteInfo| {
        let method = route.methods.to_string();
        (method, route.pattern.clone(), route.host.clone())
    };
    routes.sort_by_cached_key(|route| key(route));
    routes
}

/// Every route.
pub(crate) fn routes(inspect: &Inspect) -> Value {
    let routes: Vec<_> = in_order(inspect).into_iter().map(RouteView::new).collect();
    json!({ "routes": routes })
}

/// Every route as a line of text.
#[cfg(feature = "devtools")]
pub(crate) fn routes_as_text(inspect: &Inspect) -> String {
    let routes = in_order(inspect);
    let mut out = format!("{} routes\n", routes.len());
    for route in routes {
        let method = route.methods.to_string();
        let host = route.host.as_deref().unwrap_or_default();
        let wildcard = if is_wildcard(route) {
            " [wildcard]"
        } else {
            ""
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{method:<6} {host}{}{wildcard}", route.pattern);
    }
    out
}

/// Every setting in force.
pub(crate) fn config(inspect: &Inspect) -> Value {
    let settings: Vec<Setting> = inspect.settings();
    json!({ "debug": inspect.is_debug(), "settings": settings })
}

#[derive(Serialize)]
struct HealthView {
    phase: Phase,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Message>,
    status: HealthStatus,
    components: Vec<ComponentHealth>,
}

/// Phase, readiness, health of every component.
pub(crate) fn health(inspect: &Inspect) -> impl Serialize + use<> {
    let readiness = inspect.readiness();
    let state = readiness.state();
    HealthView {
        phase: readiness.phase(),
        ready: state.ready,
        reason: state.reason,
        status: state.health.status,
        components: state.health.components,
    }
}

#[derive(Serialize)]
struct TaskView {
    id: u64,
    name: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Name>,
    started: Timestamp,
}

/// The live tasks, the oldest first, and what became of all.
pub(crate) fn tasks(inspect: &Inspect) -> Value {
    let tasks = inspect.tasks();
    let (stats, list) = (tasks.stats(), tasks.list());
    let shown = list.into_iter().take(MAX_TASKS_SHOWN).map(|task| TaskView {
        id: task.id,
        name: task.name,
        owner: task.owner,
        started: task.started,
    });
    json!({
        "live": stats.live,
        "spawned": stats.spawned,
        "refused": stats.refused,
        "panicked": stats.panicked,
        "failed": stats.failed,
        "tasks": shown.collect::<Vec<_>>(),
    })
}

/// Which log lines are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogLevel {
    filter: String,
}

/// Which log lines are written now.
pub(crate) fn log_level(inspect: &Inspect) -> Result<LogLevel, Error> {
    let filter = inspect.log_filter().ok_or_else(not_our_log)?;
    Ok(LogLevel {
        filter: filter.get().to_string(),
    })
}

/// Has other log lines written, until the next change or the next reload that changes the setting.
pub(crate) fn set_log_level(inspect: &Inspect, wanted: &LogLevel) -> Result<LogLevel, Error> {
    let live = inspect.log_filter().ok_or_else(not_our_log)?;
    let filter: LogFilter =
        wanted
            .filter
            .parse()
            .map_err(|error: plumego_observe::log::LogFilterError| {
                Error::validation("filter", error.to_string())
            })?;
    live.set(filter);
    log_level(inspect)
}

#[track_caller]
fn not_our_log() -> Error {
    Error::conflict(
        "log_not_ours",
        "The program has a subscriber of its own, so the level cannot be changed here.",
    )
}

/// Reads everything again that can be.
pub(crate) async fn reload(inspect: &Inspect) -> Result<Value, Error> {
    let sources = inspect.reload().await;
    let taken = sources.iter().all(|source| source.taken);
    let told = json!(sources);
    if taken {
        return Ok(json!({ "status": "ok", "sources": told }));
    }
    let detail = "Something could not be read again; nothing of it has changed.";
    Err(Error::bad_request("reload_refused", detail).with_member("sources", told))
}
