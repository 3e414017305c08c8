//! Loading the configuration in layers.

use std::ffi::OsString;
use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use plumego_config::{Action, ConfigError, ConfigErrors, Key, Live, Loaded, Loader, Origin};
use plumego_contract::Error;
use serde::de::DeserializeOwned;

use super::{SERVER_KEYS, ServerConfig};
use crate::reload::LiveConfig;

/// The configuration of a program: the server's beside its own settings.
///
/// Flags come before the environment, the environment before `.env`, `.env` before the TOML file,
/// that before the default: see [`plumego_config`].
///
/// ```no_run
/// use plumego_app::Config;
///
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     greeting: String,
/// }
///
/// fn main() -> Result<(), plumego_contract::Error> {
///     let loader = Config::of::<Settings>();
///     let Some(config) = loader.from_args(std::env::args_os())? else {
///         return Ok(()); // `--help` or `--print-config`
///     };
///     println!("{} on {:?}", config.settings.greeting, config.server.addrs);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Config<S = ()> {
    /// The server's: the table `server` of a file, and the variables of [`SERVER_KEYS`].
    pub server: ServerConfig,
    /// The program's own, read from the whole tree: a field `greeting` is `greeting` in a file,
    /// `APP_GREETING` and `--greeting`.
    pub settings: S,
    loaded: Arc<Loaded>,
    live: Live<S>,
    skipped: Vec<ConfigError>,
}

impl Config {
    /// Loads the environment, `.env` and the TOML file.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn load() -> Result<Self, LoadError> {
        ConfigLoader::none().load()
    }

    /// [`load`](Self::load) with flags above all. The first argument is the name of the program,
    /// as in `std::env::args_os()`.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn load_with_args<A: Into<OsString>>(
        args: impl IntoIterator<Item = A>,
    ) -> Result<Loading<()>, LoadError> {
        ConfigLoader::none().load_with_args(args)
    }

    /// [`load_with_args`](Self::load_with_args) that prints what `--help` and `--print-config` ask
    /// for. `None` means: it is printed, end now.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn from_args<A: Into<OsString>>(
        args: impl IntoIterator<Item = A>,
    ) -> Result<Option<Self>, LoadError> {
        ConfigLoader::none().from_args(args)
    }

    /// Loads settings of the program's own beside those of the server.
    pub fn of<S: DeserializeOwned>() -> ConfigLoader<S> {
        ConfigLoader {
            loader: loader().settings::<S>(),
            read: Loaded::settings::<S>,
        }
    }

    /// Loads those of the server alone, with choices.
    pub fn loader() -> ConfigLoader<()> {
        ConfigLoader::none()
    }
}

impl<S> Config<S> {
    /// What a [best effort](ConfigLoader::load_best_effort) left out, and why.
    pub fn skipped(&self) -> &[ConfigError] {
        &self.skipped
    }

    /// The settings of a room, from the table of its keys, as they were when they were loaded:
    /// `config.section::<OtelConfig>("otel")` for keys that were given by
    /// [`ConfigLoader::keys`].
    ///
    /// # Errors
    /// Every problem the type has with the values.
    pub fn section<T: DeserializeOwned>(&self, table: &str) -> Result<T, LoadError> {
        Ok(self.loaded.section(table)?)
    }

    /// Where the value of a key such as `server.addr` came from.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.loaded.origin(key)
    }

    /// The program's own settings, to be read again while it runs: what is in force now,
    /// subscriptions, and [`reload`](Live::reload). Given to
    /// [`AppBuilder::config`](crate::AppBuilder::config), this configuration is read again on
    /// SIGHUP, and whoever holds this hears of it.
    #[doc(alias = "ReloadWithValidation")]
    pub fn live(&self) -> Live<S> {
        self.live.clone()
    }

    /// Arguments after `--`.
    pub fn arguments(&self) -> &[String] {
        self.loaded.arguments()
    }
}

