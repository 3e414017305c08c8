//! Loading that leaves out what is wrong.

use crate::entry::{CONFIG_FILE, ENV_FILE, Entries};
use crate::error::ConfigError;
use crate::name::is_within;
use crate::{Loaded, Origin};

/// What a [best effort](crate::Loader::load_best_effort) came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct BestEffort {
    /// What was loaded.
    pub loaded: Loaded,
    /// What was left out, and why. Empty when nothing was wrong.
    pub skipped: Vec<ConfigError>,
    /// What `--print-config` asks to be printed, when it was asked for.
    pub print: Option<String>,
}

/// The layers that a value may be left out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    Flag,
    Env,
    DotEnv,
    File,
}

impl Layer {
    pub(crate) fn of(origin: &Origin) -> Option<Self> {
        match origin {
            Origin::Flag(_) => Some(Self::Flag),
            Origin::Env(_) => Some(Self::Env),
            Origin::DotEnv { .. } => Some(Self::DotEnv),
            Origin::File { .. } => Some(Self::File),
            Origin::Default => None,
        }
    }
}

/// What is left out: whole files, and values of a key in one layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skips {
    files: Vec<&'static str>,
    values: Vec<(String, Layer)>,
}

impl Skips {
    /// Leaves out what the problem is about; answers whether there was anything to leave out.
    pub(crate) fn add(&mut self, problem: &ConfigError, entries: &Entries) -> bool {
        if problem.key() == ENV_FILE || problem.key() == CONFIG_FILE {
            let file = if problem.key() == ENV_FILE {
                ENV_FILE
            } else {
                CONFIG_FILE
            };
            return add(&mut self.files, file);
        }
        let Some(layer) = problem.origin().and_then(Layer::of) else {
            return false;
        };
        match (problem.key(), layer) {
            ("", Layer::DotEnv) => add(&mut self.files, ENV_FILE),
            ("", Layer::File) => add(&mut self.files, CONFIG_FILE),
            ("", _) => false,
            (key, layer) => {
                let entry = entries
                    .list
                    .iter()
                    .find(|entry| is_within(key, &entry.name));
                // A key that nothing reads has no other layer, and is left out by its own name.
                let name = match entry {
                    Some(entry) => entry.name.clone(),
                    None if layer == Layer::File => key.to_owned(),
                    None => return false,
                };
                add(&mut self.values, (name, layer))
            }
        }
    }

    pub(crate) fn has_file(&self, key: &str) -> bool {
        self.files.contains(&key)
    }

    /// Whether the value of this entry in this layer is left out.
    pub(crate) fn has(&self, entry: &str, layer: Layer) -> bool {
        self.values
            .iter()
            .any(|(name, of)| name == entry && *of == layer)
    }

    /// Whether the problem is about something that is left out.
    pub(crate) fn covers(&self, problem: &ConfigError) -> bool {
        let layer = problem.origin().and_then(Layer::of);
        let within = |(name, of): &(String, Layer)| {
            Some(*of) == layer && !name.is_empty() && is_within(problem.key(), name)
        };
        self.values.iter().any(within)
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) -> bool {
    let new = !list.contains(&item);
    if new {
        list.push(item);
    }
    new
}
