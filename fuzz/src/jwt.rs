//! Tokens and key sets, before a verifier that knows a few keys.

use std::sync::LazyLock;
use std::time::Duration;

use plumego_security::jwt::{
    Claims, HmacAlgorithm, KeySet, RsaAlgorithm, Rules, SigningKey, sign_claims, verify_signature,
};
use plumego_stdx::Timestamp;

/// Inputs to start from: tokens, and key sets in JSON.
pub const SEEDS: &[&[u8]] = &[
    b"eyJhbGciOiJIUzI1NiIsImtpZCI6ImhzIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJtZSJ9.AAAA",
    b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.",
    b"eyJhbGciOiJIUzI1NiIsImNyaXQiOlsiZXhwIl19..",
    br#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    br#"{"keys":[{"kty":"oct","kid":"a","alg":"HS256",
        "k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}]}"#,
    br#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},
        {"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#,
    br#"{"iss":"me","sub":"ada","aud":["me"],"exp":1800000900,"iat":1800000000,"roles":["a"]}"#,
    br#"{"iss":"me","sub":"ada","aud":"me","exp":1e300,"iat":1.5,"nbf":-1,"scope":"a b"}"#,
];

const SECRET: &[u8] = b"kFz0-Tq1_Lm9.Wx3~Bv7+Dn5/Gh2=Jp8";
const NOW: Timestamp = Timestamp::from_unix_nanos(1_800_000_000_000_000_000);

static KEY: LazyLock<Option<(SigningKey, KeySet)>> = LazyLock::new(|| {
    let key = SigningKey::hmac(HmacAlgorithm::Hs256, SECRET).ok()?;
    let keys = KeySet::new([(Some("hs".to_owned()), key.verifying_key().clone())]).ok()?;
    Some((key, keys))
});

/// A token of foreign bytes is never taken, one bit away from a good one neither, and a set of keys
/// is read into one that is written and read again.
pub fn run(data: &[u8]) {
    let Some((key, keys)) = &*KEY else {
        unreachable!("the secret is right")
    };
    let text = String::from_utf8_lossy(data);
    let rules = Rules::new("me", "me", "at+jwt", Duration::from_mins(15));
    assert!(
        verify_signature(&text, keys).is_err(),
        "nobody else has the secret"
    );
    assert!(rules.verify(&text, keys, NOW).is_err());
    near_miss(key, keys, &rules, data);
    for set in [
        KeySet::public_from_jwks(data, Some(RsaAlgorithm::Rs256)),
        KeySet::public_from_jwks(data, None),
    ] {
        let Ok(set) = set else { continue };
        assert!(!set.is_empty());
        let again = KeySet::public_from_jwks(set.to_jwks().as_bytes(), None);
        assert!(again.is_ok_and(|again| again.len() == set.len()));
        assert!(verify_signature(&text, &set).is_err());
    }
    if let Ok(secrets) = KeySet::secret_from_jwks(data) {
        assert_eq!(secrets.to_jwks(), r#"{"keys":[]}"#, "secrets are not shown");
    }
}

/// A good token with some of its bytes replaced, at places and by bytes that the input says.
fn near_miss(key: &SigningKey, keys: &KeySet, rules: &Rules, data: &[u8]) {
    let end = NOW.saturating_add(Duration::from_mins(15));
    let claims = Claims::new("me", "me", "ada", NOW, end);
    let Ok(good) = sign_claims(key, "hs", "at+jwt", &claims) else {
        unreachable!("an HMAC needs no randomness")
    };
    assert!(rules.verify(&good, keys, NOW).is_ok());
    let mut bent = good.clone().into_bytes();
    for change in data.chunks_exact(2).take(4) {
        let [at, by] = change else { continue };
        let at = usize::from(*at) * 7 % bent.len();
        if let Some(byte) = bent.get_mut(at) {
            *byte = *by;
        }
    }
    let bent = String::from_utf8_lossy(&bent);
    assert_eq!(
        rules.verify(&bent, keys, NOW).is_ok(),
        bent == good,
        "{bent}"
    );
}