/// What [`AppBuilder::config`](crate::AppBuilder::config) takes: a [`ServerConfig`], which stays as
/// it is, or a [`Config`] that was loaded and can be read again.
pub struct Configuration {
    pub(crate) server: ServerConfig,
    pub(crate) live: Option<Arc<dyn LiveConfig>>,
}

impl From<ServerConfig> for Configuration {
    fn from(server: ServerConfig) -> Self {
        Self { server, live: None }
    }
}

impl<S: Send + Sync + 'static> From<&Config<S>> for Configuration {
    fn from(config: &Config<S>) -> Self {
        Self {
            server: config.server.clone(),
            live: Some(Arc::new(config.live())),
        }
    }
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configuration")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// What the arguments asked for.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one, once, and it is taken apart at once"
)]
pub enum Loading<S> {
    /// Run with this.
    Run(Config<S>),
    /// `--help` or `--print-config`: print this text and end.
    Print(String),
}

/// How a [`Config`] is loaded.
///
/// ```
/// use plumego_app::Config;
///
/// let config = Config::loader()
///     .environment([("APP_ADDR", ":9000"), ("APP_READ_TIMEOUT_MS", "5000")])
///     .load()?;
/// assert_eq!(config.server.addrs, [":9000"]);
/// assert_eq!(config.server.read_timeout.as_secs(), 5);
/// # Ok::<(), plumego_app::LoadError>(())
/// ```
pub struct ConfigLoader<S> {
    loader: Loader,
    read: fn(&Loaded) -> Result<S, ConfigErrors>,
}

impl ConfigLoader<()> {
    fn none() -> Self {
        Self {
            loader: loader(),
            read: |_| Ok(()),
        }
    }
}

impl<S> ConfigLoader<S> {
    /// Reads these variables instead of the environment of the process.
    #[must_use]
    pub fn environment<K, V>(mut self, variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        self.loader = self.loader.environment(variables);
        self
    }

