use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plumego_identity::ring::{KeyRing, MAX_RING_KEYS, RingError, Schedule};
use plumego_security::jwt::{
    Algorithm, Claims, EcAlgorithm, FindKey, Rules, SigningKey, TokenError, TokenErrorKind,
    sign_claims,
};
use plumego_stdx::Timestamp;

use crate::world::{Clock, key};

fn token(ring: &KeyRing, now: Timestamp) -> String {
    let view = ring.at(now);
    let (id, key) = view.signer().unwrap();
    let end = now.saturating_add(Duration::from_mins(15));
    let claims = Claims::new("me", "me", "ada", now, end);
    sign_claims(key, id, "at+jwt", &claims).unwrap()
}

fn verify(ring: &KeyRing, token: &str, now: Timestamp) -> Result<(), TokenErrorKind> {
    let rules = Rules::new("me", "me", "at+jwt", Duration::from_mins(15));
    let claims = rules.verify(token, &ring.at(now), now);
    claims.map(|_| ()).map_err(TokenError::kind)
}

// acceptance 21.1 (39)
#[test]
fn old_tokens_stay_good_until_their_key_retires() {
    let clock = Clock::new();
    let ring = KeyRing::new("a", key(1)).unwrap();
    let old = token(&ring, clock.now());
    let schedule = Schedule {
        announce: Duration::from_mins(1),
        overlap: Duration::from_mins(5),
    };
    ring.rotate("b", key(2), &schedule, clock.now()).unwrap();
    assert_eq!(
        ring.at(clock.now()).signer().unwrap().0,
        "a",
        "announced, not used"
    );
    clock.advance(60);
    assert_eq!(ring.at(clock.now()).signer().unwrap().0, "b");
    let new = token(&ring, clock.now());
    verify(&ring, &old, clock.now()).unwrap();
    verify(&ring, &new, clock.now()).unwrap();
    clock.advance(299);
    verify(&ring, &old, clock.now()).unwrap();
    clock.advance(1);
    assert_eq!(
        verify(&ring, &old, clock.now()),
        Err(TokenErrorKind::UnknownKey)
    );
    verify(&ring, &new, clock.now()).unwrap();
    assert_eq!(ring.prune(clock.now()), 1);
    assert_eq!(ring.at(clock.now()).names().count(), 1);
}

#[test]
fn a_ring_never_runs_out_of_signers() {
    let clock = Clock::new();
    let ring = KeyRing::new("a", key(1)).unwrap();
    assert_eq!(ring.retire("a", clock.now()), Err(RingError::NoSigner));
    assert_eq!(
        ring.retire("x", clock.now()),
        Err(RingError::UnknownName("x".into()))
    );
    let later = clock.now().saturating_add(Duration::from_secs(100));
    ring.add("b", key(2), later).unwrap();
    assert_eq!(
        ring.add("b", key(3), later),
        Err(RingError::NameTaken("b".into()))
    );
    assert_eq!(
        ring.retire("a", clock.now()),
        Err(RingError::NoSigner),
        "`b` signs later"
    );
    ring.retire("a", later).unwrap();
    assert_eq!(ring.retire("b", later), Err(RingError::NoSigner));
    assert_eq!(ring.at(later).signer().unwrap().0, "b");
}

#[test]
fn a_ring_is_bounded() {
    let clock = Clock::new();
    let ring = KeyRing::new("0", key(0)).unwrap();
    for number in 1..MAX_RING_KEYS {
        ring.add(&number.to_string(), key(number), clock.now())
            .unwrap();
    }
    assert_eq!(ring.add("more", key(99), clock.now()), Err(RingError::Full));
    assert!(matches!(KeyRing::new("", key(1)), Err(RingError::Key(_))));
    assert!(matches!(
        KeyRing::new(&"x".repeat(257), key(1)),
        Err(RingError::Key(_))
    ));
}

#[test]
fn only_public_keys_are_shown() {
    let clock = Clock::new();
    let ring = KeyRing::new("secret", key(0)).unwrap();
    assert_eq!(ring.at(clock.now()).to_jwks(), r#"{"keys":[]}"#);
    let es = SigningKey::generate(EcAlgorithm::Es256).unwrap();
    let later = clock.now().saturating_add(Duration::from_secs(100));
    ring.add("es", es, later).unwrap();
    let shown = ring.at(clock.now()).to_jwks();
    assert!(
        shown.contains(r#""kid":"es""#),
        "shown before it signs: {shown}"
    );
    assert!(
        !shown.contains("secret") && !shown.contains(r#""d""#),
        "{shown}"
    );
}

#[test]
fn the_name_of_a_key_is_compared_and_nothing_else() {
    let view = KeyRing::new("a", key(0)).unwrap().at(Clock::new().now());
    for name in ["../a", "a' OR '1'='1", "a|id", "A", "a ", "a\0", ""] {
        assert!(
            view.find_key(Some(name), Algorithm::Ed25519).is_none(),
            "{name:?}"
        );
    }
    assert!(view.find_key(None, Algorithm::Ed25519).is_none());
    assert!(view.find_key(Some("a"), Algorithm::Ed25519).is_some());
}

// acceptance 21.2 (22)
#[test]
fn verifying_goes_on_while_keys_rotate() {
    const OVERLAP: i64 = 10;
    let (ring, clock) = (KeyRing::new("0", key(0)).unwrap(), Clock::new());
    let schedule = Schedule {
        announce: Duration::ZERO,
        overlap: Duration::from_secs(OVERLAP.unsigned_abs()),
    };
    let stop = AtomicBool::new(false);
    let read = || {
        let mut verified = 0_u64;
        while !stop.load(Ordering::Relaxed) || verified == 0 {
            let signed_at = clock.seconds();
            let token = token(&ring, clock.now());
            match verify(&ring, &token, clock.now()) {
                Ok(()) => verified += 1,
                // Its key retired, which it may when it was held for so long.
                Err(TokenErrorKind::UnknownKey) => {
                    assert!(clock.seconds() - signed_at >= OVERLAP, "retired too early");
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        verified
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
        for number in 1..1000 {
            clock.advance(1);
            ring.rotate(&number.to_string(), key(number), &schedule, clock.now())
                .unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        assert!(readers.into_iter().all(|reader| reader.join().unwrap() > 0));
    });
    assert!(
        ring.at(clock.now()).names().count() <= 11,
        "retired keys were let go"
    );
}
