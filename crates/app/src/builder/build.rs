//! From the parts to the whole.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use plumego_contract::{Adjust, AppContext, Problem, Problems, TrustedProxies};
use plumego_middleware::debug_errors::RouteList;
use plumego_middleware::{AbuseGuardLayer, ConcurrencyLimitLayer};
use plumego_observe::log::LiveFilter;
use plumego_observe::metrics::{MetricError, Metrics};
use plumego_observe::trace::Tracer;
use plumego_router::Router;

use super::AppBuilder;
use super::observe::count_dropped_lines;
use crate::app::App;
use crate::config::{ServerConfig, Shown, check_addrs};
use crate::endpoints::BuildInfo;
use crate::guards::{GuardStack, Guards};
use crate::inspect::View;
use crate::reload::{Dials, LiveConfig, Reloader, Settings as LiveSettings, Source, Times};
use crate::run::Control;
use crate::run::logging::Flusher;
use crate::server::{
    Endpoint, HTTP2, Redirect, Redirection, ServerMetrics, StreamLimits, Tls, Tuning,
};

/// What the life of an application needs of its configuration.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) tuning: Tuning,
    pub(crate) start_timeout: Duration,
    pub(crate) times: Arc<Times>,
    pub(crate) unix_socket_mode: u32,
    pub(crate) log_filter: LiveFilter,
    pub(crate) tracer: Option<Arc<dyn Tracer>>,
    pub(crate) tls: Option<Tls>,
    /// The address that leads to HTTPS.
    pub(crate) redirect: Option<Redirect>,
    pub(crate) warnings: Vec<String>,
}

pub(super) fn build(mut builder: AppBuilder) -> Result<App, Problems> {
    let mut problems = builder.config.validate();
    let mut settings = builder.settings_with_tls(&mut problems);
    builder.check_addrs(&mut problems);
    let mut endpoints = builder.endpoints();
    let redirect = settings.tls.as_ref().and_then(Tls::redirect);
    endpoints.extend(redirect.as_ref().map(Redirection::endpoint));
    check_twice(&endpoints, &mut problems);
    if let Some(redirect) = &redirect {
        problems.extend(redirect.check_port(&endpoints));
    }
    builder.take_over_config();
    let guards = builder.take_guards();
    let flusher = Flusher::new(builder.take_writer(&mut problems));

    let mut router = builder.empty_router();
    let (lifecycle, mut contributions) = builder.install(&mut settings, &mut problems);
    let (observe, late) = builder.observe_layer(&guards, &flusher);
    let ours = builder.ours(&guards);
    let known = RouteList::new();
    let told = (&known, contributions.take_viewers());
    let guards = GuardStack::new(guards, observe, told, &mut problems);
    note(guards.register(&builder.metrics), &mut problems);
    let ours = ours.with(guards.limits());
    let redirect = redirect.map(|to| (guards.clone().add_to(to.router), to.addr));
    router = guards.add_to(router);
    for layer in builder.layers {
        router = layer(router);
    }
    let health = (builder.health).routes(lifecycle.readiness(), builder.build_info);
    let exposition = builder.metrics_endpoint.routes(&builder.metrics);
    router = contributions.add_to(router);
    router = router.merge(builder.root).merge(health).merge(exposition);
    let layers = router.layer_names();

    let metrics = builder.metrics;
    let build = builder.build_info;
    note(tell_build(&metrics, build), &mut problems);
    let shown = Shown::new(&builder.config, builder.live.clone());
    let (given, adjust) = ((builder.live, builder.reloads), builder.context.adjust());
    let sources = sources(given, &builder.config, adjust, &settings, ours);
    let reloader = Reloader::new(sources, &metrics, &mut problems);
    let server_metrics = note(ServerMetrics::new(&metrics), &mut problems);
    settings.redirect =
        redirect.and_then(|to| frozen_redirect(to, &builder.context, &mut problems));
    let frozen = router.freeze(builder.context);
    let frozen = frozen.map_err(|found| problems.extend(found)).ok();
    let (Some(router), Some(server_metrics)) = (frozen, server_metrics) else {
        return Err(problems);
    };
    known.set(router.routes().iter().cloned());
    let view = View::new(&router, layers, (build, shown), reloader.clone());
    lifecycle.inspect().set_host(view);
    note(count_dropped_lines(&metrics, &flusher), &mut problems);
    if let Some(late) = late {
        note(late.resolve(&metrics, router.routes().len()), &mut problems);
    }
    problems.into_result(App {
        control: Control::new(&lifecycle, reloader),
        router,
        lifecycle,
        endpoints,
        settings,
        metrics,
        server_metrics,
        flusher,
        on_listening: builder.on_listening,
        is_of_process: builder.is_of_process,
    })
}

