//! The operator endpoints.

use plumego_component::inspect::Inspect;
use plumego_component::{AdminDrawer, Component, Drawers, Setup};
use plumego_contract::{Error, Health, Json, reply};
use plumego_router::Router;
use serde_json::{Value, json};

use crate::Guard;
use crate::guard::Doorkeeper;
use crate::views::{self, LogLevel};

/// The operator endpoints under `/ops`: health, tasks, settings, routes, log level, reload, and the
/// [admin drawers](Setup::admin) of all components, behind one [`Guard`].
///
/// | route | answers |
/// | --- | --- |
/// | `GET /ops` | what there is |
/// | `GET /ops/health` | phase, readiness, every component |
/// | `GET /ops/tasks` | live tasks, and what became of all |
/// | `GET /ops/config` | every setting with its origin, secrets masked |
/// | `GET /ops/routes` | every route with layers and source location |
/// | `GET`, `PUT /ops/log` | which log lines are written: `{"filter": "info,shop=debug"}` |
/// | `POST /ops/reload` | reads again what can be; `400 reload_refused` says what is wrong |
/// | `/ops/{component}/…` | the admin drawer of a component |
///
/// Answers are `{"data": …}`. With a guard that refuses everybody the component is `degraded`.
///
/// ```
/// use plumego_component::{Lifecycle, LifecycleConfig};
/// use plumego_ops::{Admin, Guard};
/// use plumego_stdx::Secret;
///
/// let token = Some(Secret::new("0123456789abcdef0123456789abcdef".to_owned()));
/// let mut builder = Lifecycle::builder(LifecycleConfig::default());
/// builder.component(Admin::new(Guard::new().operate(&token)));
/// # builder.build().unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Admin {
    base: String,
    guard: Guard,
}

impl Admin {
    /// Under `/ops`, behind this guard.
    pub fn new(guard: Guard) -> Self {
        Self {
            base: "/ops".to_owned(),
            guard,
        }
    }

    /// Under another path. One slash stands before it, none behind it.
    #[must_use]
    pub fn at(mut self, base: &str) -> Self {
        self.base = format!("/{}", base.trim_matches('/'));
        self
    }
}

impl Component for Admin {
    fn name(&self) -> &'static str {
        "ops"
    }

    fn install(&self, setup: &mut Setup<'_>) -> Result<(), Error> {
        let problems = self.guard.problems();
        if !problems.is_empty() {
            return Err(problems.into());
        }
        if self.guard.denies_everybody() {
            tracing::warn!(
                base = self.base,
                "the operator endpoints refuse everybody: no token"
            );
            setup.health(async || Health::degraded("nobody can get in: no token is configured"));
        } else if !self.guard.is_required() {
            tracing::warn!(
                base = self.base,
                "the operator endpoints are open to everybody"
            );
        }
        let (admin, inspect) = (self.clone(), setup.inspect().clone());
        setup.assemble(move |drawers| admin.routes(&inspect, drawers));
        Ok(())
    }
}

impl Admin {
    fn routes(self, inspect: &Inspect, drawers: &mut Drawers) -> Router {
        let drawers = drawers.take_admin();
        let names: Vec<_> = drawers.iter().map(AdminDrawer::component).collect();
        let summary = json!({
            "base_path": self.base,
            "auth": {
                "required": self.guard.is_required(),
                "enabled": !self.guard.denies_everybody(),
                "tokens": self.guard.has_tokens(),
            },
            "endpoints": ["health", "tasks", "config", "routes", "log", "reload"],
            "components": names,
        });
        let mut routes = own(inspect, summary);
        for drawer in drawers {
            let prefix = format!("/{}", drawer.component());
            routes = routes.group(&prefix, |_| drawer.into_routes());
        }
        let guarded = Doorkeeper::new(self.guard, "operations").protect(routes, None);
        Router::new().group(&self.base, |_| guarded)
    }
}

fn own(inspect: &Inspect, summary: Value) -> Router {
    let [health, tasks, config, routes, log, level, again] =
        std::array::from_fn(|_| inspect.clone());
    Router::new()
        .get("/", async move || reply(summary.clone()))
        .description("What operators can look at and do")
        .get("/health", async move || reply(views::health(&health)))
        .get("/tasks", async move || reply(views::tasks(&tasks)))
        .get("/config", async move || reply(views::config(&config)))
        .get("/routes", async move || reply(views::routes(&routes)))
        .get("/log", async move || views::log_level(&log).map(reply))
        .put("/log", async move |Json(wanted): Json<LogLevel>| {
            views::set_log_level(&level, &wanted).map(reply)
        })
        .description("Changes which log lines are written")
        .max_body_bytes(views::MAX_LOG_LEVEL_BYTES)
        .post("/reload", async move || -> Result<_, Error> {
            views::reload(&again).await.map(reply)
        })
        .description("Reads again what can be")
}
