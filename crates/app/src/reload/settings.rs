//! The configuration as a source of reloads, and what becomes of it in the server that runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plumego_config::{Change, ConfigError, ConfigErrors, Live, Loaded};
use plumego_contract::Adjust;
use plumego_middleware::{AbuseGuardLayer, ConcurrencyLimitLayer};
use plumego_observe::log::LiveFilter;

use super::times::Times;
use super::{Changes, Reading, Refused, Source};
use crate::config::ServerConfig;
use crate::guards::{abuse_guard, concurrency_limit};

/// What is called after a reload that changed something.
type Hook = Box<dyn Fn(&Loaded, &[Change]) + Send + Sync>;
/// What answers what is wrong with a candidate.
type Check = Box<dyn Fn(&Loaded) -> Vec<ConfigError> + Send + Sync>;

/// The live settings of a program, of whatever type they are.
pub(crate) trait LiveConfig: Send + Sync {
    fn reload(&self) -> Result<(Arc<Loaded>, Vec<Change>), ConfigErrors>;
    fn loaded(&self) -> Arc<Loaded>;
    fn files(&self) -> Vec<PathBuf>;
    fn on_candidate(&self, check: Check);
    fn on_reload(&self, hook: Hook);
}

impl<S: Send + Sync + 'static> LiveConfig for Live<S> {
    fn reload(&self) -> Result<(Arc<Loaded>, Vec<Change>), ConfigErrors> {
        let reloaded = Live::reload(self)?;
        Ok((Arc::clone(reloaded.loaded()), reloaded.changes().to_vec()))
    }

    fn loaded(&self) -> Arc<Loaded> {
        Live::loaded(self)
    }

    fn files(&self) -> Vec<PathBuf> {
        Live::loaded(self).files().to_vec()
    }

    fn on_candidate(&self, check: Check) {
        Live::on_candidate(self, check);
    }

    fn on_reload(&self, hook: Hook) {
        Live::on_reload(self, move |reloaded| {
            hook(reloaded.loaded(), reloaded.changes());
        });
    }
}

/// What of a server that runs its configuration reaches.
pub(crate) struct Dials {
    pub(crate) times: Arc<Times>,
    pub(crate) requests: Adjust,
    pub(crate) log_filter: LiveFilter,
    /// Those of the configuration; one that the program made is not here.
    pub(crate) concurrency_limit: Option<ConcurrencyLimitLayer>,
    pub(crate) abuse_guard: Option<AbuseGuardLayer>,
    pub(crate) timeout: bool,
    pub(crate) watch: AtomicBool,
    /// Whether it is a development run: then files are watched.
    pub(crate) debug: bool,
}

/// What becomes of a new value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is in force.
    Now,
    /// It will be when the process starts again.
    Restart,
    /// It is not, since the program has said something else in code.
    None,
}

impl Dials {
    /// What becomes of a new value of this field of the configuration.
    pub(crate) fn effect(&self, field: &str) -> Effect {
        let reachable = match field {
            "read_header_timeout"
            | "read_timeout"
            | "write_timeout"
            | "idle_timeout"
            | "shutdown_timeout"
            | "pre_drain"
            | "drain_interval"
            | "max_body_bytes"
            | "config_watch" => true,
            "request_timeout" => self.timeout,
            "max_concurrency" | "queue_depth" | "queue_timeout" => self.concurrency_limit.is_some(),
            "abuse_guard_rate" | "abuse_guard_burst" => self.abuse_guard.is_some(),
            "log_level" => self.log_filter.is_in_use(),
            _ => return Effect::Restart,
        };
        if reachable { Effect::Now } else { Effect::None }
    }

    /// Puts in force what can be. The values were checked when they were loaded.
    fn turn(&self, config: &ServerConfig, changes: &[Change]) {
        for change in changes {
            if let Some(field) = change.key().strip_prefix("server.") {
                self.turn_one(field, config);
            }
        }
    }

    fn turn_one(&self, field: &str, config: &ServerConfig) {
        let times = &self.times;
        match field {
            "read_header_timeout" => times.header.set(config.read_header_timeout),
            "read_timeout" => times.read.set(config.read_timeout),
            "write_timeout" => times.write.set(config.write_timeout),
            "idle_timeout" => times.idle.set(config.idle_timeout),
            "shutdown_timeout" => times.shutdown.set(config.shutdown_timeout),
            "pre_drain" => times.pre_drain.set(config.pre_drain),
            "drain_interval" => times.drain_interval.set(config.drain_interval),
            "config_watch" => self.watch.store(config.config_watch, Ordering::Relaxed),
            "max_body_bytes" => self.requests.set_max_body_bytes(config.max_body_bytes),
            "request_timeout" if self.timeout => {
                let time = config.request_timeout;
                let time = Some(time).filter(|time| !time.is_zero());
                self.requests.set_request_deadline(time);
            }
            "max_concurrency" | "queue_depth" | "queue_timeout" => {
                if let Some(limit) = &self.concurrency_limit {
                    tell(limit.set(concurrency_limit(config)));
                }
            }
            "abuse_guard_rate" | "abuse_guard_burst" => {
                if let Some(guard) = &self.abuse_guard {
                    let wanted = abuse_guard(config);
                    tell(guard.set(wanted.rate, wanted.burst));
                }
            }
            "log_level" => self.log_filter.set(config.log_filter.clone()),
            _ => {}
        }
    }
}

