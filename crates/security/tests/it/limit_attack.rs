//! What an attacker does to a keyed limiter: floods it with keys, and asks from many threads.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use plumego_security::limit::{KeyedLimiter, Limiter, Quota};

const SECOND: u64 = 1_000_000_000;

/// acceptance 21.2 (19): ten million keys take no more memory than the cap says.
#[test]
fn memory_is_flat_under_a_flood_of_keys() {
    let keys = if cfg!(debug_assertions) {
        1_000_000_u64
    } else {
        10_000_000
    };
    let limiter = KeyedLimiter::new(Quota::default(), 10_000).unwrap();
    let started = Instant::now();
    for key in 0..keys {
        // A million new keys a second.
        limiter.check(&key, key * 1_000);
    }
    let each = started.elapsed().as_nanos() / u128::from(keys);
    let stats = limiter.stats();
    assert_eq!(stats.keys, 10_000, "{stats:?}");
    assert_eq!(stats.allowed + stats.refused, keys);
    assert!(limiter.memory_bytes() <= limiter.max_memory_bytes());
    assert!(
        limiter.max_memory_bytes() <= 10_000 * 33,
        "{}",
        limiter.max_memory_bytes()
    );
    // Without optimisation, and on a busy machine, many times what it takes otherwise.
    let most = if cfg!(debug_assertions) {
        100_000
    } else {
        10_000
    };
    assert!(each < most, "{each} ns a check");
}

/// The attacker's own entry, once refused, stays refused while other keys flood in.
#[test]
fn a_flood_does_not_wash_a_refusal_away() {
    let limiter = KeyedLimiter::new(Quota::per_second(1, 1).unwrap(), 1_000).unwrap();
    assert!(limiter.check("attacker", 0).allowed);
    for key in 0..100_000_u32 {
        limiter.check(&key, u64::from(key) * 1_000);
        if key % 100 == 0 {
            assert!(
                !limiter.check("attacker", u64::from(key) * 1_000).allowed,
                "after {key}"
            );
        }
    }
    assert!(limiter.check("attacker", SECOND).allowed);
}

#[test]
fn beyond_its_places_newcomers_share_one_quota_and_are_counted() {
    let limiter = KeyedLimiter::new(Quota::per_second(1, 5).unwrap(), 100).unwrap();
    for key in 0..2_000_u32 {
        limiter.check(&key, 0);
    }
    let stats = limiter.stats();
    assert_eq!(stats.keys, 100, "the number means what it says");
    assert_eq!(stats.overflowed, 2_000 - 100);
    assert_eq!(stats.allowed, 100 + 5, "they share one burst");
    // Those that came first still have their own quota.
    assert!((0..100_u32).all(|key| limiter.check(&key, 0).allowed));
}

#[test]
fn a_place_is_given_away_only_when_its_key_is_as_good_as_new() {
    let limiter = KeyedLimiter::new(Quota::per_second(1, 1).unwrap(), 8).unwrap();
    assert!((0..8).all(|key| limiter.check(&key, 0).allowed));
    assert!(
        limiter.check(&8, SECOND - 1).allowed,
        "from the overflow quota"
    );
    assert!(!limiter.check(&9, SECOND - 1).allowed, "which is used up");
    assert_eq!(
        (limiter.stats().overflowed, limiter.stats().evicted),
        (2, 0)
    );
    let kept = (0..8).all(|key| !limiter.check(&key, SECOND - 1).allowed);
    assert!(kept, "none was forgotten");
    assert!(
        (8..16).all(|key| limiter.check(&key, SECOND).allowed),
        "all are free now"
    );
    let stats = limiter.stats();
    assert_eq!((stats.overflowed, stats.evicted, stats.keys), (2, 8, 8));
}

/// Once every key has had its time, the same number of others finds a place, whatever the cap, as
/// long as it is not used to the last place.
#[test]
fn a_full_table_takes_in_new_keys_as_old_ones_expire() {
    for cap in [1_u64, 3, 10, 50, 200, 3_000] {
        let keys = usize::try_from(cap).unwrap();
        let limiter = KeyedLimiter::new(Quota::per_second(1, 1).unwrap(), keys).unwrap();
        for key in 0..cap * 10 {
            // Half of the keys that the limiter was made for are in use at any time.
            limiter.check(&key, key * SECOND / cap.div_ceil(2));
        }
        let stats = limiter.stats();
        assert!(stats.overflowed <= 1 + cap / 100, "{cap} keys: {stats:?}");
        assert!(stats.keys <= keys, "{cap} keys: {stats:?}");
    }
}

