//! The limiter against a naive token bucket, against a count over every window, and against
//! `governor`.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::FakeRelativeClock;
use plumego_security::limit::{KeyedLimiter, Limiter, Quota};
use proptest::prelude::*;

/// A bucket of nanoseconds: each request takes an interval out, time puts itself in.
struct NaiveBucket {
    interval: u128,
    capacity: u128,
    credit: u128,
    last: u128,
}

impl NaiveBucket {
    fn new(quota: Quota) -> Self {
        let capacity = quota.interval().as_nanos() * u128::from(quota.burst());
        Self {
            interval: quota.interval().as_nanos(),
            capacity,
            credit: capacity,
            last: 0,
        }
    }

    fn check(&mut self, now: u64) -> (bool, u128) {
        let now = u128::from(now);
        self.credit = self.capacity.min(self.credit + (now - self.last));
        self.last = now;
        let allowed = self.credit >= self.interval;
        if allowed {
            self.credit -= self.interval;
        }
        (allowed, self.credit / self.interval)
    }
}

/// Steps in time, in parts of the interval: so that both sides of every border are met.
fn steps(interval: u64, parts: &[u16]) -> Vec<u64> {
    let mut now = 0_u64;
    let step = |part: &u16| match part % 4 {
        0 => 0,
        1 => u64::from(*part) % 3,
        2 => interval,
        _ => interval / 2 * (u64::from(*part) % 9),
    };
    parts
        .iter()
        .map(|part| {
            now += step(part);
            now
        })
        .collect()
}

fn quotas() -> impl Strategy<Value = Quota> {
    (1_u64..=1_000_000_000, 1_u64..40)
        .prop_map(|(rate, burst)| Quota::per_second(rate, burst).unwrap())
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn it_decides_as_a_naive_bucket_does(
        quota in quotas(),
        parts in prop::collection::vec(any::<u16>(), 1..200),
    ) {
        let limiter = Limiter::new(quota);
        let keyed = KeyedLimiter::new(quota, 16).unwrap();
        let mut naive = NaiveBucket::new(quota);
        for now in steps(nanos(quota.interval()), &parts) {
            let (allowed, remaining) = naive.check(now);
            let decision = limiter.check(now);
            prop_assert_eq!(decision.allowed, allowed);
            prop_assert_eq!(u128::from(decision.remaining), remaining);
            prop_assert_eq!(keyed.check("one", now), decision);
        }
    }

    /// acceptance 21.1 (33): never more than the burst and what was earned, in any window.
    #[test]
    fn no_window_ever_holds_more_than_the_burst_and_what_was_earned(
        quota in quotas(),
        parts in prop::collection::vec(any::<u16>(), 1..120),
    ) {
        let limiter = Limiter::new(quota);
        let admitted: Vec<u64> = steps(nanos(quota.interval()), &parts)
            .into_iter()
            .filter(|now| limiter.check(*now).allowed)
            .collect();
        for (first, from) in admitted.iter().enumerate() {
            for (last, to) in admitted.iter().enumerate().skip(first) {
                let earned = (to - from) / nanos(quota.interval());
                let count = (last - first) as u64 + 1;
                prop_assert!(count <= quota.burst() + earned);
            }
        }
    }

    #[test]
    fn it_decides_as_governor_does(
        rate in 1_u32..1_000_000,
        burst in 1_u32..40,
        parts in prop::collection::vec(any::<u16>(), 1..120),
    ) {
        // Governor rounds the interval down, we round it up: only equal intervals can be compared.
        let rate = [1, 2, 5, 10, 100, 1000, 10_000, 1_000_000][rate as usize % 8];
        let quota = Quota::per_second(rate, u64::from(burst)).unwrap();
        let ours = Limiter::new(quota);
        let clock = FakeRelativeClock::default();
        let theirs = governor::Quota::with_period(quota.interval())
            .unwrap()
            .allow_burst(NonZeroU32::new(burst).unwrap());
        let theirs = governor::RateLimiter::direct_with_clock(theirs, clock.clone());
        let mut last = 0;
        for now in steps(nanos(quota.interval()), &parts) {
            clock.advance(Duration::from_nanos(now - last));
            last = now;
            prop_assert_eq!(ours.check(now).allowed, theirs.check().is_ok(), "at {}", now);
        }
    }

    #[test]
    fn decisions_say_the_truth_about_the_future(
        quota in quotas(),
        parts in prop::collection::vec(any::<u16>(), 1..60),
    ) {
        let limiter = Limiter::new(quota);
        for now in steps(nanos(quota.interval()), &parts) {
            let decision = limiter.check(now);
            let retry = nanos(decision.retry_after);
            prop_assert_eq!(retry == 0, decision.remaining > 0);
            prop_assert!(decision.allowed || retry > 0);
            prop_assert!(decision.reset_after <= quota.refill_time());
            prop_assert!(decision.retry_after <= quota.interval());
        }
    }
}
