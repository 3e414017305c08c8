use plumego_contract::auth::{AuthError, AuthErrorKind};
use plumego_security::jwt::{
    Algorithm, HmacAlgorithm, KeySet, MAX_TOKEN_BYTES, TokenErrorKind as Kind, sign_claims,
    verify_signature,
};
use plumego_stdx::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::{
    ISSUER, NOW, SECRET, claims, hs256, minutes, raw_token, refused, renamed, rules, signing_key,
    token,
};

const HEADER: &str = r#"{"alg":"HS256","typ":"at+jwt","kid":"first"}"#;

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_unix_nanos(NOW.unix_nanos() + seconds * 1_000_000_000)
}

fn payload(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut json = json!({
        "iss": ISSUER, "sub": "ada", "aud": "orders",
        "iat": NOW.unix_seconds(), "exp": NOW.unix_seconds() + 900,
    });
    change(&mut json);
    json.to_string()
}

// acceptance 21.1 (39), ASVS 5.0 9.1.2
#[test]
fn every_algorithm_signs_and_verifies_and_only_with_its_own_key() {
    let keys: Vec<_> = Algorithm::all()
        .map(|algorithm| (algorithm, signing_key(algorithm)))
        .collect();
    for (algorithm, key) in &keys {
        let token = token(key);
        let read = rules().verify(&token, key.verifying_key(), NOW).unwrap();
        assert_eq!(read, claims(), "{algorithm}");
        for (other, wrong) in keys.iter().filter(|(other, _)| other != algorithm) {
            let result = rules().verify(&token, wrong.verifying_key(), NOW);
            refused(result, Kind::WrongAlgorithm);
            // The same with the header changed to fit the key: the signature does not.
            let changed = renamed(&token, *other);
            refused(
                rules().verify(&changed, wrong.verifying_key(), NOW),
                Kind::BadSignature,
            );
        }
    }
}

// acceptance 21.1 (39), ASVS 5.0 9.1.1
#[test]
fn tampering_with_any_byte_is_seen() {
    for algorithm in [HmacAlgorithm::Hs256.into(), Algorithm::Ed25519] {
        let key = signing_key(algorithm);
        let token = token(&key);
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(
                rules().verify(&changed, key.verifying_key(), NOW).is_err(),
                "byte {at}"
            );
        }
    }
}

// acceptance 21.1 (39), ASVS 5.0 9.2.2, 9.2.3, 9.2.4
#[test]
fn issuer_audience_and_type_must_be_those_stated() {
    let key = hs256();
    let verify = |header: &str, change: fn(&mut serde_json::Value)| {
        rules().verify(
            &raw_token(&key, header, &payload(change)),
            key.verifying_key(),
            NOW,
        )
    };
    verify(HEADER, |_| ()).unwrap();
    refused(
        verify(HEADER, |claims| {
            claims["iss"] = "https://evil.example".into();
        }),
        Kind::WrongIssuer,
    );
    refused(
        verify(HEADER, |claims| claims["iss"] = json!([ISSUER])),
        Kind::BadClaims,
    );
    refused(
        verify(HEADER, |claims| claims["aud"] = "billing".into()),
        Kind::WrongAudience,
    );
    refused(
        verify(HEADER, |claims| claims["aud"] = json!([])),
        Kind::WrongAudience,
    );
    verify(HEADER, |claims| {
        claims["aud"] = json!(["billing", "orders"]);
    })
    .unwrap();
    for required in ["iss", "sub", "aud", "iat", "exp"] {
        let without = payload(|claims| {
            claims.as_object_mut().unwrap().remove(required);
        });
        let token = raw_token(&key, HEADER, &without);
        refused(
            rules().verify(&token, key.verifying_key(), NOW),
            Kind::BadClaims,
        );
    }
    for wrong in [
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"rt+jwt"}"#,
        r#"{"alg":"HS256","typ":""}"#,
    ] {
        refused(verify(wrong, |_| ()), Kind::WrongType);
    }
    verify(r#"{"alg":"HS256","typ":"application/AT+JWT"}"#, |_| ()).unwrap();
}

