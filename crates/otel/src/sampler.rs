//! Which traces are recorded.

use plumego_observe::trace::TraceContext;
use serde::Deserialize;

/// The samplers of OpenTelemetry, by the names they have in `OTEL_TRACES_SAMPLER`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SamplerKind {
    /// All.
    #[serde(rename = "always_on")]
    AlwaysOn,
    /// None.
    #[serde(rename = "always_off")]
    AlwaysOff,
    /// A share of them, whatever the caller decided.
    #[serde(rename = "traceidratio")]
    TraceIdRatio,
    /// What the caller decided; all that begin here.
    #[default]
    #[serde(rename = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    /// What the caller decided; none that begin here.
    #[serde(rename = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    /// What the caller decided; a share of those that begin here.
    #[serde(rename = "parentbased_traceidratio")]
    ParentBasedTraceIdRatio,
}

impl SamplerKind {
    pub(crate) const fn has_ratio(self) -> bool {
        matches!(self, Self::TraceIdRatio | Self::ParentBasedTraceIdRatio)
    }

    const fn is_parent_based(self) -> bool {
        matches!(
            self,
            Self::ParentBasedAlwaysOn | Self::ParentBasedAlwaysOff | Self::ParentBasedTraceIdRatio
        )
    }
}

/// Decides which traces are recorded.
///
/// A share is decided by the id of the trace, so that all services with the same share record the
/// same traces.
///
/// ```
/// use plumego_observe::trace::TraceContext;
/// use plumego_otel::{Sampler, SamplerKind};
///
/// let sampler = Sampler::new(SamplerKind::ParentBasedTraceIdRatio, 0.0);
/// assert!(!sampler.samples(&TraceContext::new_root()));
/// let sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// assert!(sampler.samples(&TraceContext::from_header_values(Some(sampled), None::<&str>)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampler {
    parent_based: bool,
    /// Ids whose last 63 bits are below this are recorded.
    below: u64,
}

/// All ids are below it.
const ALL: u64 = 1 << 63;

impl Sampler {
    /// A sampler; `ratio` matters to those with a share, and is brought into 0 to 1.
    pub fn new(kind: SamplerKind, ratio: f64) -> Self {
        let below = match kind {
            SamplerKind::AlwaysOn | SamplerKind::ParentBasedAlwaysOn => ALL,
            SamplerKind::AlwaysOff | SamplerKind::ParentBasedAlwaysOff => 0,
            SamplerKind::TraceIdRatio | SamplerKind::ParentBasedTraceIdRatio => share(ratio),
        };
        Self {
            parent_based: kind.is_parent_based(),
            below,
        }
    }

    /// Whether this trace is recorded.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    pub fn samples(&self, trace: &TraceContext) -> bool {
        if self.parent_based && trace.parent().is_some() {
            return trace.is_sampled();
        }
        let id = u128::from_be_bytes(trace.trace_id().to_bytes());
        (id as u64 >> 1) < self.below
    }
}

impl Default for Sampler {
    fn default() -> Self {
        Self::new(SamplerKind::default(), 1.0)
    }
}

/// That share of all ids.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the product is from 0 to 2^63, and the nearest whole number will do"
)]
fn share(ratio: f64) -> u64 {
    (ratio.clamp(0.0, 1.0) * ALL as f64) as u64
}
