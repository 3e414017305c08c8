//! What is stored, and what it says of a password.

use std::time::{Duration, Instant};

use plumego_contract::Error;
use plumego_security::password::{PasswordConfig, PasswordError, Passwords, Verdict};

const PASSWORD: &str = "correct horse battery staple";

/// Made by other programs: argon2-cffi, bcrypt, passlib, Django and Werkzeug of Python, and its
/// `hashlib`.
const FOREIGN: &[&str] = &[
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5\
     tayLGcN+Y0HVPNaBqykOVLUxlMkZycXE1uWRM",
    "$argon2i$v=19$m=4096,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$p9OyKMX9\
     hxT2p2QfLSHFBeouQYgKCCb9dI74eZ5XcqI",
    "$2b$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS",
    "$pbkdf2-sha256$29000$c2FsdHNhbHRzYWx0c2FsdA$deg013K/.azFJfBfjvbs8PSCZkZ8QSlaNAYX1MwJLfw",
    "$pbkdf2-sha512$25000$c2FsdHNhbHRzYWx0c2FsdA$fn37iVG.0NIAXElr\
     mfs9j5mimNybdh4e7eNBUo2FQKocNztnbgQyKEusvX8.cDzb8G6AymrmrxKJxxYI045xmQ",
    "$pbkdf2-sha256$i=20000,l=32$c2FsdHNhbHRzYWx0c2FsdA$fhj8cvG81\
     zKkjSRawgN4u+6Bv6y1sl9KjqQVyZ+FGhk",
    "pbkdf2_sha256$20000$NaClNaClNaCl$yawMG943scnCXvNx1WIZXRf/7A72Bo1g0QX/gqEZGJU=",
    "210000$c2FsdHNhbHRzYWx0c2FsdA==$kjYW9Mj06GEdAPgmWXTx5H5yaQ5HosLr79ny7JdalkY=",
    "$scrypt$ln=14,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$PJAV4qWLTjSe3lT4xOIAexIMw5uL3hBCiM6HFiXcgrY",
    "$pbkdf2$20000$c2FsdHNhbHRzYWx0c2FsdA$wWWqyPmfcuzsRDgRmBWsVDb/dmM",
    "$pbkdf2-sha1$i=20000,l=20$c2FsdHNhbHRzYWx0c2FsdA$wWWqyPmfcuzsRDgRmBWsVDb/dmM",
    "pbkdf2_sha1$20000$NaClNaClNaClNaClNaCl12$HElxhPbfNg/SeLLTArudQq7M74A=",
    "scrypt$16384$NaClNaClNaClNaClNaCl12$8$5$f3TbUYmonIClbZmK8mP9xbAryFVkRSmvJlMCymt5ny3CMCp\
     M6/q/Bc+CKuC7miodsE3tD6lfoZGoFlIFImpDzA==",
    "argon2$argon2i$v=19$m=4096,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$p9OyKMX9\
     hxT2p2QfLSHFBeouQYgKCCb9dI74eZ5XcqI",
    "bcrypt$$2b$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS",
    "pbkdf2:sha1:20000$20I7Da8Chk9bhQ8S$d35a6c71c6f400c6a63dc2b0805b015ff06cc3ac",
    "pbkdf2:sha256:20000$NlmPLK4GyTtfYusj$694e9359d4e1bf870339ed1ac42a8a45\
     a96a79846d8e51308f39a2b941b8f128",
    "pbkdf2:sha512:20000$QpaSsuWHTpPWgp75$b621d9e013d530e1105c96eed07c9517c6e55a3075baad233b580\
     166297a09bb44c6c01c7d8a62510c0fffc5d9b4e18658c2faaae35dccadc89e6576b5b7d5d3",
    "scrypt:16384:8:1$alIARJ0IPQEfYhX6$4f45053cde9f61eb3e8c5fdc9512d29601687402ca058152ee0b5d80\
     2d39c72e13804be0b59b11ae5e9af055b32537a0ba453651fecfef8ab65d4f47f8d11017",
    "$scrypt$ln=12,r=8,p=2$c2FsdHNhbHRzYWx0c2FsdA$ninxqIkNYCYQQFnQxE47OiwNl/vu+oxT3N9pBiIYtL4",
];

fn small() -> Passwords {
    let mut config = PasswordConfig::default();
    config.memory_kib = 64;
    config.passes = 1;
    Passwords::new(config).unwrap()
}

