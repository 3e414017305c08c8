//! Checks run in the background; a probe reads what they found.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use plumego_component::{
    Check, ComponentHealth, HealthConfig, HealthRegistry, MAX_CHECKS, StopSource,
};
use plumego_contract::{Error, Health, HealthStatus};
use tokio::sync::Notify;
use tokio::time::Instant;

fn registry() -> HealthRegistry {
    HealthRegistry::new(HealthConfig::default())
}

fn only(registry: &HealthRegistry) -> ComponentHealth {
    registry.snapshot().components[0].clone()
}

async fn find(check: Check) -> (HealthStatus, Option<String>) {
    let registry = registry();
    registry.register("db", check).unwrap();
    registry.run_checks().await;
    let found = only(&registry);
    (found.status, found.message)
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_check_is_understood() {
    async fn function() -> Result<Health, Error> {
        Ok(Health::degraded("slow"))
    }
    let check = async |check: Check, status: HealthStatus, message: Option<&str>| {
        let found = find(check).await;
        assert_eq!((found.0, found.1.as_deref()), (status, message));
    };
    let (fine, poor) = (HealthStatus::Healthy, HealthStatus::Degraded);
    check(Check::new(Health::healthy), fine, None).await;
    check(Check::new(|| ()), fine, None).await;
    check(Check::new(async || HealthStatus::Degraded), poor, None).await;
    check(Check::new(function), poor, Some("slow")).await;
    check(
        Check::new(async || Ok::<_, Error>(Health::unhealthy("read only"))),
        HealthStatus::Unhealthy,
        Some("read only"),
    )
    .await;
}

// acceptance 21.2 (24)
#[tokio::test(start_paused = true)]
async fn a_check_that_fails_panics_or_hangs_is_unhealthy_and_tells_no_secret() {
    let check = async |check: Check, message: &str| {
        let expected = (HealthStatus::Unhealthy, Some(message.to_owned()));
        assert_eq!(find(check).await, expected);
    };
    let failed = "the check failed; see the log";
    check(
        Check::new(|| Err::<(), _>("postgres://app:hunter2@db")),
        failed,
    )
    .await;
    check(
        Check::new(async || Err::<(), _>(Error::internal("hunter2"))),
        failed,
    )
    .await;
    check(Check::new(|| -> Health { panic!("hunter2") }), failed).await;
    check(Check::new(async || -> Health { panic!("hunter2") }), failed).await;
    let late = "the check did not answer in time";
    check(Check::new(std::future::pending::<()>), late).await;
}

#[test]
fn what_was_never_checked_is_unhealthy() {
    let registry = registry();
    assert_eq!(registry.snapshot().status, HealthStatus::Healthy);
    registry
        .register("db", Check::new(Health::healthy))
        .unwrap();
    let found = only(&registry);
    assert_eq!(found.message.as_deref(), Some("not checked yet"));
    assert_eq!(found.checked_at, None);
    assert_eq!(registry.snapshot().status, HealthStatus::Unhealthy);
}

#[tokio::test]
async fn the_whole_is_as_bad_as_its_worst_and_an_optional_part_degrades_it() {
    let check = async |checks: Vec<Check>, expected: HealthStatus| {
        let registry = registry();
        for (check, name) in checks.into_iter().zip(["a", "b", "c"]) {
            registry.register(name, check).unwrap();
        }
        registry.run_checks().await;
        assert_eq!(registry.snapshot().status, expected);
    };
    let fine = || Check::new(Health::healthy);
    let poor = || Check::new(|| Health::degraded("x"));
    let bad = || Check::new(|| Health::unhealthy("x"));
    check(vec![fine(), fine()], HealthStatus::Healthy).await;
    check(vec![fine(), poor()], HealthStatus::Degraded).await;
    check(vec![bad(), poor()], HealthStatus::Unhealthy).await;
    check(vec![fine(), bad().optional()], HealthStatus::Degraded).await;
}

// acceptance 21.2 (23)
#[tokio::test(start_paused = true)]
async fn a_probe_runs_no_check_and_waits_for_none() {
    let registry = registry();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let check = Check::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<()>()
    });
    registry
        .register("db", check.timeout(Duration::from_secs(1)))
        .unwrap();
    registry.run_checks().await;
    let begin = Instant::now();
    for _ in 0..1000 {
        assert_eq!(registry.snapshot().status, HealthStatus::Unhealthy);
    }
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert!((1000..1100).contains(&only(&registry).duration_ms));
}

