use plumego_security::jwt::{
    Algorithm, EcAlgorithm, HmacAlgorithm, RsaAlgorithm, SigningKey, VerifyingKey,
};

use super::{RSA_PEM, signing_key};

fn says<T: std::fmt::Debug>(result: Result<T, impl std::fmt::Display>, words: &str) {
    let message = result.expect_err("refused").to_string();
    assert!(
        message.contains(words),
        "{message:?} does not say {words:?}"
    );
}

#[test]
fn a_secret_is_as_long_as_the_hash() {
    for (algorithm, least) in [
        (HmacAlgorithm::Hs256, 32),
        (HmacAlgorithm::Hs384, 48),
        (HmacAlgorithm::Hs512, 64),
    ] {
        let secret: Vec<u8> = (0..least).collect();
        SigningKey::hmac(algorithm, &secret).unwrap();
        VerifyingKey::hmac(algorithm, &secret).unwrap();
        let short = &secret[1..];
        says(
            SigningKey::hmac(algorithm, short),
            &format!("at least {least} bytes"),
        );
        says(
            VerifyingKey::hmac(algorithm, short),
            &format!("at least {least} bytes"),
        );
    }
    says(SigningKey::hmac(HmacAlgorithm::Hs256, b""), "has 0 bytes");
    says(
        SigningKey::hmac(HmacAlgorithm::Hs256, &[7; 1025]),
        "more than 1024",
    );
}

#[test]
fn a_secret_that_was_not_made_at_random_is_refused() {
    // What dictionaries of weak secrets hold, stretched to the length.
    for weak in [
        [b'a'; 64],
        [0; 64],
        *b"1212121212121212121212121212121212121212121212121212121212121212",
    ] {
        says(
            SigningKey::hmac(HmacAlgorithm::Hs256, &weak),
            "different bytes",
        );
    }
}

#[test]
fn a_public_key_is_no_secret() {
    let pem = b"-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n";
    says(
        SigningKey::hmac(HmacAlgorithm::Hs256, pem),
        "a public key is no secret",
    );
    says(
        VerifyingKey::hmac(HmacAlgorithm::Hs256, pem),
        "a public key is no secret",
    );
}

/// What people have in their files, and what they are told.
#[test]
fn a_file_that_is_no_such_key_is_told_what_it_is() {
    let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    let old = block("EC PARAMETERS") + &block("EC PRIVATE KEY");
    for (file, words) in [
        (block("EC PRIVATE KEY"), "openssl pkcs8 -topk8"),
        (old, "openssl pkcs8 -topk8"),
        (block("ENCRYPTED PRIVATE KEY"), "it is encrypted"),
        (block("PUBLIC KEY"), "the public half"),
        (block("CERTIFICATE"), "a certificate"),
        (String::new(), "openssl genpkey"),
    ] {
        let file = file.as_bytes();
        says(SigningKey::ec_pem(EcAlgorithm::Es256, file), words);
        says(SigningKey::rsa_pem(RsaAlgorithm::Rs256, file), words);
        says(SigningKey::ed25519_pem(file), words);
    }
    for (label, words) in [
        ("PRIVATE KEY", "-pubout"),
        ("EC PRIVATE KEY", "-pubout"),
        ("NONSENSE", "BEGIN PUBLIC KEY"),
    ] {
        let file = block(label);
        let file = file.as_bytes();
        says(VerifyingKey::ec_pem(EcAlgorithm::Es256, file), words);
        says(VerifyingKey::rsa_pem(RsaAlgorithm::Rs256, file), words);
        says(VerifyingKey::ed25519_pem(file), words);
    }
}

#[test]
fn a_key_of_another_kind_is_refused() {
    let ec = SigningKey::generate(EcAlgorithm::Es256)
        .unwrap()
        .to_pem()
        .unwrap();
    let ec = ec.expose().as_bytes();
    let rsa = RSA_PEM.as_bytes();
    says(SigningKey::rsa_pem(RsaAlgorithm::Rs256, ec), "RSA");
    says(SigningKey::ed25519_pem(ec), "Ed25519");
    says(SigningKey::ec_pem(EcAlgorithm::Es384, ec), "P-384");
    says(SigningKey::ec_pem(EcAlgorithm::Es256, rsa), "EC");
    says(
        VerifyingKey::rsa_pem(RsaAlgorithm::Rs256, rsa),
        "public RSA key",
    );
    says(SigningKey::rsa_pem(RsaAlgorithm::Rs256, b"nonsense"), "PEM");
    says(VerifyingKey::ec_pem(EcAlgorithm::Es256, ec), "-pubout");
    SigningKey::ec_pem(EcAlgorithm::Es256, ec).unwrap();
}

