//! Probes of life, readiness and health.

use http::header::CACHE_CONTROL;
use http::{HeaderName, StatusCode};
use plumego_component::{ComponentHealth, Phase, Readiness, ReadyState};
use plumego_contract::extract::Path;
use plumego_contract::{Error, HealthStatus, IntoResponse, Json};
use plumego_router::Router;
use plumego_stdx::Timestamp;
use serde::{Serialize, Serializer};

use super::BuildInfo;

/// Whether an answer may be kept: never.
const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// The routes of life, readiness, health and build.
///
/// ```
/// use plumego_app::{BuildInfo, HealthEndpoints};
/// use plumego_component::{HealthRegistry, Readiness};
///
/// let readiness = Readiness::new(HealthRegistry::default());
/// let routes = HealthEndpoints::at("/internal").routes(&readiness, BuildInfo::default());
/// assert_eq!(routes.route_count(), 4);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthEndpoints {
    /// Whether there are any. Default: true.
    pub enabled: bool,
    /// Where they are. Default: `/health`.
    pub prefix: String,
}

impl Default for HealthEndpoints {
    fn default() -> Self {
        Self::at("/health")
    }
}

impl HealthEndpoints {
    /// Under this prefix.
    pub fn at(prefix: impl Into<String>) -> Self {
        Self {
            enabled: true,
            prefix: prefix.into(),
        }
    }

    /// None at all.
    pub fn disabled() -> Self {
        Self {
            enabled: false,
            ..Self::default()
        }
    }

    /// The routes, to be merged into those of the application; none when they are disabled.
    #[must_use]
    pub fn routes(&self, readiness: &Readiness, build: BuildInfo) -> Router {
        if !self.enabled {
            return Router::new();
        }
        let [one, two, three] = std::array::from_fn(|_| readiness.clone());
        Router::new().group(&self.prefix, |r| {
            r.get("/live", async move || live(&one))
                .operational()
                .description("Whether the process lives")
                .get("/ready", async move || ready(two.state()))
                .operational()
                .description("Whether the application wants requests")
                .get(
                    "/components/{name}",
                    async move |Path(name): Path<String>| component(&three, &name),
                )
                .operational()
                .description("How one component fares")
                .get("/build", async move || (NO_STORE, Json(build)))
                .operational()
                .description("What is running")
        })
    }
}

#[derive(Serialize)]
struct Live {
    status: HealthStatus,
    phase: Phase,
    timestamp: Timestamp,
}

fn live(readiness: &Readiness) -> impl IntoResponse + use<> {
    let live = Live {
        status: HealthStatus::Healthy,
        phase: readiness.phase(),
        timestamp: Timestamp::now(),
    };
    (NO_STORE, Json(live))
}

#[derive(Serialize)]
struct Answer {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    status: HealthStatus,
    timestamp: Timestamp,
    #[serde(serialize_with = "by_name")]
    components: Vec<ComponentHealth>,
}

fn ready(state: ReadyState) -> impl IntoResponse {
    let status = status_of(state.ready);
    let answer = Answer {
        ready: state.ready,
        reason: state.reason.map(String::from),
        status: state.health.status,
        timestamp: Timestamp::now(),
        components: state.health.components,
    };
    (status, NO_STORE, Json(answer))
}

fn component(readiness: &Readiness, name: &str) -> Result<impl IntoResponse + use<>, Error> {
    let components = readiness.state().health.components;
    let found = components.into_iter().find(|one| one.name == name);
    let found = found.ok_or_else(|| {
        Error::not_found("component_missing", "There is no component of this name.")
    })?;
    let status = status_of(found.status != HealthStatus::Unhealthy);
    Ok((status, NO_STORE, Json(found)))
}

fn status_of(well: bool) -> StatusCode {
    if well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// What stands in the object of all components: the name is the key.
#[derive(Serialize)]
struct Shown<'a> {
    status: HealthStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    critical: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<Timestamp>,
    duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<bool>,
}

#[expect(clippy::ptr_arg, reason = "serde gives the field as it is")]
fn by_name<S: Serializer>(all: &Vec<ComponentHealth>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(all.iter().map(|one| {
        let shown = Shown {
            status: one.status,
            message: one.message.as_deref(),
            critical: one.critical,
            checked_at: one.checked_at,
            duration_ms: one.duration_ms,
            stale: one.stale.then_some(true),
        };
        (&one.name, shown)
    }))
}
