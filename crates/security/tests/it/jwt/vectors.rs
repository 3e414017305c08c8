//! The vectors of Wycheproof for JSON Web Signatures and Keys. They lie beside the project; the
//! variable `PLUMEGO_TEST_DATA` names the directory.

use std::path::PathBuf;

use plumego_security::jwt::{KeySet, verify_signature};
use serde_json::{Value, json};

/// Vectors that are stated to be valid and are refused, and why.
const REFUSED: &[(&str, &[u64], &str)] = &[
    (
        SIGNATURES,
        &[346, 350],
        "the key says `PS256` and the header `PS384`: a key is bound to its algorithm",
    ),
    (
        SIGNATURES,
        &[347, 351],
        "ES512, on P-521, is not among the algorithms (and the key says `ES521`, which is none)",
    ),
    (
        SIGNATURES,
        &[357, 358, 359, 376, 377],
        "the secret is 32 zeros: a secret that was not made at random is refused",
    ),
    (
        SIGNATURES,
        &[372, 373],
        "there is a character in the token that is not base64url (RFC 7515, section 2)",
    ),
];

const SIGNATURES: &str = "json_web_signature_test.json";
const KEYS: &str = "json_web_key_test.json";
const CRYPTO: &str = "json_web_crypto_test.json";

/// The vectors, or `None` with a message where nothing says where they are. What is said must hold.
fn load(file: &str) -> Option<Value> {
    let Some(directory) = std::env::var_os("PLUMEGO_TEST_DATA").map(PathBuf::from) else {
        println!("skipped: PLUMEGO_TEST_DATA names no directory with wycheproof/{file}");
        return None;
    };
    let path = directory.join("wycheproof").join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// The keys of a group as a set: those that verify.
fn keys(group: &Value) -> Result<KeySet, String> {
    let shown = group.get("public").unwrap_or(&group["private"]);
    let set = match shown.get("keys") {
        Some(_) => shown.clone(),
        None => json!({ "keys": [shown] }),
    };
    let bytes = set.to_string();
    let secret = set["keys"][0]["kty"] == "oct";
    let keys = if secret {
        KeySet::secret_from_jwks(bytes.as_bytes())
    } else {
        KeySet::public_from_jwks(bytes.as_bytes(), None)
    };
    keys.map_err(|error| error.to_string())
}

/// Runs the vectors of a file and gives how many were taken and refused.
fn run(file: &str) -> Option<(usize, usize)> {
    let (mut taken, mut refused) = (0, 0);
    for group in load(file)?["testGroups"].as_array().unwrap() {
        let keys = keys(group);
        for test in group["tests"].as_array().unwrap() {
            let id = test["tcId"].as_u64().unwrap();
            // The JSON serialization is an object, and no compact form.
            let Some(jws) = test.get("jws").map(|jws| match jws {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }) else {
                continue; // a JWE: there is no decryption here
            };
            let result = match &keys {
                Ok(keys) => verify_signature(&jws, keys).map_err(|error| error.to_string()),
                Err(error) => Err(error.clone()),
            };
            let excused = REFUSED
                .iter()
                .any(|(of, ids, _)| *of == file && ids.contains(&id));
            let valid = test["result"] == "valid" && !excused;
            assert_eq!(
                result.is_ok(),
                valid,
                "{file} {id} {}: {result:?}",
                test["comment"]
            );
            if valid { taken += 1 } else { refused += 1 }
        }
    }
    Some((taken, refused))
}

#[test]
fn signatures() {
    if let Some(count) = run(SIGNATURES) {
        let refused_though_valid: usize = REFUSED.iter().map(|(_, ids, _)| ids.len()).sum();
        assert_eq!(refused_though_valid, 11);
        assert_eq!(
            count,
            (46 - refused_though_valid, 355 + refused_though_valid)
        );
    }
}

#[test]
fn key_sets() {
    if let Some(count) = run(KEYS) {
        assert_eq!(count, (5, 21));
    }
}

#[test]
fn signatures_among_the_vectors_for_all_of_jose() {
    if let Some(count) = run(CRYPTO) {
        assert_eq!(count, (4, 45));
    }
}
