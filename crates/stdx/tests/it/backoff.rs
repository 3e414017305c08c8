//! Waits grow, are spread, and never pass the cap.

use std::time::Duration;

use plumego_stdx::Backoff;

const MS: fn(u64) -> Duration = Duration::from_millis;

#[track_caller]
fn check_ceiling(failed: u32, expected: Duration) {
    let backoff = Backoff::new(MS(100), MS(1500));
    assert_eq!(backoff.ceiling(failed), expected, "after {failed}");
}

#[test]
fn the_bound_doubles_up_to_the_cap() {
    check_ceiling(0, Duration::ZERO);
    check_ceiling(1, MS(100));
    check_ceiling(2, MS(200));
    check_ceiling(4, MS(800));
    check_ceiling(5, MS(1500));
    check_ceiling(32, MS(1500));
    check_ceiling(33, MS(1500));
    check_ceiling(u32::MAX, MS(1500));
}

#[test]
fn absurd_durations_do_not_overflow() {
    let backoff = Backoff::new(Duration::MAX, Duration::MAX);
    assert_eq!(backoff.ceiling(64), Duration::MAX);
    assert!(backoff.delay(64, 7) <= Duration::from_nanos(u64::MAX));
    let none = Backoff::new(Duration::ZERO, MS(5));
    assert_eq!(none.delay(u32::MAX, 7), Duration::ZERO);
}

#[test]
fn a_wait_is_within_its_bound_and_depends_on_its_arguments_alone() {
    let backoff = Backoff::new(MS(100), MS(1500));
    for failed in 1..20 {
        for seed in 0..200 {
            let delay = backoff.delay(failed, seed);
            assert!(delay <= backoff.ceiling(failed));
            assert_eq!(delay, backoff.delay(failed, seed));
        }
    }
    assert_eq!(backoff.delay(0, 3), Duration::ZERO);
}

/// Full jitter: each tenth of the width gets about a tenth of the seeds, for each attempt.
#[test]
fn waits_are_spread_over_the_whole_width() {
    let backoff = Backoff::new(MS(1000), MS(64_000));
    for failed in [1, 2, 5] {
        let width = backoff.ceiling(failed).as_nanos();
        let mut tenths = [0_u32; 10];
        for seed in 0..10_000 {
            let at = backoff.delay(failed, seed).as_nanos() * 10 / width;
            tenths[usize::try_from(at).unwrap().min(9)] += 1;
        }
        assert!(tenths.iter().all(|n| (800..1200).contains(n)), "{tenths:?}");
    }
}

/// Two attempts of one thing do not wait for the same part of their width.
#[test]
fn attempts_of_one_seed_differ() {
    let backoff = Backoff::new(MS(1000), MS(1000));
    let same = (0..1000)
        .filter(|seed| backoff.delay(1, *seed) == backoff.delay(2, *seed))
        .count();
    assert_eq!(same, 0);
}
