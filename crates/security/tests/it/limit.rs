use std::time::Duration;

use plumego_security::limit::{KeyedLimiter, Limiter, Quota};

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// acceptance 21.1 (33)
#[test]
fn the_burst_passes_then_one_request_an_interval() {
    let limiter = Limiter::new(Quota::per_second(10, 3).unwrap());
    let mut remaining = Vec::new();
    for _ in 0..3 {
        let decision = limiter.check(0);
        assert!(decision.allowed);
        assert_eq!(decision.limit, 3);
        remaining.push(decision.remaining);
    }
    assert_eq!(remaining, [2, 1, 0]);

    let refused = limiter.check(0);
    assert!(!refused.allowed);
    assert_eq!(refused.remaining, 0);
    assert_eq!(refused.retry_after, Duration::from_millis(100));
    assert_eq!(refused.reset_after, Duration::from_millis(300));

    assert!(
        !limiter.check(100 * MILLI - 1).allowed,
        "a nanosecond early"
    );
    assert!(limiter.check(100 * MILLI).allowed, "on time");
    assert!(!limiter.check(100 * MILLI).allowed, "only one came back");
}

#[test]
fn the_last_request_that_passes_says_when_the_next_one_will() {
    let limiter = Limiter::new(Quota::per_second(10, 2).unwrap());
    assert_eq!(limiter.check(0).retry_after, Duration::ZERO);
    let last = limiter.check(50 * MILLI);
    assert!(last.allowed);
    assert_eq!(
        (last.remaining, last.retry_after),
        (0, Duration::from_millis(50))
    );
    assert_eq!(last.reset_after, Duration::from_millis(150));
}

#[test]
fn waiting_for_retry_after_is_enough() {
    for (rate, burst) in [
        (1, 1),
        (3, 7),
        (100, 200),
        (999_999_937, 5),
        (1_000_000_000, 2),
    ] {
        let limiter = Limiter::new(Quota::per_second(rate, burst).unwrap());
        let mut now = 0;
        for _ in 0..burst * 3 {
            let decision = limiter.check(now);
            if !decision.allowed {
                let wait = u64::try_from(decision.retry_after.as_nanos()).unwrap();
                assert!(wait > 0);
                now += wait;
                assert!(limiter.check(now).allowed, "{rate}/s after {wait} ns");
            }
        }
    }
}

#[test]
fn a_refused_request_costs_nothing() {
    let limiter = Limiter::new(Quota::per_second(1, 1).unwrap());
    assert!(limiter.check(0).allowed);
    for now in (0..SECOND).step_by(10_000_000) {
        assert!(!limiter.check(now).allowed);
    }
    assert!(limiter.check(SECOND).allowed);
}

#[test]
fn a_quota_never_holds_more_than_its_burst() {
    let limiter = Limiter::new(Quota::per_second(10, 3).unwrap());
    let late = 365 * 24 * 3600 * SECOND;
    let passed = (0..100).filter(|_| limiter.check(late).allowed).count();
    assert_eq!(passed, 3);
    let end_of_time = (0..100).filter(|_| limiter.check(u64::MAX).allowed).count();
    assert_eq!(end_of_time, 3);
}

#[test]
fn time_that_goes_backwards_lets_nobody_in() {
    let limiter = Limiter::new(Quota::per_second(10, 1).unwrap());
    assert!(limiter.check(10 * SECOND).allowed);
    let refused = limiter.check(9 * SECOND);
    assert!(!refused.allowed);
    assert_eq!(refused.retry_after, Duration::from_millis(1100));
    assert!(limiter.check(9 * SECOND + 1100 * MILLI).allowed);
}

/// It waited for as long as the old quota said, though the new one lends less than it owed.
#[test]
fn a_faster_quota_frees_who_was_refused() {
    let limiter = KeyedLimiter::new(Quota::per_second(1, 100).unwrap(), 16).unwrap();
    while limiter.check("key", 0).allowed {}
    limiter
        .set_quota(Quota::per_second(1000, 1000).unwrap())
        .unwrap();
    let refused = limiter.check("key", 0);
    assert!(!refused.allowed, "all of the new burst is owed");
    assert_eq!(refused.retry_after, Duration::from_millis(1));
    assert_eq!(refused.reset_after, Duration::from_secs(1));
    assert!(limiter.check("key", MILLI).allowed);
    assert!(!limiter.check("key", MILLI).allowed, "one was earned");
}

/// A thread that was not run for a while has an old time. What it sees is not forgiven.
#[test]
fn a_late_thread_forgives_nothing() {
    let limiter = Limiter::new(Quota::per_second(100, 10).unwrap());
    let now = 10 * SECOND;
    while limiter.check(now).allowed {}
    for late in [1, 1000, MILLI, 900 * MILLI, SECOND] {
        assert!(!limiter.check(now - late).allowed);
        assert!(!limiter.check(now).allowed, "late by {late} ns");
    }
}

#[test]
fn keys_do_not_touch_each_other() {
    let limiter = KeyedLimiter::new(Quota::per_second(1, 2).unwrap(), 100).unwrap();
    for key in 0..50 {
        assert!(limiter.check(&key, 0).allowed);
        assert!(limiter.check(&key, 0).allowed);
        assert!(!limiter.check(&key, 0).allowed);
    }
    let stats = limiter.stats();
    assert_eq!((stats.allowed, stats.refused), (100, 50));
    assert_eq!((stats.keys, stats.overflowed, stats.evicted), (50, 0, 0));
}

#[test]
fn numbers_that_make_no_quota_are_refused_with_what_they_may_be() {
    let check = |result: Result<Quota, _>, part: &str| {
        let text = result.map(|_| ()).unwrap_err();
        let text: plumego_security::limit::LimitError = text;
        assert!(text.to_string().contains(part), "{text}");
    };
    check(Quota::per_second(0, 1), "the rate is 0 in 1s");
    check(
        Quota::per_second(1_000_000_001, 1),
        "at most 1000000000 a second",
    );
    check(Quota::new(1, Duration::ZERO, 1), "the rate is 1 in 0ns");
    check(Quota::per_second(1, 0), "the burst is 0");
    check(
        Quota::per_second(1, 1_000_000_001),
        "the burst is 1000000001",
    );
    check(Quota::per_second(1, 40_000_000), "more than 366 days");
    check(Quota::new(1, Duration::MAX, 1), "more than 366 days");
    let quota = Quota::default();
    for keys in [0, 10_000_001] {
        let error = KeyedLimiter::new(quota, keys).unwrap_err().to_string();
        assert!(
            error.contains(&format!("number of keys is {keys}")),
            "{error}"
        );
    }
}

#[test]
fn the_default_is_that_of_the_abuse_guard() {
    let quota = Quota::default();
    assert_eq!(quota, Quota::per_second(100, 200).unwrap());
    assert_eq!(quota.refill_time(), Duration::from_secs(2));
}
