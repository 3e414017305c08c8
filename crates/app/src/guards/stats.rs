//! What the limits count, as metrics.

use plumego_middleware::{AbuseGuardLayer, ConcurrencyLimitLayer};
use plumego_observe::metrics::{MetricError, Metrics};

pub(super) fn abuse_guard(metrics: &Metrics, guard: &AbuseGuardLayer) -> Result<(), MetricError> {
    let layer = guard.clone();
    metrics.counter_fn(
        "http_abuse_guard_allowed",
        "Requests that the abuse guard let in.",
        move || layer.stats().allowed,
    )?;
    let layer = guard.clone();
    metrics.counter_fn(
        "http_abuse_guard_rejected",
        "Requests that the abuse guard refused with 429.",
        move || layer.stats().refused,
    )?;
    let layer = guard.clone();
    metrics.counter_fn(
        "http_abuse_guard_overflowed",
        "Requests whose client found no place and shared the overflow quota.",
        move || layer.stats().overflowed,
    )?;
    let layer = guard.clone();
    metrics.counter_fn(
        "http_abuse_guard_evicted",
        "Places that went from a client with a full quota to another client.",
        move || layer.stats().evicted,
    )?;
    let layer = guard.clone();
    metrics.gauge_fn(
        "http_abuse_guard_clients",
        "Clients that have a place in the abuse guard.",
        move || count(layer.stats().keys),
    )
}

pub(super) fn concurrency_limit(
    metrics: &Metrics,
    limit: &ConcurrencyLimitLayer,
) -> Result<(), MetricError> {
    let layer = limit.clone();
    metrics.gauge_fn(
        "http_concurrency_running",
        "Requests that run within the concurrency limit.",
        move || count(layer.stats().running),
    )?;
    let layer = limit.clone();
    metrics.gauge_fn(
        "http_concurrency_queued",
        "Requests that wait for their turn.",
        move || count(layer.stats().queued),
    )?;
    let layer = limit.clone();
    metrics.counter_fn(
        "http_concurrency_rejected_busy",
        "Requests refused because too many waited already.",
        move || layer.stats().refused_busy,
    )?;
    let layer = limit.clone();
    metrics.counter_fn(
        "http_concurrency_rejected_timeout",
        "Requests refused because they waited too long.",
        move || layer.stats().refused_timeout,
    )?;
    let layer = limit.clone();
    metrics.gauge_fn(
        "http_concurrency_waiting_bodies",
        "Requests within the concurrency limit whose body is waited for.",
        move || count(layer.stats().waiting_bodies),
    )?;
    let layer = limit.clone();
    metrics.counter_fn(
        "http_concurrency_rejected_bodies",
        "Requests refused because too many bodies of their client were waited for.",
        move || layer.stats().refused_bodies,
    )
}

#[expect(
    clippy::cast_precision_loss,
    reason = "these counts are far below 2^53"
)]
fn count(number: usize) -> f64 {
    number as f64
}