#[tokio::test(start_paused = true)]
async fn the_loop_asks_every_interval_until_told_to_stop() {
    let registry = registry();
    let asked = Arc::new(AtomicUsize::new(0));
    let rang = Arc::new(Notify::new());
    let (count, bell) = (Arc::clone(&asked), Arc::clone(&rang));
    let check = Check::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        bell.notify_one();
    });
    registry.register("db", check).unwrap();
    let source = StopSource::new();
    let begin = Instant::now();
    let running = tokio::spawn(registry.clone().run(source.token()));
    for _ in 0..3 {
        rang.notified().await;
    }
    assert_eq!(begin.elapsed().as_secs(), 30);
    source.stop();
    running.await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn at_most_eight_checks_run_at_the_same_time() {
    let registry = registry();
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    for i in 0..20 {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        let check = Check::new(move || {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                let now = running.fetch_add(1, Ordering::Relaxed) + 1;
                most.fetch_max(now, Ordering::Relaxed);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::Relaxed);
            }
        });
        registry.register(format!("c{i}").leak(), check).unwrap();
    }
    registry.run_checks().await;
    assert_eq!(most.load(Ordering::Relaxed), 8);
    assert_eq!(registry.snapshot().status, HealthStatus::Healthy);
}

#[tokio::test(start_paused = true)]
async fn an_old_answer_is_marked() {
    let registry = registry();
    registry
        .register("db", Check::new(Health::healthy))
        .unwrap();
    registry.run_checks().await;
    assert!(!only(&registry).stale);
    tokio::time::advance(Duration::from_secs(31)).await;
    assert!(only(&registry).stale);
    registry.run_checks().await;
    assert!(!only(&registry).stale);
}

/// A check that blocks its thread is not asked again while it does: it holds one thread, not one
/// more each round.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_blocks_is_asked_once() {
    let registry = registry();
    let asked = Arc::new(AtomicUsize::new(0));
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = std::sync::Mutex::new(blocked);
    let count = Arc::clone(&asked);
    let check = Check::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        let _ = blocked.lock().unwrap().recv();
    });
    registry
        .register("db", check.timeout(Duration::from_millis(10)))
        .unwrap();
    for _ in 0..3 {
        registry.run_checks().await;
        assert_eq!(only(&registry).status, HealthStatus::Unhealthy);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    drop(release);
}

#[test]
fn names_and_number_are_bounded() {
    let registry = registry();
    registry.register("db", Check::new(|| ())).unwrap();
    registry
        .register("db", Check::new(|| ()).named("replica"))
        .unwrap();
    let twice = registry.register("db", Check::new(|| ()).named("replica"));
    assert_eq!(
        twice.unwrap_err().message,
        "there are two health checks `db.replica`: tell them apart with `Check::named`"
    );
    for i in 2..MAX_CHECKS {
        registry.register_reported(format!("c{i}")).unwrap();
    }
    registry.register_reported("one more").unwrap_err();
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let found = find(Check::new(|| Health::degraded("é".repeat(1000)))).await;
    assert_eq!(found.1.unwrap(), "é".repeat(256));
}

#[test]
fn a_component_that_is_not_asked_reports() {
    let registry = registry();
    registry.register_reported("hub").unwrap();
    registry.register("db", Check::new(|| ())).unwrap();
    assert!(registry.report("hub", Health::degraded("half full")));
    assert!(!registry.report("db", Health::healthy()));
    assert!(!registry.report("nobody", Health::healthy()));
    assert_eq!(only(&registry).status, HealthStatus::Degraded);
    assert!(only(&registry).checked_at.is_some());
}
