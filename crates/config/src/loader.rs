//! Where the layers are, and loading them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::assemble::{Assembly, Sources};
use crate::best_effort::{BestEffort, Skips};
use crate::check::{Check, Report};
use crate::entry::{Entries, LOADER_KEYS};
use crate::error::{ConfigError, ConfigErrors};
use crate::file::Turn;
use crate::flags::{self, Asked, Flags};
use crate::settings::{self, Shape};
use crate::{Key, Loaded, render};

/// Reads the layers: flags, then environment, then `.env`, then a TOML file, then defaults; the
/// first that has a value wins.
///
/// [`from_process`](Self::from_process) reads the environment of the process and the files of the
/// working directory; [`new`](Self::new) reads only what it is given, which is what tests want.
/// Neither reads arguments: pass them to [`load_with_args`](Self::load_with_args). Loading again
/// reads everything again.
///
/// ```
/// use plumego_config::{Key, Kind, Loader};
///
/// const KEYS: &[Key] = &[
///     Key::new("server.addr", Kind::Text).env("APP_ADDR").flag("--addr").default(":8080"),
/// ];
///
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     server: Server,
///     greeting: String,
/// }
/// #[derive(serde::Deserialize)]
/// struct Server {
///     addr: String,
/// }
///
/// let loader = Loader::new(KEYS)
///     .settings::<Settings>()
///     .environment([("APP_ADDR", ":9000"), ("APP_GREETING", "hi")]);
/// let settings: Settings = loader.load()?.settings()?;
/// assert_eq!((settings.server.addr.as_str(), settings.greeting.as_str()), (":9000", "hi"));
/// # Ok::<(), plumego_config::ConfigErrors>(())
/// ```
#[derive(Clone)]
pub struct Loader {
    keys: Vec<&'static [Key]>,
    environment: Option<BTreeMap<OsString, OsString>>,
    directory: Option<PathBuf>,
    user_prefix: String,
    pass_unknown: bool,
    defaults: Vec<(&'static str, &'static str)>,
    schemas: Vec<Schema>,
    checks: Vec<Check>,
}

/// A type the user reads: where, what fields it has and whether it accepts the values.
#[derive(Clone)]
pub(crate) struct Schema {
    pub(crate) path: String,
    probe: fn(&str) -> Shape,
    pub(crate) check: fn(&Loaded, &str) -> Vec<ConfigError>,
}

/// What the arguments asked for.
///
/// ```
/// use plumego_config::{Action, Loader};
///
/// match Loader::new(&[]).load_with_args(["shop", "--help"])? {
///     Action::Run(loaded) => assert!(loaded.arguments().is_empty()),
///     Action::Help(text) | Action::PrintConfig(text) => assert!(text.contains("Usage: shop")),
/// }
/// # Ok::<(), plumego_config::ConfigErrors>(())
/// ```
#[derive(Debug)]
pub enum Action {
    /// Run with these settings.
    Run(Box<Loaded>),
    /// `--help` or `-h`: print this text and end.
    Help(String),
    /// `--print-config`: print this text and end.
    PrintConfig(String),
}

impl Loader {
    /// A loader that reads nothing from outside but files that are named: no environment, no
    /// directory.
    pub fn new(keys: &'static [Key]) -> Self {
        Self {
            keys: vec![LOADER_KEYS, keys],
            environment: Some(BTreeMap::new()),
            directory: None,
            user_prefix: "APP_".to_owned(),
            pass_unknown: false,
            defaults: Vec::new(),
            schemas: Vec::new(),
            checks: Vec::new(),
        }
    }

    /// A loader of the environment of the process and the files of its working directory, both
    /// read when it loads.
    pub fn from_process(keys: &'static [Key]) -> Self {
        Self {
            environment: None,
            directory: Some(PathBuf::new()),
            ..Self::new(keys)
        }
    }

    /// Adds a table of keys.
    #[must_use]
    pub fn keys(mut self, keys: &'static [Key]) -> Self {
        self.keys.push(keys);
        self
    }

    /// Reads these variables instead of the environment of the process.
    #[must_use]
    pub fn environment<K, V>(mut self, variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        self.environment = Some(variables.collect());
        self
    }

