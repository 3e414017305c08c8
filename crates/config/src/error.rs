//! What is wrong with the settings: everything, at once.

use std::fmt;

use crate::Origin;

/// Shown instead of a secret value.
pub(crate) const REDACTED: &str = "[secret]";

/// Longest value an error shows, in characters.
const MAX_SHOWN: usize = 64;

/// Most problems one load reports.
pub(crate) const MAX_PROBLEMS: usize = 256;

/// One problem: which key, from where, the value, what was expected, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    told: Box<Told>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    key: String,
    origin: Option<Origin>,
    value: Option<String>,
    expected: String,
    hint: Option<String>,
    /// Whether `expected` is the whole text.
    is_whole: bool,
    may_pass: bool,
}

impl ConfigError {
    /// A problem that is told in whole sentences, which name the keys: for
    /// [`Live::on_candidate`](crate::Live::on_candidate). Without secrets.
    pub fn told(text: impl Into<String>) -> Self {
        let mut problem = Self::new("", text);
        problem.told.is_whole = true;
        problem
    }

    pub(crate) fn new(key: impl Into<String>, expected: impl Into<String>) -> Self {
        let (key, expected) = (key.into(), expected.into());
        let told = Told {
            key,
            origin: None,
            value: None,
            expected,
            hint: None,
            is_whole: false,
            may_pass: false,
        };
        Self {
            told: Box::new(told),
        }
    }

    pub(crate) fn with_origin(mut self, origin: Option<Origin>) -> Self {
        self.told.origin = origin;
        self
    }

    pub(crate) fn with_value(mut self, value: &str, secret: bool) -> Self {
        self.told.value = Some(show(value, secret));
        self
    }

    pub(crate) fn with_hint(mut self, hint: Option<String>) -> Self {
        self.told.hint = hint;
        self
    }

    pub(crate) fn passing(mut self, may_pass: bool) -> Self {
        self.told.may_pass = may_pass;
        self
    }

    /// Whether it may pass though nobody changes a setting: a file could not be read since the
    /// process is short of descriptors, say. Whoever [reloads](crate::Live::reload) may try again.
    pub fn may_pass(&self) -> bool {
        self.told.may_pass
    }

    /// The key (`server.addr`), the flag or variable when it is no known key, or empty when a
    /// whole file is meant.
    pub fn key(&self) -> &str {
        &self.told.key
    }

    /// Where the value came from; `None` when nothing was given.
    pub fn origin(&self) -> Option<&Origin> {
        self.told.origin.as_ref()
    }

    /// The value as given, at most 64 characters of it; `[secret]` for a secret.
    pub fn value(&self) -> Option<&str> {
        self.told.value.as_deref()
    }

    /// What was expected.
    pub fn expected(&self) -> &str {
        &self.told.expected
    }

    /// What to do, when there is more to say than what was expected.
    pub fn hint(&self) -> Option<&str> {
        self.told.hint.as_deref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told {
            key,
            origin,
            value,
            expected,
            hint,
            is_whole,
            ..
        } = &*self.told;
        let mut line = match (key.is_empty(), origin) {
            (false, Some(origin)) => format!("`{key}` ({origin}): "),
            (false, None) => format!("`{key}`: "),
            (true, Some(origin)) => format!("{origin}: "),
            (true, None) => String::new(),
        };
        if !is_whole {
            line.push_str("expected ");
        }
        line.push_str(expected);
        if let Some(value) = value {
            line.push_str(", got ");
            line.push_str(value);
        }
        if let Some(hint) = hint {
            line.push_str("; hint: ");
            line.push_str(hint);
        }
        f.write_str(&one_line(&line))
    }
}

impl std::error::Error for ConfigError {}

/// Every problem of one load, in the order of the keys; at most 256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    problems: Vec<ConfigError>,
}

impl ConfigErrors {
    pub(crate) fn new(mut problems: Vec<ConfigError>) -> Self {
        problems.truncate(MAX_PROBLEMS);
        Self { problems }
    }

    /// The problems; never empty.
    pub fn problems(&self) -> &[ConfigError] {
        &self.problems
    }

    /// The problems, one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.problems.iter()
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => f.write_str("1 problem in the settings")?,
            count => write!(f, "{count} problems in the settings")?,
        }
        self.problems
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigErrors {}

/// A value in quotes, cut to a length a log line bears; never a secret.
pub(crate) fn show(value: &str, secret: bool) -> String {
    if secret {
        return REDACTED.to_owned();
    }
    let mut chars = value.chars();
    let start: String = chars.by_ref().take(MAX_SHOWN).collect();
    let cut = if chars.next().is_some() { "…" } else { "" };
    format!("{start:?}{cut}")
}

/// The text without control characters: a name from a file cannot begin a line of its own.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_debug());
        } else {
            out.push(c);
        }
    }
    out
}