// acceptance 21.1 (40), ASVS 5.0 11.4.2
#[test]
fn a_new_password_is_argon2id_with_a_salt_of_its_own() {
    let passwords = Passwords::default();
    let stored = passwords.hash(PASSWORD).unwrap();
    assert!(
        stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{stored}"
    );
    assert!(
        !stored.contains('='.to_string().repeat(2).as_str()),
        "{stored}"
    );
    assert_ne!(stored, passwords.hash(PASSWORD).unwrap());
    let verdict = passwords.verify(PASSWORD, Some(&stored)).unwrap();
    assert_eq!(
        verdict,
        Verdict::Match {
            needs_rehash: false
        }
    );
    for wrong in [
        "",
        "Correct horse battery staple",
        "correct horse battery staple ",
    ] {
        let verdict = passwords.verify(wrong, Some(&stored)).unwrap();
        assert_eq!(verdict, Verdict::Mismatch, "{wrong:?}");
    }
}

// acceptance 21.1 (40)
#[test]
fn what_other_programs_stored_is_checked_and_to_be_made_anew() {
    let passwords = Passwords::default();
    for (i, stored) in FOREIGN.iter().enumerate() {
        let verdict = passwords.verify(PASSWORD, Some(stored));
        let needs_rehash = i > 0;
        assert_eq!(verdict, Ok(Verdict::Match { needs_rehash }), "{stored}");
        let verdict = passwords.verify("another", Some(stored));
        assert_eq!(verdict, Ok(Verdict::Mismatch), "{stored}");
    }
}

#[test]
fn other_parameters_than_those_of_today_need_a_rehash() {
    let old = small().hash(PASSWORD).unwrap();
    let verdict = Passwords::default().verify(PASSWORD, Some(&old)).unwrap();
    assert_eq!(verdict, Verdict::Match { needs_rehash: true });
    let verdict = small().verify(PASSWORD, Some(&old)).unwrap();
    assert_eq!(
        verdict,
        Verdict::Match {
            needs_rehash: false
        }
    );
}

#[test]
fn a_changed_hash_is_another_password_or_malformed() {
    let passwords = small();
    let stored = passwords.hash(PASSWORD).unwrap();
    for at in 0..stored.len() {
        let mut changed = stored.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let verdict = passwords.verify(PASSWORD, Some(&changed));
        assert!(!matches!(verdict, Ok(Verdict::Match { .. })), "{changed}");
    }
}

/// ASVS 5.0, 6.2.8: the password counts as it came.
#[test]
fn nothing_is_cut_and_nothing_is_changed() {
    let passwords = small();
    let long = "x".repeat(1024);
    let stored = passwords.hash(&long).unwrap();
    let almost = format!("{}y", "x".repeat(1023));
    assert!(passwords.verify(&long, Some(&stored)).unwrap().is_match());
    assert!(!passwords.verify(&almost, Some(&stored)).unwrap().is_match());
    for (one, other) in [
        ("caf\u{e9}", "cafe\u{301}"),
        ("a\0b", "a"),
        (" a", "a"),
        ("A", "a"),
    ] {
        let stored = passwords.hash(one).unwrap();
        assert!(passwords.verify(one, Some(&stored)).unwrap().is_match());
        assert!(
            !passwords.verify(other, Some(&stored)).unwrap().is_match(),
            "{one:?}"
        );
    }
}

#[test]
fn a_password_that_is_too_long_costs_nothing() {
    let passwords = Passwords::default();
    let long = "x".repeat(1025);
    let stored = "not even read";
    assert_eq!(passwords.hash(&long), Err(PasswordError::TooLong(1024)));
    for stored in [Some(stored), None] {
        let verdict = passwords.verify(&long, stored);
        assert_eq!(verdict, Err(PasswordError::TooLong(1024)));
    }
    let error = Error::from(PasswordError::TooLong(1024));
    assert_eq!(error.errors()[0].pointer, "/password");
}

/// ASVS 5.0, 6.3.8: a user that there is not takes as long as one that there is.
#[test]
fn nobody_takes_as_long_as_somebody() {
    let mut config = PasswordConfig::default();
    config.memory_kib = 4096;
    let passwords = Passwords::new(config).unwrap();
    let stored = passwords.hash(PASSWORD).unwrap();
    let time = |stored: Option<&str>| {
        let start = Instant::now();
        let verdict = passwords.verify("wrong", stored).unwrap();
        assert_eq!(verdict, Verdict::Mismatch);
        start.elapsed()
    };
    time(None);
    let rounds = 21;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        known.push(time(Some(&stored)));
        unknown.push(time(None));
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[rounds / 2].as_secs_f64()
    };
    let ratio = median(&mut unknown) / median(&mut known);
    // Without the work it would be a thousandth. The bounds leave room for a busy machine.
    assert!((0.4..2.5).contains(&ratio), "{ratio}");
}
