//! Putting components, runners and hooks together.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plumego_contract::{Error, Problem, Problems};
use plumego_observe::log::LiveFilter;
use plumego_observe::metrics::Metrics;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::part::{Hook, OfComponent, OfRunner, Part, PartKind, Work};
use super::{Inner, Lifecycle, LifecycleConfig, Progress};
use crate::Name;
use crate::component::{Component, Runner};
use crate::drawers::Drawers;
use crate::health::{HealthRegistry, Readiness};
use crate::inspect::Inspect;
use crate::order::{Node, resolve};
use crate::panic::catch_now;
use crate::setup::{Contributions, Declared, Setup};
use crate::tasks::{TaskOutput, Tasks};

/// Components, runners and hooks on their way to a [`Lifecycle`].
pub struct LifecycleBuilder {
    config: LifecycleConfig,
    tasks: Tasks,
    requests: Tasks,
    readiness: Readiness,
    health: HealthRegistry,
    components: Vec<Added>,
    runners: Vec<(Name, Arc<dyn Work>, &'static Location<'static>)>,
    hooks: Vec<Hook>,
    metrics: Metrics,
    log_filter: LiveFilter,
    debug: bool,
}

type Install = dyn FnOnce(&mut Setup<'_>) -> Result<(), Error> + Send;

/// A component that waits to be installed.
struct Added {
    name: &'static str,
    needs: Vec<&'static str>,
    install: Box<Install>,
    work: Arc<dyn Work>,
    location: &'static Location<'static>,
}

impl LifecycleBuilder {
    pub(super) fn new(config: LifecycleConfig) -> Self {
        let tasks = Tasks::new(config.max_tasks);
        let health = HealthRegistry::new(config.health.clone());
        Self {
            requests: tasks.group("requests"),
            readiness: Readiness::new(health.clone()),
            config,
            tasks,
            health,
            components: Vec::new(),
            runners: Vec::new(),
            hooks: Vec::new(),
            metrics: Metrics::default(),
            log_filter: LiveFilter::default(),
            debug: false,
        }
    }

    /// Whether this is a development run. Default: no.
    pub fn debug(&mut self, debug: bool) -> &mut Self {
        self.debug = debug;
        self
    }

    /// Sets [`LifecycleConfig::start_timeout`].
    pub fn start_timeout(&mut self, time: Duration) -> &mut Self {
        self.config.start_timeout = time;
        self
    }

    /// Sets [`LifecycleConfig::unwind_timeout`].
    pub fn unwind_timeout(&mut self, time: Duration) -> &mut Self {
        self.config.unwind_timeout = time;
        self
    }

    /// The metrics that components count into. Default: some of their own.
    pub fn metrics(&mut self, metrics: Metrics) -> &mut Self {
        self.metrics = metrics;
        self
    }

    /// The filter of the log that components may change. Default: one that nothing uses.
    pub fn log_filter(&mut self, filter: LiveFilter) -> &mut Self {
        self.log_filter = filter;
        self
    }

    /// Adds a component.
    #[track_caller]
    pub fn component(&mut self, component: impl Component) -> &mut Self {
        let component = Arc::new(component);
        let installed = Arc::clone(&component);
        self.components.push(Added {
            name: component.name(),
            needs: component.dependencies().to_vec(),
            install: Box::new(move |setup| installed.install(setup)),
            work: Arc::new(OfComponent(component)),
            location: Location::caller(),
        });
        self
    }

    /// Adds a runner under a name.
    #[track_caller]
    pub fn runner(&mut self, name: impl Into<Name>, runner: impl Runner) -> &mut Self {
        let work = Arc::new(OfRunner(runner));
        self.runners.push((name.into(), work, Location::caller()));
        self
    }

    /// Adds something to do when the application stops, after the components. Hooks run once, the
    /// last registered first; those of components count as registered after these.
    pub fn on_shutdown<F, Fut>(&mut self, name: impl Into<Name>, hook: F) -> &mut Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: TaskOutput> + Send + 'static,
    {
        self.hooks.push(Hook::new(name, hook));
        self
    }

    /// The tasks of the application.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// The group for tasks that outlive their request: the
    /// [`AppContext::tasks`](plumego_contract::AppContext::tasks) of the application. They are
    /// awaited before anything else stops.
    pub fn request_tasks(&self) -> &Tasks {
        &self.requests
    }

    /// The health of the application, for its endpoints.
    pub fn health(&self) -> &HealthRegistry {
        &self.health
    }

    /// The readiness of the application, for its endpoints and its server.
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// Installs every component in the order it was added, and finds the order in which they
    /// start.
    ///
    /// # Errors
    /// Every problem at once: failed installs, repeated names, needs that nobody meets, cycles,
    /// repeated health checks.
    pub fn build(self) -> Result<(Lifecycle, Contributions), Problems> {
        let (lifecycle, contributions, problems) = self.build_all();
        problems.into_result((lifecycle, contributions))
    }

    /// [`build`](Self::build) for who has more to check: what was declared comes along with the
    /// problems. A lifecycle that has problems must not be started.
    pub fn build_all(self) -> (Lifecycle, Contributions, Problems) {
        let mut problems = Problems::new();
        let (tasks, readiness) = (self.tasks.clone(), self.readiness.clone());
        let inspect = Inspect::new(
            self.debug,
            (self.metrics, self.log_filter),
            tasks,
            readiness,
        );
        let (nodes, mut installed) = install(self.components, &inspect, &mut problems);
        runner_names(&self.runners, &mut problems);
        let order = resolve(&nodes).unwrap_or_else(|found| {
            problems.extend(found);
            (0..nodes.len()).collect()
        });

        let mut contributions = Contributions::default();
        let (mut drawers, mut waiting) = (Drawers::default(), Vec::new());
        let mut parts = Vec::new();
        let mut hooks = self.hooks;
        let in_order = order
            .into_iter()
            .filter_map(|place| installed.get_mut(place).and_then(Option::take));
        for (name, work, mut declared) in in_order {
            parts.push(Part {
                kind: PartKind::Component,
                name: Name::Borrowed(name),
                work,
                tasks: self.tasks.group(name),
                reported: declared.checks.is_empty(),
            });
            waiting.extend(contributions.take(&mut declared, &mut drawers));
            register(&self.health, name, declared.checks, &mut problems);
            hooks.extend(declared.hooks);
        }
        contributions.assemble(waiting, drawers);
        parts.extend(self.runners.into_iter().map(|(name, work, _)| Part {
            kind: PartKind::Runner,
            tasks: self.tasks.group(name.clone()),
            name,
            work,
            reported: false,
        }));

        let lifecycle = Lifecycle(Arc::new(Inner {
            config: self.config,
            checks: self.tasks.group("health"),
            tasks: self.tasks,
            requests: self.requests,
            health: self.health,
            readiness: self.readiness,
            inspect,
            parts,
            progress: Mutex::new(Progress {
                hooks,
                ..Progress::default()
            }),
            stopping: CancellationToken::new(),
            turn: tokio::sync::Mutex::new(false),
            report: OnceCell::new(),
        }));
        (lifecycle, contributions, problems)
    }
}

impl fmt::Debug for LifecycleBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let components: Vec<_> = self.components.iter().map(|added| added.name).collect();
        let runners: Vec<_> = self.runners.iter().map(|(name, ..)| name).collect();
        f.debug_struct("LifecycleBuilder")
            .field("components", &components)
            .field("runners", &runners)
            .finish_non_exhaustive()
    }
}