/// The table is twice the cap, so that keys within the cap find a place.
#[test]
fn every_key_up_to_the_cap_has_a_quota_of_its_own() {
    for cap in [1_usize, 4, 5, 7, 12, 40, 100, 128, 129, 1_000, 20_000] {
        let limiter = KeyedLimiter::new(Quota::per_second(1, 1).unwrap(), cap).unwrap();
        for key in 0..cap {
            assert!(limiter.check(&key, 0).allowed, "{key} of {cap}");
            assert!(!limiter.check(&key, 0).allowed, "{key} of {cap}");
        }
        let stats = limiter.stats();
        assert_eq!((stats.keys, stats.overflowed), (cap, 0));
    }
}

#[test]
fn memory_is_taken_as_keys_come() {
    let limiter = KeyedLimiter::new(Quota::default(), 100_000).unwrap();
    let empty = limiter.memory_bytes();
    assert!(empty < 32 * 1024, "{empty}");
    limiter.check("one", 0);
    assert!(limiter.memory_bytes() - empty < 5_000);
    assert!(
        limiter.max_memory_bytes() < 3_400_000,
        "{}",
        limiter.max_memory_bytes()
    );
}

/// acceptance 21.1 (33, 41): threads together are let in exactly as often as one would be.
#[test]
fn threads_never_get_more_than_the_quota() {
    let quota = Quota::per_second(1_000, 50).unwrap();
    let alone = Limiter::new(quota);
    let keyed = KeyedLimiter::new(quota, 100).unwrap();
    let clock = AtomicU64::new(0);
    let (from_alone, from_keyed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    let now = clock.fetch_add(1_000, Ordering::SeqCst);
                    let count = |allowed, counter: &AtomicUsize| {
                        counter.fetch_add(usize::from(allowed), Ordering::SeqCst)
                    };
                    count(alone.check(now).allowed, &from_alone);
                    count(keyed.check("shared", now).allowed, &from_keyed);
                }
            });
        }
    });
    // 80 000 requests in 80 ms: the burst and 80 that were earned. A thread that was held up
    // between reading the time and asking may find less, never more.
    let most = 50 + 80;
    let (alone, keyed) = (from_alone.into_inner(), from_keyed.into_inner());
    assert!((most / 2..=most).contains(&alone), "{alone}");
    assert!((most / 2..=most).contains(&keyed), "{keyed}");
}

/// Places change hands all the time while their keys are asked for: nobody gets more than is due.
#[test]
fn threads_that_evict_each_other_never_get_more_than_the_quota() {
    const KEYS: u64 = 64;
    let quota = Quota::per_second(1_000_000, 1).unwrap();
    let limiter = KeyedLimiter::new(quota, 4).unwrap();
    let clock = AtomicU64::new(0);
    let let_in: Vec<AtomicU64> = (0..KEYS).map(|_| AtomicU64::new(0)).collect();
    thread::scope(|scope| {
        for thread in 0..4 {
            let (limiter, clock, let_in) = (&limiter, &clock, &let_in);
            scope.spawn(move || {
                for turn in 0..30_000_u64 {
                    let key = (turn * 7 + thread * 13) % KEYS;
                    let now = clock.fetch_add(100, Ordering::SeqCst);
                    if limiter.check(&key, now).allowed {
                        let_in[usize::try_from(key).unwrap()].fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    // 120 000 requests over 12 ms: 12 000 intervals. Both the own quota and the overflow quota can
    // let a key in; no more than that.
    let elapsed = clock.into_inner() / 1_000;
    let total: u64 = let_in
        .iter()
        .map(|count| count.load(Ordering::SeqCst))
        .sum();
    assert!(
        let_in
            .iter()
            .all(|count| count.load(Ordering::SeqCst) <= 2 * elapsed + 2)
    );
    assert!(
        total <= 17 * (elapsed + 1),
        "{total}: 16 places and the overflow"
    );
    let stats = limiter.stats();
    assert_eq!(stats.allowed + stats.refused, 120_000);
    assert!(stats.evicted > 0 && stats.keys <= 4, "{stats:?}");
}

/// Threads that bring in the same new key at once share one quota.
#[test]
fn a_key_never_has_two_places() {
    let limiter = KeyedLimiter::new(Quota::per_second(1, 1).unwrap(), 100_000).unwrap();
    let barrier = std::sync::Barrier::new(4);
    let let_in = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for key in 0..2_000_u32 {
                    if key % 100 == 0 {
                        barrier.wait();
                    }
                    let allowed = limiter.check(&key, 0).allowed;
                    let_in.fetch_add(usize::from(allowed), Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(let_in.into_inner(), 2_000);
    assert_eq!(limiter.stats().keys, 2_000);
}
