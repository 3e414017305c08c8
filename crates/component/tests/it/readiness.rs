//! Lifecycle, manual switch and health are kept apart.

use plumego_component::{Check, HealthConfig, HealthRegistry, Phase, Readiness};
use plumego_contract::{Health, HealthStatus};
use proptest::prelude::*;

async fn ready_with(check: Option<Check>) -> Readiness {
    let registry = HealthRegistry::new(HealthConfig::default());
    if let Some(check) = check {
        registry.register("db", check).unwrap();
        registry.run_checks().await;
    }
    let readiness = Readiness::new(registry);
    readiness.advance(Phase::Ready);
    readiness
}

#[tokio::test]
async fn a_critical_component_takes_the_application_out_and_an_optional_one_does_not() {
    let down = || Check::new(|| Health::unhealthy("away"));
    let state = ready_with(Some(down())).await.state();
    assert!(!state.ready);
    assert_eq!(state.reason.as_deref(), Some("db is unhealthy"));

    assert!(ready_with(Some(down().optional())).await.state().ready);
    let slow = Check::new(|| Health::degraded("slow"));
    assert!(ready_with(Some(slow)).await.state().ready);
    assert!(ready_with(None).await.state().ready);
}

// acceptance 21.2 (23)
#[tokio::test]
async fn a_probe_during_the_drain_changes_nothing() {
    let readiness = ready_with(Some(Check::new(Health::healthy))).await;
    readiness.advance(Phase::Draining);
    for _ in 0..3 {
        assert!(!readiness.state().ready);
    }
    assert_eq!(readiness.phase(), Phase::Draining);
    // A check that answers well does not bring readiness back.
    let state = readiness.state();
    assert_eq!(state.health.status, HealthStatus::Healthy);
    assert_eq!(state.reason.as_deref(), Some("draining connections"));
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Advance(Phase),
    Withhold,
    Allow,
    Probe,
}

fn act() -> impl Strategy<Value = Act> {
    let phases = [
        Phase::Starting,
        Phase::Ready,
        Phase::Draining,
        Phase::Stopped,
    ];
    prop_oneof![
        prop::sample::select(phases.to_vec()).prop_map(Act::Advance),
        Just(Act::Withhold),
        Just(Act::Allow),
        Just(Act::Probe),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn ready_is_the_phase_and_the_switch(acts in prop::collection::vec(act(), 0..12)) {
        let readiness = Readiness::new(HealthRegistry::default());
        let (mut phase, mut withheld) = (Phase::Starting, false);
        for act in acts {
            match act {
                Act::Advance(to) => {
                    readiness.advance(to);
                    phase = phase.max(to);
                }
                Act::Withhold => {
                    readiness.set_not_ready("by hand");
                    withheld = true;
                }
                Act::Allow => {
                    readiness.set_ready();
                    withheld = false;
                }
                Act::Probe => drop(readiness.state()),
            }
            let state = readiness.state();
            prop_assert_eq!(readiness.phase(), phase);
            prop_assert_eq!(state.ready, phase == Phase::Ready && !withheld);
            prop_assert_eq!(state.ready, state.reason.is_none());
        }
    }
}
