//! Which events of `tracing` are logged.

use std::fmt;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};

const DIRECTIVES_MAX: usize = 64;

/// A level for everything, and levels for single modules: `info,hyper=warn,shop::cart=debug`.
///
/// Levels are `off`, `error`, `warn`, `info`, `debug` and `trace`. A module's level also holds
/// for the modules in it; the longest match counts. Without a level for everything it is `info`,
/// which is also the default. At most 64 parts.
///
/// ```
/// use plumego_observe::log::LogFilter;
/// use tracing::Level;
///
/// let filter: LogFilter = "warn,shop=debug".parse()?;
/// assert!(filter.allows("shop::cart", Level::DEBUG));
/// assert!(!filter.allows("shopping", Level::INFO));
///
/// let error = "info,shop=loud".parse::<LogFilter>().unwrap_err();
/// assert!(error.to_string().starts_with("log level \"shop=loud\": \"loud\" is not a level"));
/// # Ok::<(), plumego_observe::log::LogFilterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter {
    default: LevelFilter,
    /// Longest target first.
    targets: Vec<(Box<str>, LevelFilter)>,
}

impl LogFilter {
    /// One level for everything; `LevelFilter::OFF` for silence.
    pub const fn new(level: LevelFilter) -> Self {
        Self {
            default: level,
            targets: Vec::new(),
        }
    }

    /// Whether an event of this target and level is logged.
    pub fn allows(&self, target: &str, level: Level) -> bool {
        let within = |prefix: &str| {
            target
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        let found = self.targets.iter().find(|(prefix, _)| within(prefix));
        level <= found.map_or(self.default, |(_, level)| *level)
    }

    /// [`allows`](Self::allows) for an event or span of `tracing`.
    pub fn allows_metadata(&self, metadata: &Metadata<'_>) -> bool {
        self.allows(metadata.target(), *metadata.level())
    }

    /// The most talkative level that any target has.
    pub fn max_level(&self) -> LevelFilter {
        self.targets
            .iter()
            .map(|(_, level)| *level)
            .fold(self.default, LevelFilter::max)
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self::new(LevelFilter::INFO)
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.default)?;
        self.targets
            .iter()
            .try_for_each(|(target, level)| write!(f, ",{target}={level}"))
    }
}

impl FromStr for LogFilter {
    type Err = LogFilterError;

    fn from_str(text: &str) -> Result<Self, LogFilterError> {
        let mut default = None;
        let mut targets: Vec<(Box<str>, LevelFilter)> = Vec::new();
        for part in text.split(',').map(str::trim) {
            let wrong = |reason: String| LogFilterError {
                part: part.into(),
                reason,
            };
            if targets.len() == DIRECTIVES_MAX {
                return Err(wrong(format!("expected at most {DIRECTIVES_MAX} parts")));
            }
            let Some((target, level)) = part.split_once('=') else {
                if default.replace(read_level(part).map_err(wrong)?).is_some() {
                    return Err(wrong("there is a level for everything already".into()));
                }
                continue;
            };
            let level = read_level(level.trim()).map_err(wrong)?;
            let target = target.trim();
            if !is_target(target) {
                return Err(wrong(format!("{target:?} is not the path of a module")));
            }
            if targets.iter().any(|(other, _)| **other == *target) {
                return Err(wrong(format!("there is a level for {target:?} already")));
            }
            targets.push((target.into(), level));
        }
        targets.sort_by_key(|(target, _)| std::cmp::Reverse(target.len()));
        Ok(Self {
            default: default.unwrap_or(LevelFilter::INFO),
            targets,
        })
    }
}

/// A part of a [`LogFilter`] could not be read; the text says which and what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilterError {
    part: String,
    reason: String,
}

impl fmt::Display for LogFilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "log level {:?}: {}", self.part, self.reason)
    }
}

impl std::error::Error for LogFilterError {}

fn read_level(text: &str) -> Result<LevelFilter, String> {
    let levels = [
        LevelFilter::OFF,
        LevelFilter::ERROR,
        LevelFilter::WARN,
        LevelFilter::INFO,
        LevelFilter::DEBUG,
        LevelFilter::TRACE,
    ];
    levels.into_iter().find(|level| level.to_string().eq_ignore_ascii_case(text)).ok_or_else(|| {
        format!(
            "{text:?} is not a level; expected off, error, warn, info, debug or trace, alone or \
             after a module as in `hyper=warn`"
        )
    })
}

fn is_target(target: &str) -> bool {
    !target.is_empty()
        && target
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'-'))
}