/// What is known of a component once it is installed; taken when its turn has come.
type Installed = Option<(&'static str, Arc<dyn Work>, Declared)>;

fn install(
    components: Vec<Added>,
    inspect: &Inspect,
    problems: &mut Problems,
) -> (Vec<Node>, Vec<Installed>) {
    let installed = components.into_iter().map(|added| {
        let mut declared = Declared::default();
        let work = || (added.install)(&mut Setup::new(added.name, inspect, &mut declared));
        let wrong = match catch_now(work) {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("was not installed: {error:?}")),
            Err(panic) => Some(format!("panicked in its `install`: {panic}")),
        };
        if let Some(wrong) = wrong {
            let message = format!("component `{}` {wrong}", added.name);
            problems.push(Problem::at(message, added.location));
        }
        let mut needs = added.needs;
        needs.append(&mut declared.needs);
        let node = Node {
            name: added.name,
            needs,
            location: added.location,
        };
        (node, Some((added.name, added.work, declared)))
    });
    installed.unzip()
}

fn runner_names(
    runners: &[(Name, Arc<dyn Work>, &'static Location<'static>)],
    problems: &mut Problems,
) {
    for (place, (name, _, location)) in runners.iter().enumerate() {
        let mut before = runners.iter().take(place);
        if let Some((.., first)) = before.find(|(other, ..)| other == name) {
            let message = format!("two runners are named `{name}`: give each its own name");
            problems.push(Problem::at(message, location).and_at(first));
        }
    }
}

fn register(
    health: &HealthRegistry,
    name: &'static str,
    checks: Vec<(crate::health::Check, &'static Location<'static>)>,
    problems: &mut Problems,
) {
    if checks.is_empty() {
        // A repeated component name has been told already.
        let _ = health.register_reported(name);
    }
    for (check, location) in checks {
        if let Err(problem) = health.register(name, check) {
            problems.push(problem.and_at(location));
        }
    }
}