fn tell_build(metrics: &Metrics, build: BuildInfo) -> Result<(), MetricError> {
    metrics.build_info(build.version, build.commit, build.build_time)
}

/// What answers at the address that leads to HTTPS.
fn frozen_redirect(
    (router, addr): (Router, String),
    context: &AppContext,
    problems: &mut Problems,
) -> Option<Redirect> {
    let frozen = router.freeze(context.clone());
    let router = frozen.map_err(|found| problems.extend(found)).ok()?;
    Some(Redirection::with(&addr, router))
}

/// The second one would be told that the address is in use. With port 0 each gets its own.
fn check_twice(endpoints: &[Endpoint], problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for endpoint in endpoints {
        if let Endpoint::Addr(addr) = endpoint
            && !addr.ends_with(":0")
            && !seen.insert(addr)
        {
            problems.push(Problem::new(format!(
                "listen: {addr} is twice in the list of addresses: take one of them away"
            )));
        }
    }
}

/// Metrics whose names the program has given to something else.
fn note<T>(result: Result<T, MetricError>, problems: &mut Problems) -> Option<T> {
    result
        .map_err(|error| problems.push(Problem::new(format!("metrics: {error}"))))
        .ok()
}

impl AppBuilder {
    /// Addresses that the program named in code; those of the configuration are checked with it.
    fn check_addrs(&self, problems: &mut Problems) {
        let more = self.more.iter().filter_map(|endpoint| match endpoint {
            Endpoint::Addr(addr) => Some(addr),
            Endpoint::Own(_) => None,
        });
        for addr in self.addr.iter().chain(more) {
            if let Err(wrong) = check_addrs(std::slice::from_ref(addr)) {
                problems.push(Problem::new(format!("listen: expected {wrong}")));
            }
        }
    }

    fn empty_router(&self) -> Router {
        let plain = Router::new();
        self.slashes
            .map_or(plain, |slashes| Router::new().slashes(slashes))
    }

    fn endpoints(&mut self) -> Vec<Endpoint> {
        let mut endpoints = Vec::new();
        match self.addr.take() {
            Some(addr) => endpoints.push(Endpoint::Addr(addr)),
            None if self.owns_listener => {}
            None => endpoints.extend(self.config.addrs.iter().cloned().map(Endpoint::Addr)),
        }
        endpoints.append(&mut self.more);
        endpoints
    }

    fn settings_with_tls(&mut self, problems: &mut Problems) -> Settings {
        let mut settings = self.settings();
        settings.tls = self.take_tls(problems);
        let warnings = settings.tls.iter().flat_map(Tls::warnings);
        settings.warnings.extend(warnings);
        settings
    }

    fn settings(&self) -> Settings {
        let config = &self.config;
        let times = Arc::new(Times::of(config));
        Settings {
            tuning: Tuning {
                times: times.clone(),
                max_header_bytes: config.max_header_bytes,
                max_connections: config.max_connections,
                max_connections_per_ip: config.max_connections_per_ip,
                trusted_proxies: self.believed_proxies(),
                http2: config.http2 && HTTP2,
                streams: StreamLimits {
                    open: config.http2_max_streams,
                    header_bytes: config.http2_max_header_bytes,
                    resets: config.http2_max_resets,
                },
            },
            start_timeout: config.start_timeout,
            times,
            unix_socket_mode: config.unix_socket_mode,
            log_filter: config.log_filter.clone().into(),
            tracer: None,
            tls: None,
            redirect: None,
            warnings: self.warnings(),
        }
    }