    /// Looks for files in this directory.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The prefix of the variables of the user's own settings, `APP_` unless set.
    ///
    /// With `SHOP_` the field `greeting` is read from `SHOP_GREETING` and `db.pool_size` from
    /// `SHOP_DB__POOL_SIZE`, or from `SHOP_DB_POOL_SIZE` when no other field could be meant.
    /// A duration may also be named with `_MS` at its end. The keys of the rooms keep their names.
    #[must_use]
    pub fn user_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.user_prefix = prefix.into();
        self
    }

    /// Another default for a key of a table, written as in a file: a program's own choice, which
    /// `--help` and `--print-config` show. A key that no table has is a problem of the load.
    #[must_use]
    pub fn default_value(mut self, key: &'static str, text: &'static str) -> Self {
        self.defaults.push((key, text));
        self
    }

    /// Keeps flags nobody knows, and arguments that are no flags, among
    /// [`Loaded::arguments`] instead of refusing them. The value of such a flag is only kept with
    /// it when it is written `--flag=value`.
    #[must_use]
    pub fn pass_unknown_flags(mut self) -> Self {
        self.pass_unknown = true;
        self
    }

    /// Makes the fields of `T` known: variables, flags and keys of the file. Loading then fails
    /// when `T` cannot be read, with every problem it has.
    ///
    /// `T` is read from the whole tree, so a field `server` may hold a room's own struct. A map
    /// field is set in a file only.
    #[must_use]
    pub fn settings<T: DeserializeOwned>(self) -> Self {
        self.section::<T>("")
    }

    /// The same for a type that is read from the table at `path`, such as a room's own struct.
    #[must_use]
    pub fn section<T: DeserializeOwned>(mut self, path: &str) -> Self {
        let check = |loaded: &Loaded, path: &str| loaded.check::<T>(path);
        self.schemas.push(Schema {
            path: path.to_owned(),
            probe: settings::probe::<T>,
            check,
        });
        self
    }

    /// Asks more of settings than their types do: `check` is called with what is read as `T` from
    /// the table at `path` (empty for the whole tree), and tells every problem. Any number of
    /// checks; they run when everything else is right, at every load.
    #[must_use]
    pub fn validate<T: DeserializeOwned>(
        mut self,
        path: &str,
        check: impl Fn(&T, &mut Report<'_>) + Send + Sync + 'static,
    ) -> Self {
        let path = path.to_owned();
        self.checks.push(Arc::new(move |loaded| {
            let settings = match loaded.section::<T>(&path) {
                Ok(settings) => settings,
                Err(errors) => return errors.problems().to_vec(),
            };
            let mut report = Report::new(loaded, &path);
            check(&settings, &mut report);
            report.into_problems()
        }));
        self
    }

    /// Reads all layers but flags.
    ///
    /// # Errors
    ///
    /// Every problem found, at once.
    pub fn load(&self) -> Result<Loaded, ConfigErrors> {
        let mut problems = Vec::new();
        let entries = self.entries(&mut problems);
        self.finish(entries, Flags::default(), problems)
    }

    /// Reads all layers. The first argument is the name of the program, as in
    /// `std::env::args_os()`.
    ///
    /// Flags: `--key value`, `--key=value`, `--switch`, `--switch=false`, `--no-switch`; of a flag
    /// given twice the last counts. What follows `--` is kept in [`Loaded::arguments`].
    ///
    /// # Errors
    ///
    /// Every problem found, at once. `--help` is answered whatever the problems are.
    pub fn load_with_args<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Action, ConfigErrors> {
        let mut problems = Vec::new();
        let entries = self.entries(&mut problems);
        let args = args.into_iter().map(Into::into);
        let flags = flags::parse(args, &entries, self.pass_unknown, &mut problems);
        let asked = flags.asked;
        if asked == Asked::Help {
            let program = flags.program.as_deref().unwrap_or("program");
            return Ok(Action::Help(render::help_entries(&entries.list, program)));
        }
        let loaded = self.finish(entries, flags, problems)?;
        Ok(match asked {
            Asked::PrintConfig => Action::PrintConfig(render::print_config(&loaded)),
            _ => Action::Run(Box::new(loaded)),
        })
    }

    /// Reads all layers and leaves out what is wrong: a file that cannot be read or understood, and
    /// a value that its key or the settings refuse, in whose place the next layer speaks. Arguments
    /// as in [`load_with_args`](Self::load_with_args), but `--help` has no effect, and
    /// `--print-config` fills [`BestEffort::print`].
    ///
    /// For tools that must start whatever the files say, such as one that repairs them. Not for
    /// services: what was left out may be what protects them. A default in its place is not what
    /// the operator asked for, so show [`BestEffort::skipped`] to somebody. A
    /// [reload](crate::Live::reload) is never a best effort.
    ///
    /// # Errors
    ///
    /// Every problem found, when nothing was left that was given, or when what is wrong cannot be
    /// left out: a setting that is missing, a flag that nobody knows, a
    /// [validation](Self::validate) that refuses defaults.
    #[doc(alias = "LoadBestEffort")]
    pub fn load_best_effort<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<BestEffort, ConfigErrors> {
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        let (mut skips, mut skipped) = (Skips::default(), Vec::new());
        loop {
            let mut problems = Vec::new();
            let entries = self.entries(&mut problems);
            let flags = flags::parse(
                args.iter().cloned(),
                &entries,
                self.pass_unknown,
                &mut problems,
            );
            let asked = flags.asked;
            let how = (skips.clone(), Turn::First);
            let found = match self.finish_without(entries.clone(), flags, problems, how) {
                Ok(loaded) if loaded.has_only_defaults() && !skipped.is_empty() => {
                    return Err(ConfigErrors::new(skipped));
                }
                Ok(loaded) => {
                    let print =
                        (asked == Asked::PrintConfig).then(|| render::print_config(&loaded));
                    return Ok(BestEffort {
                        loaded,
                        skipped,
                        print,
                    });
                }
                Err(found) => found,
            };
            let before = skipped.len();
            for problem in &found {
                if skips.add(problem, &entries) {
                    skipped.push(problem.clone());
                }
            }
            if skipped.len() == before {
                skipped.extend(found.iter().cloned());
                return Err(ConfigErrors::new(skipped));
            }
        }
    }

    /// Reads all layers and runs, whatever else the arguments ask for.
    pub(crate) fn load_flags(
        &self,
        args: impl IntoIterator<Item = OsString>,
        turn: Turn,
    ) -> Result<Loaded, ConfigErrors> {
        let mut problems = Vec::new();
        let entries = self.entries(&mut problems);
        let flags = flags::parse(args, &entries, self.pass_unknown, &mut problems);
        self.finish_without(entries, flags, problems, (Skips::default(), turn))
    }

    fn entries(&self, problems: &mut Vec<ConfigError>) -> Entries {
        let mut entries = Entries::default();
        entries.add_keys(self.keys.iter().copied().flatten(), problems);
        for (key, text) in &self.defaults {
            match entries.list.iter_mut().find(|entry| entry.name == *key) {
                Some(entry) => entry.default = Some(text),
                None => problems.push(ConfigError::new(*key, "a key of a table")),
            }
        }
        for schema in &self.schemas {
            entries.add_shape(&(schema.probe)(&schema.path), &self.user_prefix);
        }
        entries
    }

    fn finish(
        &self,
        entries: Entries,
        flags: Flags,
        problems: Vec<ConfigError>,
    ) -> Result<Loaded, ConfigErrors> {
        self.finish_without(entries, flags, problems, (Skips::default(), Turn::First))
    }

    fn finish_without(
        &self,
        entries: Entries,
        flags: Flags,
        problems: Vec<ConfigError>,
        (skips, turn): (Skips, Turn),
    ) -> Result<Loaded, ConfigErrors> {
        let sources = Sources {
            environment: self.environment.clone().unwrap_or_else(process_environment),
            directory: self.directory.clone(),
            prefixes: self.prefixes(),
            flags,
            skips,
            turn,
        };
        Assembly::new(entries, sources, problems).load(&self.schemas, &self.checks)
    }

    /// Prefixes whose unknown variables are worth a warning.
    fn prefixes(&self) -> Vec<String> {
        let mut prefixes = vec!["APP_".to_owned()];
        if !self.schemas.is_empty() && !self.user_prefix.is_empty() && self.user_prefix != "APP_" {
            prefixes.push(self.user_prefix.clone());
        }
        prefixes
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader")
            .field(
                "keys",
                &self.keys.iter().map(|keys| keys.len()).sum::<usize>(),
            )
            .field("environment", &self.environment.as_ref().map(BTreeMap::len))
            .field("directory", &self.directory)
            .field("user_prefix", &self.user_prefix)
            .finish_non_exhaustive()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn process_environment() -> BTreeMap<OsString, OsString> {
    std::env::vars_os().collect()
}