// acceptance 21.1 (39), ASVS 5.0 9.2.1
#[test]
fn times_are_checked_with_the_leeway_on_every_side() {
    let key = hs256();
    let at = |now: Timestamp, change: fn(&mut serde_json::Value)| {
        rules().verify(
            &raw_token(&key, HEADER, &payload(change)),
            key.verifying_key(),
            now,
        )
    };
    at(seconds(904), |_| ()).unwrap();
    refused(at(seconds(905), |_| ()), Kind::Expired);
    at(seconds(-5), |_| ()).unwrap();
    refused(at(seconds(-6), |_| ()), Kind::NotYetValid);
    refused(
        at(NOW, |claims| {
            claims["nbf"] = (NOW.unix_seconds() + 6).into();
        }),
        Kind::NotYetValid,
    );
    at(NOW, |claims| {
        claims["nbf"] = (NOW.unix_seconds() + 5).into();
    })
    .unwrap();
    // A token that says it is good for years is not.
    let years: fn(&mut serde_json::Value) = |claims| claims["exp"] = i64::MAX.into();
    at(seconds(905), years).unwrap();
    refused(at(seconds(906), years), Kind::TooOld);
    refused(at(NOW, |claims| claims["exp"] = 0.into()), Kind::Expired);
    refused(at(NOW, |claims| claims["exp"] = (-1).into()), Kind::Expired);
    refused(
        at(NOW, |claims| claims["exp"] = "2100-01-01".into()),
        Kind::BadClaims,
    );
    refused(
        at(NOW, |claims| claims["exp"] = serde_json::Value::Null),
        Kind::BadClaims,
    );
    refused(
        at(NOW, |claims| claims["nbf"] = "soon".into()),
        Kind::BadClaims,
    );
    at(NOW, |claims| claims["exp"] = (1_800_000_000.5).into()).unwrap();
    at(NOW, |claims| claims["exp"] = 1e300.into()).unwrap();
}

#[test]
fn the_leeway_is_stated_and_bounded() {
    let key = hs256();
    let token = token(&key);
    let none = rules().leeway(minutes(0));
    none.verify(&token, key.verifying_key(), seconds(899))
        .unwrap();
    refused(
        none.verify(&token, key.verifying_key(), seconds(900)),
        Kind::Expired,
    );
    let much = rules().leeway(minutes(60));
    much.verify(&token, key.verifying_key(), seconds(1199))
        .unwrap();
    refused(
        much.verify(&token, key.verifying_key(), seconds(1200)),
        Kind::Expired,
    );
}