/// The bounds of the keys are within those of the layers.
fn tell<E: std::fmt::Display>(result: Result<(), E>) {
    if let Err(error) = result {
        tracing::error!(%error, "a new setting is not in force");
    }
}

/// The configuration, read again.
pub(crate) struct Settings {
    live: Arc<dyn LiveConfig>,
    dials: Arc<Dials>,
    /// What the application was built with.
    built_with: Arc<Loaded>,
}

impl Settings {
    /// From now on whatever is reloaded, by whomever, is put in force.
    pub(crate) fn new(live: Arc<dyn LiveConfig>, dials: Dials) -> Self {
        let dials = Arc::new(dials);
        let built_with = live.loaded();
        // The program may have mended in code what was wrong with it from the first.
        let known = faults(&built_with);
        live.on_candidate(Box::new(move |candidate| {
            let new = faults(candidate).into_iter();
            let new = new.filter(|fault| !known.contains(fault));
            new.map(ConfigError::told).collect()
        }));
        // The settings may outlive the application.
        let weak = Arc::downgrade(&dials);
        live.on_reload(Box::new(move |loaded, changes| {
            let config = loaded.section::<ServerConfig>("server");
            if let (Some(dials), Ok(config)) = (weak.upgrade(), config) {
                dials.turn(&config, changes);
            }
        }));
        Self {
            live,
            dials,
            built_with,
        }
    }

    /// What has changed since the last time, and what waits for a restart: that differs from what
    /// the application was built with, whenever it was read.
    fn describe(&self, loaded: &Loaded, changes: &[Change]) -> Changes {
        let waiting = loaded.changes_since(&self.built_with);
        let waits = |change: &Change| self.effect(change) != Effect::Now;
        let waiting: Vec<_> = waiting.into_iter().filter(waits).collect();
        let is_at = |list: &[Change], key: &str| list.iter().any(|it| it.key() == key);

        let mut told = Changes::none();
        for change in changes {
            let key = change.key();
            told = match self.effect(change) {
                Effect::Restart | Effect::None if !is_at(&waiting, key) => {
                    told.changed(format!("{change}: as it is in force"))
                }
                Effect::Now => told.changed(change.to_string()),
                Effect::Restart => told,
                Effect::None => {
                    let why = "stays as it is: the program set it in code, or it was off";
                    told.warning(format!("{key} {why}"))
                }
            };
        }
        for change in &waiting {
            told = if is_at(changes, change.key()) {
                told.needs_restart(change.to_string())
            } else {
                told.warning(format!("{change}: still needs a restart"))
            };
        }
        for warning in loaded.warnings() {
            told = told.warning(warning);
        }
        told
    }

    fn effect(&self, change: &Change) -> Effect {
        let field = change.key().strip_prefix("server.");
        match field.filter(|_| change.is_reloadable()) {
            Some(field) => self.dials.effect(field),
            None if change.is_reloadable() => Effect::Now,
            None => Effect::Restart,
        }
    }
}

/// What an application would not be built with.
fn faults(loaded: &Loaded) -> Vec<String> {
    let config = loaded.section::<ServerConfig>("server");
    let problems = config.map(|config| config.validate()).unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

impl Source for Settings {
    fn name(&self) -> &'static str {
        "config"
    }

    fn paths(&self) -> Vec<PathBuf> {
        if self.dials.debug || self.dials.watch.load(Ordering::Relaxed) {
            self.live.files()
        } else {
            Vec::new()
        }
    }

    fn reload(&self) -> Reading<'_> {
        Box::pin(async {
            let live = Arc::clone(&self.live);
            let read = tokio::task::spawn_blocking(move || live.reload());
            match read.await {
                Ok(Ok((loaded, changes))) => Ok(self.describe(&loaded, &changes)),
                Ok(Err(errors)) => Err(refused(&errors)),
                Err(_) => Err(Refused::new("reading the configuration again panicked")),
            }
        })
    }
}

fn refused(errors: &ConfigErrors) -> Refused {
    let mut problems = errors.iter().map(ToString::to_string);
    let first = Refused::new(problems.next().unwrap_or_default());
    let refused = problems.fold(first, Refused::and);
    if errors.iter().any(ConfigError::may_pass) {
        refused.passing()
    } else {
        refused
    }
}

#[cfg(test)]
mod tests {
    use plumego_middleware::concurrency_limit::ConcurrencyLimitConfig;
    use plumego_middleware::rate_limit::AbuseGuardConfig;

    use super::*;
    use crate::config::SERVER_KEYS;

    fn dials() -> Dials {
        let limit = ConcurrencyLimitLayer::new(ConcurrencyLimitConfig::default());
        Dials {
            times: Arc::default(),
            requests: Adjust::default(),
            log_filter: LiveFilter::default(),
            concurrency_limit: limit.ok(),
            abuse_guard: AbuseGuardLayer::new(AbuseGuardConfig::default()).ok(),
            timeout: true,
            watch: AtomicBool::new(false),
            debug: false,
        }
    }

    #[test]
    fn the_table_says_of_every_key_what_becomes_of_a_new_value() {
        let dials = dials();
        for key in SERVER_KEYS {
            let field = key.name.strip_prefix("server.").unwrap_or(key.name);
            // Nothing has installed the log here.
            let expected = if field == "log_level" {
                Effect::None
            } else if key.reloadable {
                Effect::Now
            } else {
                Effect::Restart
            };
            assert_eq!(dials.effect(field), expected, "{}", key.name);
        }
    }
}
