//! The rules for names, OpenMetrics 1.0 "ABNF" and "Reserved label names".

use std::collections::BTreeSet;

use super::error::MetricError;
use super::family::Description;
use super::snapshot::Kind;

const NAME_BYTES_MAX: usize = 128;
const LABELS_MAX: usize = 16;
const BUCKETS_MAX: usize = 64;

/// Checks everything about `description` that does not depend on other families.
pub(super) fn check(description: &Description) -> Result<(), MetricError> {
    let invalid = |reason: String| Err(MetricError::invalid(&description.name, reason));
    if !is_name(&description.name) {
        return invalid(format!(
            "expected 1 to {NAME_BYTES_MAX} letters, digits and `_`, not beginning with a digit"
        ));
    }
    if description.labels.len() > LABELS_MAX {
        return invalid(format!("expected at most {LABELS_MAX} labels"));
    }
    let mut seen = BTreeSet::new();
    for label in &*description.labels {
        if !is_name(label) || label.starts_with("__") {
            return invalid(format!(
                "label {label:?}: expected letters, digits and `_`, not beginning with a digit \
                 or `__`"
            ));
        }
        if description.kind == Kind::Histogram && &**label == "le" {
            return invalid("label \"le\" belongs to the buckets; use another name".into());
        }
        if !seen.insert(label) {
            return invalid(format!("label {label:?} is there twice"));
        }
    }
    check_bounds(description)
}

/// The names that the samples of this family use; nobody else may.
pub(super) fn sample_names(description: &Description) -> Vec<String> {
    let suffixes: &[&str] = match description.kind {
        Kind::Counter => &["", "_total", "_created"],
        Kind::Gauge => &[""],
        Kind::Histogram => &["", "_bucket", "_count", "_sum", "_created"],
    };
    suffixes
        .iter()
        .map(|suffix| format!("{}{suffix}", description.name))
        .collect()
}

/// Escapes help text: the encoder writes it as it is.
pub(super) fn escape_help(help: &str) -> String {
    help.replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('"', "\\\"")
}

fn check_bounds(description: &Description) -> Result<(), MetricError> {
    let bounds = &description.bounds;
    let fits = match description.kind {
        Kind::Counter | Kind::Gauge => return Ok(()),
        Kind::Histogram => (1..=BUCKETS_MAX).contains(&bounds.len()),
    };
    let positive = bounds.iter().all(|bound| bound.is_finite() && *bound > 0.0);
    if fits && positive && bounds.is_sorted_by(|a, b| a < b) {
        return Ok(());
    }
    Err(MetricError::invalid(
        &description.name,
        format!("buckets {bounds:?}: expected 1 to {BUCKETS_MAX} finite, positive, rising bounds"),
    ))
}

fn is_name(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
        && name
            .bytes()
            .next()
            .is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}
