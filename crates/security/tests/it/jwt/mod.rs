//! Tokens: keys, rules, and the vectors of others.

mod keys;
mod primitives;
mod sets;
mod tokens;
mod vectors;

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plumego_security::jwt::{
    Algorithm, Claims, HmacAlgorithm, RsaAlgorithm, Rules, SigningKey, TokenErrorKind, sign_claims,
};
use plumego_stdx::Timestamp;

/// One RSA key for all tests: finding one takes its time.
static RSA_PEM: LazyLock<String> = LazyLock::new(|| {
    let key = SigningKey::generate(RsaAlgorithm::Rs256).unwrap();
    key.to_pem().unwrap().into_exposed()
});

const NOW: Timestamp = Timestamp::from_unix_nanos(1_800_000_000_000_000_000);
const ISSUER: &str = "https://id.example";
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn signing_key(algorithm: Algorithm) -> SigningKey {
    match algorithm {
        Algorithm::Rsa(rsa) => SigningKey::rsa_pem(rsa, RSA_PEM.as_bytes()).unwrap(),
        Algorithm::Hmac(hmac) => SigningKey::hmac(hmac, SECRET).unwrap(),
        other => SigningKey::generate(other).unwrap(),
    }
}

fn hs256() -> SigningKey {
    signing_key(HmacAlgorithm::Hs256.into())
}

fn rules() -> Rules {
    Rules::new(ISSUER, "orders", "at+jwt", minutes(15))
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

fn claims() -> Claims {
    Claims::new(
        ISSUER,
        "orders",
        "ada",
        NOW,
        NOW.saturating_add(minutes(15)),
    )
}

fn token(key: &SigningKey) -> String {
    sign_claims(key, "first", "at+jwt", &claims()).unwrap()
}

/// A token of any header and payload, with a signature that fits.
fn raw_token(key: &SigningKey, header: &str, payload: &str) -> String {
    assert_eq!(key.algorithm(), HmacAlgorithm::Hs256.into());
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", encode(header), encode(payload));
    let secret = jsonwebtoken::EncodingKey::from_secret(SECRET);
    let signer = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.signer_factory;
    let signer = signer(&jsonwebtoken::Algorithm::HS256, &secret).unwrap();
    let signature = signer.try_sign(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The token with another algorithm in its header.
fn renamed(token: &str, algorithm: Algorithm) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    let header = format!(r#"{{"alg":"{algorithm}","typ":"at+jwt","kid":"first"}}"#);
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}

#[track_caller]
fn refused(result: Result<Claims, plumego_security::jwt::TokenError>, kind: TokenErrorKind) {
    assert_eq!(result.unwrap_err().kind(), kind);
}