#[test]
fn a_weak_rsa_key_is_refused() {
    let of = |n: &[u8], e: &[u8]| VerifyingKey::rsa_components(RsaAlgorithm::Rs256, n, e);
    let mut modulus = vec![0xc5; 256];
    modulus[255] = 0xc3;
    of(&modulus, &[1, 0, 1]).unwrap();
    says(of(&modulus[..255], &[1, 0, 1]), "2040 bits");
    // Zeros before it make it no longer.
    says(
        of(&[&[0; 128], &modulus[128..]].concat(), &[1, 0, 1]),
        "1024 bits",
    );
    says(of(&[0xff; 1025], &[1, 0, 1]), "8200 bits");
    says(of(&modulus, &[1]), "even or 1");
    says(of(&modulus, &[2]), "even or 1");
    says(of(&modulus, &[]), "even or 1");
    says(of(&modulus, &[0xff; 8]), "33 bits");
}

#[test]
fn a_point_that_is_not_on_the_curve_is_refused() {
    let key = signing_key(EcAlgorithm::Es256.into());
    let jwks = plumego_security::jwt::KeySet::new([(None, key.verifying_key().clone())]);
    assert!(jwks.unwrap().to_jwks().contains("P-256"));
    let mut off = [5; 65];
    off[0] = 4;
    says(VerifyingKey::ec_point(EcAlgorithm::Es256, &off), "P-256");
    says(
        VerifyingKey::ec_point(EcAlgorithm::Es256, &off[1..]),
        "P-256",
    );
    says(VerifyingKey::ed25519_point(&[0xff; 31]), "32 bytes");
}

#[test]
fn a_key_comes_back_from_its_pem() {
    for algorithm in Algorithm::all().filter(|algorithm| algorithm.is_asymmetric()) {
        let key = signing_key(algorithm);
        let pem = key.to_pem().unwrap();
        let pem = pem.expose().as_bytes();
        let again = match algorithm {
            Algorithm::Rsa(rsa) => SigningKey::rsa_pem(rsa, pem),
            Algorithm::Ec(ec) => SigningKey::ec_pem(ec, pem),
            _ => SigningKey::ed25519_pem(pem),
        };
        let token = super::token(&again.unwrap());
        super::rules()
            .verify(&token, key.verifying_key(), super::NOW)
            .unwrap();
    }
    assert!(signing_key(HmacAlgorithm::Hs512.into()).to_pem().is_none());
}

#[test]
fn a_key_does_not_print_itself() {
    let key = signing_key(HmacAlgorithm::Hs256.into());
    let shown = format!("{key:?} {:?}", key.verifying_key());
    assert!(
        shown.contains("Hs256") && !shown.contains("0123"),
        "{shown}"
    );
}

/// The provider is the one of aws-lc whatever else is built in or installed: it is named in the
/// code. Were `jsonwebtoken`'s `rust_crypto` feature on too, its own choice would panic.
#[test]
fn the_backend_is_aws_lc() {
    static BROKEN: jsonwebtoken::crypto::CryptoProvider = jsonwebtoken::crypto::CryptoProvider {
        signer_factory: |_, _| Err(jsonwebtoken::errors::ErrorKind::InvalidToken.into()),
        verifier_factory: |_, _| Err(jsonwebtoken::errors::ErrorKind::InvalidToken.into()),
        key_utils: jsonwebtoken::crypto::KeyUtils::new_unimplemented(),
    };
    let provider = &jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
    let key = signing_key(EcAlgorithm::Es256.into());
    let token = super::token(&key);
    // One that fails at everything, installed for the process, changes nothing.
    BROKEN.install_default().unwrap();
    super::rules()
        .verify(&token, key.verifying_key(), super::NOW)
        .unwrap();
    assert!(super::token(&key).contains('.'));
    let pem = key.to_pem().unwrap();
    let encoding = jsonwebtoken::EncodingKey::from_ec_pem(pem.expose().as_bytes()).unwrap();
    let direct = (provider.signer_factory)(&jsonwebtoken::Algorithm::ES256, &encoding).unwrap();
    let signature = direct.try_sign(b"message").unwrap();
    assert!(key.verifying_key().verify_bytes(b"message", &signature));
}
