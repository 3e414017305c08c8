//! The ring beside a list of keys that forgets nothing.

use std::time::Duration;

use plumego_identity::ring::{KeyRing, MAX_RING_KEYS, Schedule};
use plumego_security::jwt::{Algorithm, FindKey as _};
use proptest::prelude::*;

use crate::world::{Clock, key};

#[derive(Debug, Clone)]
enum Step {
    Add { after: i64 },
    Rotate { announce: u32, overlap: u32 },
    Retire { which: usize, after: i64 },
    Wait { seconds: i64 },
    Prune,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..100_i64).prop_map(|after| Step::Add { after }),
        3 => (0..50_u32, 0..200_u32)
            .prop_map(|(announce, overlap)| Step::Rotate { announce, overlap }),
        2 => (0..8_usize, -20..100_i64).prop_map(|(which, after)| Step::Retire { which, after }),
        3 => (0..60_i64).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Prune),
    ]
}

/// A key of the model: when it signs and when it retires, in seconds.
#[derive(Debug, Clone)]
struct Key {
    id: String,
    from: i64,
    until: Option<i64>,
}

impl Key {
    fn is_good(&self, now: i64) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

fn signer(keys: &[Key], now: i64) -> Option<&Key> {
    let may = keys
        .iter()
        .filter(|key| key.from <= now && key.is_good(now));
    may.max_by_key(|key| key.from)
}

/// Before any of them may sign, it is the one that will first.
fn present(keys: &[Key], now: i64) -> Option<&Key> {
    let good = keys.iter().filter(|key| key.is_good(now));
    signer(keys, now).or_else(|| good.min_by_key(|key| key.from))
}

/// Signer and verifiers are those of the model.
fn same(ring: &KeyRing, keys: &[Key], clock: &Clock) -> Result<(), TestCaseError> {
    let (now, view) = (clock.seconds(), ring.at(clock.now()));
    let expected = present(keys, now).map(|key| key.id.as_str());
    prop_assert_eq!(view.signer().map(|(id, _)| id), expected);
    for key in keys {
        let found = view.find_key(Some(&key.id), Algorithm::Ed25519).is_some();
        prop_assert_eq!(found, key.is_good(now), "{:?} at {}", key, now);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_ring_does_what_the_list_does(steps in prop::collection::vec(step(), 1..40)) {
        let clock = Clock::new();
        let ring = KeyRing::new("k0", key(0)).unwrap();
        let mut keys = vec![Key { id: "k0".into(), from: i64::MIN, until: None }];
        // How many the ring still holds: it lets go when told so, and at a rotation.
        let mut held = vec![0];
        let later = |after: i64| {
            plumego_stdx::Timestamp::from_unix_nanos((clock.seconds() + after) * 1_000_000_000)
        };
        for (number, step) in steps.into_iter().enumerate() {
            let (now, number) = (clock.seconds(), number + 1);
            let id = format!("k{number}");
            match step {
                Step::Wait { seconds } => clock.advance(seconds),
                Step::Prune => {
                    let before = held.len();
                    held.retain(|at: &usize| keys[*at].is_good(now));
                    prop_assert_eq!(ring.prune(clock.now()), before - held.len());
                }
                Step::Add { after } => {
                    let added = ring.add(&id, key(number), later(after));
                    prop_assert_eq!(added.is_ok(), held.len() < MAX_RING_KEYS);
                    if added.is_ok() {
                        held.push(keys.len());
                        keys.push(Key { id, from: now + after, until: None });
                    }
                }
                Step::Rotate { announce, overlap } => {
                    let schedule = Schedule {
                        announce: Duration::from_secs(announce.into()),
                        overlap: Duration::from_secs(overlap.into()),
                    };
                    let rotated = ring.rotate(&id, key(number), &schedule, clock.now());
                    let left: Vec<usize> =
                        held.iter().copied().filter(|at| keys[*at].is_good(now)).collect();
                    prop_assert_eq!(rotated.is_ok(), left.len() < MAX_RING_KEYS);
                    if rotated.is_ok() {
                        held = left;
                        let from = now + i64::from(announce);
                        let end = from + i64::from(overlap);
                        for at in &held {
                            let until = keys[*at].until.map_or(end, |until| until.min(end));
                            keys[*at].until = Some(until);
                        }
                        held.push(keys.len());
                        keys.push(Key { id, from, until: None });
                    }
                }
                Step::Retire { which, after } => {
                    let at = held[which % held.len()];
                    let end = now + after;
                    let mut changed = keys.clone();
                    changed[at].until = Some(end);
                    let left: Vec<Key> = held.iter().map(|at| changed[*at].clone()).collect();
                    let may = left.iter().any(|key| key.until.is_none())
                        && signer(&left, end).is_some();
                    let retired = ring.retire(&keys[at].id, later(after));
                    prop_assert_eq!(retired.is_ok(), may);
                    if may {
                        keys = changed;
                    }
                }
            }
            same(&ring, &keys, &clock)?;
        }
    }
}