    fn believed_proxies(&self) -> TrustedProxies {
        let configured = || self.config.trusted_proxies.clone();
        let believed = self.proxies.clone().unwrap_or_else(configured);
        believed.or_header(self.config.forwarded_header)
    }

    /// What is taken, and worth a look.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.config.warnings.clone();
        warnings.extend(self.config.tls.warning(self.tls.is_some()));
        if self.believed_proxies().contains_everybody() {
            warnings.push(
                "server.trusted_proxies has a network of every address: whoever can connect is \
                 believed, and may forge address, scheme and host; name the networks of your \
                 proxies, or make sure that nobody else reaches the listener"
                    .to_owned(),
            );
        }
        warnings
    }

    fn take_tls(&mut self, problems: &mut Problems) -> Option<Tls> {
        let tls = Tls::build(self.tls.take(), &self.config, &self.metrics, problems);
        self.reloads.extend(tls.as_ref().and_then(Tls::source));
        tls
    }

    /// What of the configuration belongs to the requests and to the components.
    fn take_over_config(&mut self) {
        let config = &self.config;
        self.lifecycle
            .debug(config.debug)
            .start_timeout(config.start_timeout)
            .unwind_timeout(config.shutdown_timeout);
        self.context.trusted_proxies = self.believed_proxies();
        self.context.max_body_bytes = config.max_body_bytes;
        self.context.tasks = Some(Arc::new(self.lifecycle.request_tasks().clone()));
    }

    /// Which of the limits are those of the configuration, as it has them.
    fn ours(&self, guards: &Guards) -> Ours {
        let configured = Guards::from_config(&self.config);
        Ours {
            timeout: guards.timeout.is_some() && guards.timeout == configured.timeout,
            is_concurrency: guards.concurrency_limit == configured.concurrency_limit,
            is_abuse_guard: guards.abuse_guard == configured.abuse_guard,
            concurrency_limit: None,
            abuse_guard: None,
        }
    }

    /// The guards of the configuration, as the program changed them.
    fn take_guards(&mut self) -> Guards {
        let mut guards = Guards::from_config(&self.config);
        for change in self.guards.drain(..) {
            change(&mut guards);
        }
        self.context.request_deadline = guards.timeout;
        guards
    }
}

/// The limits that a new configuration may change: those that the program left alone.
struct Ours {
    timeout: bool,
    is_concurrency: bool,
    is_abuse_guard: bool,
    concurrency_limit: Option<ConcurrencyLimitLayer>,
    abuse_guard: Option<AbuseGuardLayer>,
}

impl Ours {
    fn with(mut self, limits: (Option<ConcurrencyLimitLayer>, Option<AbuseGuardLayer>)) -> Self {
        self.concurrency_limit = limits.0.filter(|_| self.is_concurrency);
        self.abuse_guard = limits.1.filter(|_| self.is_abuse_guard);
        self
    }
}

type Sources = Vec<Box<dyn Source>>;

/// What is read again: the configuration first, when it can be.
fn sources(
    (live, own): (Option<Arc<dyn LiveConfig>>, Sources),
    config: &ServerConfig,
    requests: &Adjust,
    settings: &Settings,
    ours: Ours,
) -> Sources {
    let configured = live.map(|live| {
        let dials = Dials {
            times: settings.times.clone(),
            requests: requests.clone(),
            log_filter: settings.log_filter.clone(),
            concurrency_limit: ours.concurrency_limit,
            abuse_guard: ours.abuse_guard,
            timeout: ours.timeout,
            watch: AtomicBool::new(config.config_watch),
            debug: config.debug,
        };
        Box::new(LiveSettings::new(live, dials)) as Box<dyn Source>
    });
    configured.into_iter().chain(own).collect()
}
