//! What went wrong when an application started or stopped.

use std::fmt;
use std::time::Duration;

use plumego_contract::Error;
use serde::Serialize;

use super::PartKind;
use crate::Name;

/// Why a step of the lifecycle failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// It returned an error; this is its text with its causes. For the log alone.
    Error(String),
    /// It panicked; this is the message. For the log alone.
    Panic(String),
    /// It was not done in time.
    Timeout {
        /// The time it had, in milliseconds.
        after_ms: u64,
    },
    /// The application was told to stop meanwhile.
    Interrupted,
}

impl Cause {
    pub(super) fn error(error: &Error) -> Self {
        Self::Error(format!("{error:?}"))
    }

    pub(super) fn timeout(after: Duration) -> Self {
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        Self::Timeout { after_ms }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(text) => f.write_str(text),
            Self::Panic(text) => write!(f, "panic: {text}"),
            Self::Timeout { after_ms } => write!(f, "not done after {after_ms} ms"),
            Self::Interrupted => f.write_str("the application was told to stop meanwhile"),
        }
    }
}

/// A step of the lifecycle that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// What it is.
    pub kind: PartKind,
    /// Its name.
    pub name: Name,
    /// Why it failed.
    pub cause: Cause,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`: {}", self.kind.as_str(), self.name, self.cause)
    }
}

/// What stopping came to: nothing to tell when it was clean.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StopReport {
    /// The stops that failed, in the order they were made.
    pub failures: Vec<Failure>,
    /// The tasks that did not end in time, by name. They were aborted.
    pub leftover_tasks: Vec<Name>,
}

impl StopReport {
    /// Whether everything stopped, in time and without an error.
    pub fn is_clean(&self) -> bool {
        self.failures.is_empty() && self.leftover_tasks.is_empty()
    }
}

impl fmt::Display for StopReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return f.write_str("everything stopped");
        }
        f.write_str("not everything stopped as it should")?;
        for failure in &self.failures {
            write!(f, "\n  - {failure}")?;
        }
        for task in &self.leftover_tasks {
            write!(f, "\n  - task `{task}` did not end and was aborted")?;
        }
        Ok(())
    }
}

/// A start that failed. Whatever had started before has been stopped again.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartError {
    /// What did not start.
    pub failure: Failure,
    /// What stopping the others came to.
    pub report: StopReport,
}

impl StartError {
    /// Whether nothing failed: the application was told to stop while it started.
    pub fn is_interrupted(&self) -> bool {
        self.failure.cause == Cause::Interrupted
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { kind, name, cause } = &self.failure;
        write!(f, "{} `{name}` did not start: {cause}", kind.as_str())?;
        if self.report.is_clean() {
            return Ok(());
        }
        write!(f, "\n{}", self.report)
    }
}

/// Readable, since `main` prints the error it returns with `Debug`.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StartError {}

impl From<StartError> for Error {
    #[track_caller]
    fn from(error: StartError) -> Self {
        Self::internal(error)
    }
}
