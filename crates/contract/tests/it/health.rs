//! The words for how a component fares.

use plumego_contract::{Health, HealthStatus};
use serde_json::json;

#[test]
fn the_worst_of_several_is_their_maximum() {
    use HealthStatus::{Degraded, Healthy, Unhealthy};
    assert_eq!(
        [Healthy, Unhealthy, Degraded].into_iter().max(),
        Some(Unhealthy)
    );
    assert_eq!([Degraded, Healthy].into_iter().max(), Some(Degraded));
    assert_eq!(HealthStatus::default(), Healthy);
}

#[test]
fn the_words_on_the_wire_are_those_of_the_type() {
    for (health, expected) in [
        (Health::healthy(), json!({"status": "healthy"})),
        (
            Health::degraded("slow"),
            json!({"status": "degraded", "message": "slow"}),
        ),
        (
            Health::unhealthy("away"),
            json!({"status": "unhealthy", "message": "away"}),
        ),
        (HealthStatus::Degraded.into(), json!({"status": "degraded"})),
    ] {
        let value = serde_json::to_value(&health).unwrap();
        assert_eq!(value, expected);
        assert_eq!(value["status"], health.status.as_str());
        assert_eq!(value["status"], health.status.to_string());
        let status = serde_json::from_value::<HealthStatus>(value["status"].clone()).unwrap();
        assert_eq!(status, health.status);
    }
}