    /// Looks for `.env` and `plumego.toml` in this directory, instead of the one the process is
    /// in.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.loader = self.loader.directory(directory);
        self
    }

    /// The prefix of the variables of the program's own settings. Default: `APP_`.
    #[must_use]
    pub fn user_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.loader = self.loader.user_prefix(prefix);
        self
    }

    /// Another table of keys, such as that of a room.
    #[must_use]
    pub fn keys(mut self, keys: &'static [Key]) -> Self {
        self.loader = self.loader.keys(keys);
        self
    }

    /// The address when no layer gives one, in place of `:8080`.
    #[must_use]
    pub fn default_addr(mut self, addr: &'static str) -> Self {
        self.loader = self.loader.default_value("server.addr", addr);
        self
    }

    /// Loads all layers but flags.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn load(self) -> Result<Config<S>, LoadError> {
        let loaded = self.loader.load().map_err(LoadError::from);
        told(loaded.and_then(|loaded| self.finish(Vec::new(), loaded)))
    }

    /// Asks more of the program's settings than their type does; called at every load and reload.
    /// It tells every problem; see [`plumego_config::Report`].
    ///
    /// ```
    /// use plumego_app::Config;
    ///
    /// #[derive(Debug, serde::Deserialize)]
    /// struct Settings { workers: u32, queue: u32 }
    ///
    /// let error = Config::of::<Settings>()
    ///     .validate(|settings, report| {
    ///         if settings.queue < settings.workers {
    ///             report.problem("queue", "at least as many as `workers`");
    ///         }
    ///     })
    ///     .environment([("APP_WORKERS", "8"), ("APP_QUEUE", "4")])
    ///     .load()
    ///     .unwrap_err();
    /// assert!(error.to_string().contains("`queue` (environment variable APP_QUEUE)"));
    /// ```
    #[must_use]
    pub fn validate(
        mut self,
        check: impl Fn(&S, &mut plumego_config::Report<'_>) + Send + Sync + 'static,
    ) -> Self
    where
        S: DeserializeOwned,
    {
        self.loader = self.loader.validate("", check);
        self
    }

    /// [`from_args`](Self::from_args) that leaves out what is wrong, as far as it can be:
    /// see [`Loader::load_best_effort`], also for when not to use it. What was left out is in
    /// [`Config::skipped`] and among the warnings that the application logs when it starts. A
    /// reload is never a best effort: it changes nothing until everything is right.
    ///
    /// `None` means: what `--help` or `--print-config` ask for is printed, end now.
    ///
    /// # Errors
    /// Every problem, when nothing was left that was given, or when it cannot be left out.
    #[doc(alias = "LoadBestEffort")]
    pub fn load_best_effort<A: Into<OsString>>(
        self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Option<Config<S>>, LoadError> {
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        // Help is given whatever is wrong.
        if let Ok(Action::Help(text)) = self.loader.load_with_args(args.iter().cloned()) {
            print(&text);
            return Ok(None);
        }
        let found = self.loader.load_best_effort(args.iter().cloned())?;
        if let Some(text) = found.print {
            print(&text);
            return Ok(None);
        }
        let mut config = self.finish(args, found.loaded)?;
        let told = found
            .skipped
            .iter()
            .map(|problem| format!("left out: {problem}"));
        config.server.warnings.extend(told);
        config.skipped = found.skipped;
        Ok(Some(config))
    }

    /// Loads all layers. The first argument is the name of the program, as in
    /// `std::env::args_os()`.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn load_with_args<A: Into<OsString>>(
        self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Loading<S>, LoadError> {
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        let loaded = self.loader.load_with_args(args.iter().cloned());
        told(match loaded {
            Ok(Action::Run(loaded)) => self.finish(args, *loaded).map(Loading::Run),
            Ok(Action::Help(text) | Action::PrintConfig(text)) => Ok(Loading::Print(text)),
            Err(errors) => Err(errors.into()),
        })
    }

    /// [`load_with_args`](Self::load_with_args) that prints what `--help` and `--print-config` ask
    /// for. `None` means: it is printed, end now.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn from_args<A: Into<OsString>>(
        self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Option<Config<S>>, LoadError> {
        match self.load_with_args(args)? {
            Loading::Run(config) => Ok(Some(config)),
            Loading::Print(text) => {
                print(&text);
                Ok(None)
            }
        }
    }

    fn finish(self, args: Vec<OsString>, first: Loaded) -> Result<Config<S>, LoadError> {
        let mut server: ServerConfig = first.section("server")?;
        server.warnings = first.warnings().to_vec();
        let settings = (self.read)(&first)?;
        let live = Live::of_loaded(self.loader, args, first, self.read)?;
        Ok(Config {
            server,
            settings,
            skipped: Vec::new(),
            loaded: live.loaded(),
            live,
        })
    }
}

/// A predecessor that waits for this process is told why it fails.
fn told<T>(result: Result<T, LoadError>) -> Result<T, LoadError> {
    result.inspect_err(|error| crate::run::announce_failure(error))
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever closed the pipe does not want to read it.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The environment and the files of the process, with the keys of the server.
fn loader() -> Loader {
    Loader::from_process(SERVER_KEYS).section::<ServerConfig>("server")
}

impl<S> fmt::Debug for ConfigLoader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigLoader")
            .field("loader", &self.loader)
            .finish_non_exhaustive()
    }
}

/// The configuration could not be loaded: every problem at once, each with its key, where the
/// value came from, and what was expected. Never a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct LoadError(ConfigErrors);

impl LoadError {
    /// The problems; never empty.
    pub fn problems(&self) -> &[plumego_config::ConfigError] {
        self.0.problems()
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Readable, since `main` prints the error it returns with `Debug`.
impl fmt::Debug for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for LoadError {}

impl From<ConfigErrors> for LoadError {
    fn from(errors: ConfigErrors) -> Self {
        Self(errors)
    }
}

impl From<LoadError> for Error {
    #[track_caller]
    fn from(error: LoadError) -> Self {
        Self::internal(error)
    }
}
