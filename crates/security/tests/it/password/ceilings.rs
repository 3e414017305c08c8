//! Stored hashes that would take the machine, and text that is no hash.

use plumego_contract::Error;
use plumego_security::password::{PasswordConfig, PasswordError, Passwords};

const HASH: &str = "c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaBqykOVLUxlMkZycXE1uWRM";

#[track_caller]
fn refused(stored: &str) -> PasswordError {
    Passwords::default()
        .verify("password", Some(stored))
        .unwrap_err()
}

#[test]
fn a_stored_hash_may_not_ask_for_the_whole_machine() {
    for (start, what) in [
        (
            "$argon2id$v=19$m=4194304,t=1,p=1$",
            "memory in KiB: 4194304, at most 131072",
        ),
        ("$argon2id$v=19$m=4294967295,t=1,p=1$", "memory in KiB"),
        (
            "$argon2id$v=19$m=19456,t=4294967295,p=1$",
            "passes of Argon2",
        ),
        ("$argon2id$v=19$m=19456,t=2,p=16777215$", "lanes of Argon2"),
        (
            "$scrypt$ln=30,r=8,p=1$",
            "memory in KiB: 1073741825, at most 131072",
        ),
        ("$scrypt$ln=255,r=4294967295,p=4294967295$", "memory in KiB"),
        ("$scrypt$ln=17,r=1,p=4294967295$", "memory in KiB"),
        ("$scrypt$ln=16,r=8,p=64$", "work of scrypt"),
        (
            "$pbkdf2-sha256$i=4294967295$",
            "rounds of PBKDF2: 4294967295, at most 2000000",
        ),
        ("$pbkdf2-sha512$4294967295$", "rounds of PBKDF2"),
        ("pbkdf2_sha256$4294967295$", "rounds of PBKDF2"),
        ("4294967295$", "rounds of PBKDF2"),
        ("$pbkdf2$4294967295$", "rounds of PBKDF2"),
        ("pbkdf2_sha1$4294967295$", "rounds of PBKDF2"),
        ("argon2$argon2id$v=19$m=4194304,t=1,p=1$", "memory in KiB"),
    ] {
        let stored = format!("{start}{HASH}");
        let PasswordError::Excessive(why) = refused(&stored) else {
            panic!("{stored}: {:?}", refused(&stored));
        };
        assert!(why.contains(what), "{stored}: {why}");
    }
    let hash = "00".repeat(32);
    for (stored, what) in [
        (
            format!("pbkdf2:sha256:4294967295$salt${hash}"),
            "rounds of PBKDF2",
        ),
        (
            format!("scrypt:1073741824:8:1$salt${hash}"),
            "memory in KiB",
        ),
        (format!("scrypt:65536:8:64$salt${hash}"), "work of scrypt"),
        (
            "scrypt$2147483648$salt$8$5$AAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            "memory in KiB",
        ),
    ] {
        let error = refused(&stored);
        assert!(
            matches!(&error, PasswordError::Excessive(why) if why.contains(what)),
            "{error}"
        );
    }
    let bcrypt = "$2b$31$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS";
    assert!(
        refused(bcrypt)
            .to_string()
            .contains("cost of bcrypt: 31, at most 14")
    );
}

