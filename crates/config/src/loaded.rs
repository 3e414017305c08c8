//! What was loaded.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

use crate::Origin;
use crate::entry::Entries;
use crate::error::{ConfigError, ConfigErrors};
use crate::name::looks_secret;
use crate::settings;
use crate::tree::{Node, Table};

/// Every value, with where it came from.
///
/// Types are read from it by serde. In what this crate reads:
///
/// - a [`std::time::Duration`] takes milliseconds or `5s`, and a whole number takes the
///   milliseconds of a duration;
/// - a list takes commas or an array;
/// - an enum takes its variants in any of the spellings of [`normalize`](crate::normalize);
/// - an `Option` is `None` for an empty text and for `unlimited`;
/// - inside `#[serde(flatten)]` and untagged enums a value from the environment is text.
pub struct Loaded {
    pub(crate) root: Node,
    pub(crate) entries: Entries,
    pub(crate) origins: BTreeMap<String, Origin>,
    pub(crate) warnings: Vec<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) files: Vec<PathBuf>,
}

impl Loaded {
    /// Reads `T` from the whole tree. See [`Loader::settings`](crate::Loader::settings).
    ///
    /// # Errors
    ///
    /// Every problem `T` has with the values.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, ConfigErrors> {
        self.section("")
    }

    /// Reads `T` from the table, or the value, at a dotted path such as `server`. A table that is
    /// not there is empty.
    ///
    /// # Errors
    ///
    /// Every problem `T` has with the values.
    pub fn section<T: DeserializeOwned>(&self, path: &str) -> Result<T, ConfigErrors> {
        self.read(path).map_err(ConfigErrors::new)
    }

    /// Where the value of a key came from; `None` when it has no value.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.get(key)
    }

    /// What deserves a look but stops nothing: variables that are not known, one line each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Arguments that are not flags of the table: those after `--`, and all others when
    /// [`Loader::pass_unknown_flags`](crate::Loader::pass_unknown_flags) was asked for.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// The `.env` and the TOML file that were asked for, also those that are not there. A relative
    /// path belongs to the directory of the process.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The problem with where the value at a path comes from, and what it is.
    pub(crate) fn located(&self, path: &str, problem: ConfigError) -> ConfigError {
        let entry = self.entries.find(path);
        let secret = entry.is_some_and(|entry| entry.secret) || looks_secret(path);
        let node = self.node(path);
        let given = self
            .origins
            .get(path)
            .or_else(|| node.and_then(Node::origin));
        let problem = match node {
            Some(Node::Leaf(leaf)) => {
                problem.with_value(&leaf.value.to_text(), secret || leaf.secret)
            }
            _ => problem,
        };
        if given.is_none() {
            let hint = self.entries.how_to_set(path);
            return problem.with_hint(hint);
        }
        problem.with_origin(given.cloned())
    }

    pub(crate) fn has_only_defaults(&self) -> bool {
        self.origins
            .values()
            .all(|origin| *origin == Origin::Default)
    }

    pub(crate) fn check<T: DeserializeOwned>(&self, path: &str) -> Vec<ConfigError> {
        self.read::<T>(path).err().unwrap_or_default()
    }

    /// Every key that has a value: its name, the value as text, where it came from. A secret is
    /// `[secret]`. What `--print-config` prints.
    pub fn values(&self) -> impl Iterator<Item = (&str, String, &Origin)> {
        self.entries.list.iter().filter_map(|entry| {
            let origin = self.origins.get(&entry.name)?;
            let value = match self.node(&entry.name) {
                Some(node) => node.display(entry.secret),
                None => "(none)".to_owned(),
            };
            Some((entry.name.as_str(), value, origin))
        })
    }

    fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Vec<ConfigError>> {
        let empty = Node::Table(Table::default());
        let node = self.node(path).unwrap_or(&empty);
        settings::read(path, node).map_err(|problems| {
            let tell = |problem: ConfigError| match (problem.origin(), problem.hint()) {
                (None, None) => {
                    let hint = self.entries.how_to_set(problem.key());
                    problem.with_hint(hint)
                }
                _ => problem,
            };
            problems.into_iter().map(tell).collect()
        })
    }

    pub(crate) fn node(&self, path: &str) -> Option<&Node> {
        match &self.root {
            root if path.is_empty() => Some(root),
            Node::Table(table) => table.find(path),
            _ => None,
        }
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value, origin) in self.values() {
            map.entry(&name, &format_args!("{value} ({origin})"));
        }
        map.finish()
    }
}
