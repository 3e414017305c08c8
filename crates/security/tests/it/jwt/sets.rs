use plumego_security::jwt::{
    Algorithm, EcAlgorithm, FindKey, HmacAlgorithm, KeySet, MAX_JWKS_BYTES, MAX_KEYS, RsaAlgorithm,
};
use serde_json::{Value, json};

use super::signing_key;

fn jwk(algorithm: Algorithm, key_id: &str) -> Value {
    let key = signing_key(algorithm).verifying_key().clone();
    let set = KeySet::new([(Some(key_id.to_owned()), key)]).unwrap();
    let mut set: Value = serde_json::from_str(&set.to_jwks()).unwrap();
    set["keys"][0].take()
}

fn read(keys: &[Value]) -> Result<KeySet, String> {
    let json = json!({ "keys": keys }).to_string();
    KeySet::public_from_jwks(json.as_bytes(), None).map_err(|error| error.to_string())
}

#[test]
fn public_keys_go_out_and_come_back() {
    let asymmetric = Algorithm::all().filter(|algorithm| algorithm.is_asymmetric());
    for algorithm in asymmetric {
        let key = signing_key(algorithm);
        let set = KeySet::new([(Some("k".into()), key.verifying_key().clone())]).unwrap();
        let again = KeySet::public_from_jwks(set.to_jwks().as_bytes(), None).unwrap();
        assert_eq!(
            again.find_key(Some("k"), algorithm).unwrap().algorithm(),
            algorithm
        );
        let token = super::token(&key);
        let keys = KeySet::new([(Some("first".into()), again.iter().next().unwrap().1.clone())]);
        super::rules()
            .verify(&token, &keys.unwrap(), super::NOW)
            .unwrap();
    }
}

#[test]
fn secrets_never_go_out() {
    let hmac = signing_key(HmacAlgorithm::Hs256.into())
        .verifying_key()
        .clone();
    let ed = signing_key(Algorithm::Ed25519).verifying_key().clone();
    let set = KeySet::new([(Some("secret".into()), hmac), (Some("public".into()), ed)]).unwrap();
    let shown: Value = serde_json::from_str(&set.to_jwks()).unwrap();
    assert_eq!(shown["keys"].as_array().unwrap().len(), 1);
    assert_eq!(shown["keys"][0]["kid"], "public");
    for private in ["d", "k", "p", "q", "dp", "dq", "qi"] {
        assert!(shown["keys"][0].get(private).is_none(), "{private}");
    }
}

#[test]
fn a_set_that_shows_private_parts_is_refused() {
    let mut leaked = jwk(Algorithm::Ed25519, "a");
    leaked["d"] = "AAAA".into();
    assert!(read(&[leaked]).unwrap_err().contains("private key"));
    let secret = json!({ "kty": "oct", "k": "AAAA", "alg": "HS256" });
    let good = jwk(Algorithm::Ed25519, "a");
    assert!(
        read(&[good.clone(), secret])
            .unwrap_err()
            .contains("secret")
    );
    assert!(
        read(&[good.clone(), good])
            .unwrap_err()
            .contains("two keys")
    );
}

#[test]
fn keys_of_no_use_are_passed_over() {
    let good = jwk(EcAlgorithm::Es384.into(), "good");
    let mut for_encryption = jwk(Algorithm::Ed25519, "enc");
    for_encryption["use"] = "enc".into();
    let other = [
        for_encryption,
        json!({ "kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": "p521" }),
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" }),
        json!({ "kty": "RSA", "alg": "RS256", "n": "AQAB", "e": "AQAB", "kid": "small" }),
    ];
    let all: Vec<_> = other.iter().cloned().chain([good]).collect();
    let set = read(&all).unwrap();
    assert_eq!(
        set.iter().map(|(id, _)| id).collect::<Vec<_>>(),
        [Some("good")]
    );
    assert!(read(&other).is_err(), "none of them is left");
}

#[test]
fn an_rsa_key_without_algorithm_is_taken_for_what_is_stated() {
    let mut key = jwk(RsaAlgorithm::Ps256.into(), "r");
    key.as_object_mut().unwrap().remove("alg");
    let set = json!({ "keys": [key] }).to_string();
    assert!(KeySet::public_from_jwks(set.as_bytes(), None).is_err());
    let set = KeySet::public_from_jwks(set.as_bytes(), Some(RsaAlgorithm::Rs256)).unwrap();
    let (_, key) = set.iter().next().unwrap();
    assert_eq!(key.algorithm(), RsaAlgorithm::Rs256.into());
}

#[test]
fn a_set_is_bounded() {
    let key = jwk(Algorithm::Ed25519, "a");
    let many: Vec<_> = (0..=MAX_KEYS)
        .map(|i| {
            let mut key = key.clone();
            key["kid"] = i.to_string().into();
            key
        })
        .collect();
    assert!(read(&many).unwrap_err().contains("more than 64"));
    assert_eq!(read(&many[1..]).unwrap().len(), MAX_KEYS);
    let long = format!("{}{}", " ".repeat(MAX_JWKS_BYTES), json!({ "keys": [key] }));
    assert!(KeySet::public_from_jwks(long.as_bytes(), None).is_err());
    let deep = format!("{{\"keys\":{}{}}}", "[".repeat(100), "]".repeat(100));
    assert!(KeySet::public_from_jwks(deep.as_bytes(), None).is_err());
    for nonsense in [
        "",
        "[]",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":[1]}",
    ] {
        assert!(
            KeySet::public_from_jwks(nonsense.as_bytes(), None).is_err(),
            "{nonsense}"
        );
    }
}

#[test]
fn a_token_without_a_name_finds_the_only_key_of_its_algorithm() {
    let ed = signing_key(Algorithm::Ed25519).verifying_key().clone();
    let ec = signing_key(EcAlgorithm::Es256.into())
        .verifying_key()
        .clone();
    let one = KeySet::new([(Some("a".into()), ed.clone()), (None, ec)]).unwrap();
    assert!(one.find_key(None, Algorithm::Ed25519).is_some());
    assert!(one.find_key(None, HmacAlgorithm::Hs256.into()).is_none());
    let two = KeySet::new([(Some("a".into()), ed.clone()), (Some("b".into()), ed)]).unwrap();
    assert!(two.find_key(None, Algorithm::Ed25519).is_none());
}