#[test]
fn what_is_no_hash_is_malformed() {
    for stored in [
        "",
        "$",
        "password",
        "$argon2id$",
        "$argon2id$v=19$m=19456,t=2,p=1$",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$QKHrg5tayLGcN+Y0HVPNaBqykOVLUxlMkZycXE1uWRM",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLE",
        "$argon2id$v=18$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaA",
        "$argon2id$v=19$m=19456,t=2,p=1,m=8$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaA",
        "$argon2id$v=19$m=+19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaA",
        "$argon2id$v=19$m=-1,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaA",
        "$argon2id$v=19$m=4,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaA",
        "$argon2id$v=19$m=19456,t=0,p=1$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaA",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaA$more",
        "$argon2id$v=19$m=19456,t=2,p=1$????????????$QKHrg5tayLGcN+Y0HVPNaA",
        "$2x$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS",
        "$2b$5$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS",
        "$2b$05$abcdefghijklmnopqrstuu",
        "$2b$05$\u{20ac}bcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/Zs",
        "$pbkdf2-sha256$i=0,l=32$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaA",
        "$pbkdf2-md5$i=1000$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaA",
        "$scrypt$ln=14,r=0,p=1$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaA",
        "$scrypt$ln=-1,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$QKHrg5tayLGcN+Y0HVPNaA",
        "plain$text$password",
        "sha1$salt$d35a6c71c6f400c6a63dc2b0805b015ff06cc3ac",
        "bcrypt_sha256$$2b$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS",
        "bcrypt$2b$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS",
        "argon2$",
        "argon2$argon2$argon2",
        "pbkdf2:md5:20000$20I7Da8Chk9bhQ8S$d35a6c71c6f400c6a63dc2b0805b015ff06cc3ac",
        "pbkdf2:sha1$20I7Da8Chk9bhQ8S$d35a6c71c6f400c6a63dc2b0805b015ff06cc3ac",
        "pbkdf2:sha1:20000:1$20I7Da8Chk9bhQ8S$d35a6c71c6f400c6a63dc2b0805b015ff06cc3ac",
        "pbkdf2:sha1:0$20I7Da8Chk9bhQ8S$d35a6c71c6f400c6a63dc2b0805b015ff06cc3ac",
        "pbkdf2:sha1:20000$20I7Da8Chk9bhQ8S$d35a6c71c6f400c6a63dc2b0805b015ff06cc3a",
        "pbkdf2:sha1:20000$20I7Da8Chk9bhQ8S$d35a6c71c6f400",
        "pbkdf2:sha1:20000$20I7Da8Chk9bhQ8S$\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}",
        "scrypt:0:8:1$salt$d35a6c71c6f400c6a63dc2b0805b015ff06cc3ac",
        "scrypt:16383:8:1$salt$d35a6c71c6f400c6a63dc2b0805b015ff06cc3ac",
        "scrypt:16384:8$salt$d35a6c71c6f400c6a63dc2b0805b015ff06cc3ac",
        ":$salt$d35a6c71c6f400c6a63dc2b0805b015ff06cc3ac",
        "1000$c2FsdA==$",
    ] {
        let error = refused(stored);
        assert!(
            matches!(error, PasswordError::Malformed(_)),
            "{stored}: {error:?}"
        );
    }
    let long = format!(
        "$argon2id$v=19$m=19456,t=2,p=1${}${}",
        "A".repeat(400),
        "A".repeat(100)
    );
    assert!(matches!(refused(&long), PasswordError::Malformed(_)));
}

/// acceptance 21.2 (24)
#[test]
fn a_stored_hash_is_shown_to_nobody() {
    let stored = format!("$argon2id$v=19$m=4194304,t=1,p=1${HASH}");
    let error = refused(&stored);
    assert!(!error.to_string().contains("QKHrg5"), "{error}");
    let error = Error::from(error);
    assert_eq!(error.status(), 500);
    assert_eq!(error.detail(), None);
}

#[test]
fn settings_out_of_their_bounds_are_told() {
    let check = |change: fn(&mut PasswordConfig), expected: &str| {
        let mut config = PasswordConfig::default();
        change(&mut config);
        let text = Passwords::new(config).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    };
    check(
        |it| it.memory_kib = 7,
        "memory_kib is 7: expected 8 for each lane",
    );
    check(|it| it.memory_kib = 1 << 20, "at most 131072");
    check(|it| it.passes = 0, "passes is 0");
    check(|it| it.lanes = 17, "lanes is 17");
    check(|it| it.max_password_bytes = 63, "max_password_bytes is 63");
}
