//! Loading the configuration in layers.

use std::ffi::OsString;
use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;

use plumego_config::{Action, ConfigErrors, Key, Loaded, Loader, Origin};
use plumego_contract::Error;
use serde::de::DeserializeOwned;

use super::{SERVER_KEYS, ServerConfig};

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
    loaded: Loaded,
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
    /// Where the value of a key such as `server.addr` came from.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.loaded.origin(key)
    }

    /// Arguments after `--`.
    pub fn arguments(&self) -> &[String] {
        self.loaded.arguments()
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
        let loaded = self.loader.load()?;
        Self::finish(self.read, loaded)
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
        match self.loader.load_with_args(args)? {
            Action::Run(loaded) => Self::finish(self.read, *loaded).map(Loading::Run),
            Action::Help(text) | Action::PrintConfig(text) => Ok(Loading::Print(text)),
        }
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
                let mut out = std::io::stdout().lock();
                // Whoever closed the pipe does not want to read it.
                let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
                Ok(None)
            }
        }
    }

    fn finish(
        read: fn(&Loaded) -> Result<S, ConfigErrors>,
        loaded: Loaded,
    ) -> Result<Config<S>, LoadError> {
        let mut server: ServerConfig = loaded.section("server")?;
        server.warnings = loaded.warnings().to_vec();
        Ok(Config {
            server,
            settings: read(&loaded)?,
            loaded,
        })
    }
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