#[test]
fn extensions_are_refused_and_foreign_keys_are_read_over() {
    let key = hs256();
    let of = |extra: &str| {
        let header = format!(r#"{{"alg":"HS256","typ":"at+jwt",{extra}}}"#);
        rules().verify(
            &raw_token(&key, &header, &payload(|_| ())),
            key.verifying_key(),
            NOW,
        )
    };
    for extension in [
        r#""crit":["exp"]"#,
        r#""crit":[]"#,
        r#""crit":null"#,
        r#""b64":false"#,
        r#""zip":"DEF""#,
    ] {
        refused(of(extension), Kind::CriticalExtension);
    }
    for ignored in [
        r#""jku":"https://evil.example/jwks""#,
        r#""jwk":{"kty":"oct","k":"AAAA"}"#,
        r#""x5u":"file:///etc/passwd""#,
        r#""x5c":["AAAA"]"#,
    ] {
        of(ignored).unwrap();
    }
}

#[test]
fn nothing_is_said_twice() {
    let key = hs256();
    let header = r#"{"alg":"HS256","typ":"at+jwt","typ":"at+jwt"}"#;
    let token = raw_token(&key, header, &payload(|_| ()));
    refused(
        rules().verify(&token, key.verifying_key(), NOW),
        Kind::Malformed,
    );
    let twice = payload(|_| ()).replacen('{', r#"{"sub":"root","#, 1);
    let token = raw_token(&key, HEADER, &twice);
    refused(
        rules().verify(&token, key.verifying_key(), NOW),
        Kind::BadClaims,
    );
}

#[test]
fn length_and_depth_are_bounded() {
    let key = hs256();
    let verify =
        |payload: &str| rules().verify(&raw_token(&key, HEADER, payload), key.verifying_key(), NOW);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let with = |json: String| payload(|_| ()).replacen('{', &format!(r#"{{"x":{json},"#), 1);
    verify(&with(nested(7))).unwrap();
    refused(verify(&with(nested(8))), Kind::BadClaims);
    verify(&with(format!("{:?}", "[".repeat(100)))).unwrap();
    refused(
        verify(&with(format!("{:?}", "x".repeat(MAX_TOKEN_BYTES)))),
        Kind::TooLong,
    );
    let many: Vec<_> = (0..40).map(|i| format!(r#""p{i}":0"#)).collect();
    let header = format!(r#"{{{},"alg":"HS256"}}"#, many.join(","));
    let token = raw_token(&key, &header, &payload(|_| ()));
    refused(
        rules().verify(&token, key.verifying_key(), NOW),
        Kind::Malformed,
    );
}

#[test]
fn what_a_principal_is_comes_from_the_claims() {
    let key = hs256();
    let mut claims = claims();
    claims.tenant = Some("acme".into());
    claims.session_id = Some("s1".into());
    claims.token_version = Some(3);
    claims.token_id = Some("t1".into());
    claims.roles = vec!["admin".into()];
    claims.permissions = vec!["orders.cancel".into()];
    claims.scopes = vec!["orders:read".into(), "orders:write".into()];
    claims.more.insert("plan".into(), "gold".into());
    claims.more.insert("token_version".into(), "99".into());
    let token = sign_claims(&key, "first", "at+jwt", &claims).unwrap();
    let read = rules().verify(&token, key.verifying_key(), NOW).unwrap();
    assert_eq!(read, claims);
    let principal = read.principal();
    assert_eq!(principal.subject, "ada");
    assert_eq!(principal.tenant.as_deref(), Some("acme"));
    assert!(principal.has_role("admin") && principal.has_scope("orders:write"));
    assert!(principal.has_permission("orders.cancel"));
    assert_eq!(principal.claim("session_id"), Some("s1"));
    assert_eq!(
        principal.claim("token_version"),
        Some("3"),
        "not the one under that name"
    );
    assert_eq!(principal.claim("jti"), Some("t1"));
    assert_eq!(principal.claim("plan"), Some("gold"));
}

#[test]
fn a_client_learns_no_more_than_over_or_invalid() {
    let key = hs256();
    let late = rules()
        .verify(&token(&key), key.verifying_key(), seconds(10_000))
        .unwrap_err();
    assert_eq!(AuthError::from(late).kind(), AuthErrorKind::TokenExpired);
    let other = rules().verify("x", key.verifying_key(), NOW).unwrap_err();
    assert_eq!(AuthError::from(other).kind(), AuthErrorKind::InvalidToken);
}

#[test]
fn another_library_reads_the_tokens() {
    let key = hs256();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256);
    validation.set_audience(&["orders"]);
    validation.set_issuer(&[ISSUER]);
    validation.validate_exp = false;
    let header = jsonwebtoken::decode_header(token(&key)).unwrap();
    assert_eq!(header.kid.as_deref(), Some("first"));
    let read: serde_json::Value =
        jsonwebtoken::dangerous::insecure_decode_claims(token(&key)).unwrap();
    assert_eq!(read["sub"], "ada");
    assert_eq!(read["aud"], json!(["orders"]));
    let provider = &jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
    let decoding = jsonwebtoken::DecodingKey::from_secret(SECRET);
    (provider.verifier_factory)(&jsonwebtoken::Algorithm::HS256, &decoding).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_refused_without_a_panic(text in "[A-Za-z0-9_.=-]{0,80}|\\PC{0,80}") {
        let key = hs256();
        prop_assert!(rules().verify(&text, key.verifying_key(), NOW).is_err());
        let keys = KeySet::new([(Some("first".into()), key.verifying_key().clone())]).unwrap();
        prop_assert!(verify_signature(&text, &keys).is_err());
    }
}
