//! Why a metric could not be registered.

use std::fmt;

/// A metric could not be registered. The text says which one, why, and what to change.
///
/// Always a mistake of the program, so it is best met at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricError {
    metric: String,
    kind: ErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ErrorKind {
    Invalid(String),
    Conflict(String),
    TooMany(usize),
}

impl MetricError {
    pub(super) fn invalid(metric: &str, reason: impl Into<String>) -> Self {
        Self {
            metric: metric.into(),
            kind: ErrorKind::Invalid(reason.into()),
        }
    }

    pub(super) fn conflict(metric: &str, reason: impl Into<String>) -> Self {
        Self {
            metric: metric.into(),
            kind: ErrorKind::Conflict(reason.into()),
        }
    }

    pub(super) fn too_many(metric: &str, limit: usize) -> Self {
        Self {
            metric: metric.into(),
            kind: ErrorKind::TooMany(limit),
        }
    }

    /// The name of the metric in question.
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// Whether the name is taken by a different metric.
    pub fn is_conflict(&self) -> bool {
        matches!(self.kind, ErrorKind::Conflict(_))
    }
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metric {:?}: ", self.metric)?;
        match &self.kind {
            ErrorKind::Invalid(reason) | ErrorKind::Conflict(reason) => f.write_str(reason),
            ErrorKind::TooMany(limit) => {
                write!(
                    f,
                    "there are {limit} families already; use labels instead of more names"
                )
            }
        }
    }
}

impl std::error::Error for MetricError {}
