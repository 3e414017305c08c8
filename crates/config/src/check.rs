//! What a program asks of its settings beyond their types.

use std::sync::Arc;

use crate::error::{ConfigError, MAX_PROBLEMS};
use crate::{Loaded, normalize};

/// A check of everything that was loaded.
pub(crate) type Check = Arc<dyn Fn(&Loaded) -> Vec<ConfigError> + Send + Sync>;

/// Takes the problems that a program finds in its settings.
///
/// ```
/// use plumego_config::Loader;
///
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     workers: u32,
///     queue: u32,
/// }
///
/// let loader = Loader::new(&[])
///     .settings::<Settings>()
///     .validate("", |settings: &Settings, report| {
///         if settings.queue < settings.workers {
///             report.problem("queue", "at least as many as `workers`");
///         }
///     })
///     .environment([("APP_WORKERS", "8"), ("APP_QUEUE", "4")]);
/// let errors = loader.load().unwrap_err();
/// assert_eq!(
///     errors.problems()[0].to_string(),
///     "`queue` (environment variable APP_QUEUE): \
///      expected at least as many as `workers`, got \"4\"",
/// );
/// ```
#[derive(Debug)]
pub struct Report<'a> {
    loaded: &'a Loaded,
    base: &'a str,
    problems: Vec<ConfigError>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(loaded: &'a Loaded, base: &'a str) -> Self {
        Self {
            loaded,
            base,
            problems: Vec::new(),
        }
    }

    /// One problem: the key, as a dotted path from where the type was read, in any spelling, and
    /// what was expected. Where the value comes from, and the value unless it is a secret, are
    /// added. At most 256.
    pub fn problem(&mut self, key: &str, expected: impl Into<String>) {
        if self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        let parts: Vec<String> = key.split('.').map(normalize).collect();
        let path = crate::name::join(self.base, &parts.join("."));
        let problem = ConfigError::new(path.as_str(), expected);
        self.problems.push(self.loaded.located(&path, problem));
    }

    pub(crate) fn into_problems(self) -> Vec<ConfigError> {
        self.problems
    }
}
