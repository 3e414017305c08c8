//! The words for how a component fares.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a component, or the whole application, fares.
///
/// The order is from good to bad, so the worst of several is their maximum.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// All is well.
    #[default]
    Healthy,
    /// It works, with less than it should have. Probes still answer 200.
    Degraded,
    /// It does not work.
    Unhealthy,
}

impl HealthStatus {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a check found: a status and a line for the operator.
///
/// The message is shown to whoever may ask the health endpoints. It must hold no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The status.
    pub status: HealthStatus,
    /// A line for the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Health {
    /// All is well.
    pub fn healthy() -> Self {
        Self::default()
    }

    /// It works, with less than it should have.
    pub fn degraded(message: impl Into<String>) -> Self {
        Self {
            status: HealthStatus::Degraded,
            message: Some(message.into()),
        }
    }

    /// It does not work.
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self {
            status: HealthStatus::Unhealthy,
            message: Some(message.into()),
        }
    }
}

impl From<HealthStatus> for Health {
    fn from(status: HealthStatus) -> Self {
        Self {
            status,
            message: None,
        }
    }
}
