//! `cargo xtask bench auth`: what it takes to verify a token, beside bare jsonwebtoken.

#![expect(clippy::print_stdout, reason = "a program that talks to a person")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use jsonwebtoken::{DecodingKey, Validation, decode};
use plumego::Error;
use plumego::security::jwt::{
    Algorithm, Claims, EcAlgorithm, HmacAlgorithm, KeySet, RsaAlgorithm, Rules, SigningKey,
    sign_claims,
};
use plumego::stdx::Timestamp;
use serde::Deserialize;

/// Rounds, in turn, of which the middle is told.
const ROUNDS: usize = 9;
const ISSUER: &str = "https://id.example";
const SECRET: &[u8] = b"kFz0-Tq1_Lm9.Wx3~Bv7+Dn5/Gh2=Jp8";

/// What both read out of the token.
#[derive(Deserialize)]
struct Theirs {
    sub: String,
    tid: String,
    roles: Vec<String>,
    scope: String,
}

fn main() -> Result<(), Error> {
    println!("verifying an access token, time for each:");
    let rsa = SigningKey::generate(RsaAlgorithm::Rs256).map_err(Error::internal)?;
    compare("HS256", HmacAlgorithm::Hs256.into(), 40_000, &rsa)?;
    compare("RS256, 3072 bits", RsaAlgorithm::Rs256.into(), 4_000, &rsa)?;
    compare("ES256", EcAlgorithm::Es256.into(), 2_000, &rsa)?;
    compare("ES384", EcAlgorithm::Es384.into(), 500, &rsa)?;
    compare("EdDSA", Algorithm::Ed25519, 2_000, &rsa)
}

fn compare(what: &str, algorithm: Algorithm, turns: u32, rsa: &SigningKey) -> Result<(), Error> {
    let key = match algorithm {
        Algorithm::Hmac(hmac) => SigningKey::hmac(hmac, SECRET),
        Algorithm::Rsa(_) => Ok(rsa.clone()),
        other => SigningKey::generate(other),
    };
    let key = key.map_err(Error::internal)?;
    let token = sign_claims(&key, "2026-11", "at+jwt", &claims()).map_err(Error::internal)?;
    let named = [(Some("2026-11".to_owned()), key.verifying_key().clone())];
    let keys = KeySet::new(named).map_err(Error::internal)?;
    let rules = Rules::new(ISSUER, "orders", "at+jwt", Duration::from_mins(15));
    let (theirs, validation) = foreign(algorithm, &keys)?;

    let mut rounds = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let [mine, other] = &mut rounds;
        mine.push(micros(turns, || {
            let read = rules.verify(black_box(&token), &keys, Timestamp::now());
            read.is_ok_and(|claims| claims.subject == "ada" && claims.roles.len() == 1)
        }));
        other.push(micros(turns, || {
            let read = decode::<Theirs>(black_box(&token), &theirs, &validation);
            read.is_ok_and(|data| {
                let claims = data.claims;
                claims.sub == "ada"
                    && claims.roles.len() + claims.tid.len() + claims.scope.len() > 1
            })
        }));
    }
    let [mine, other] = rounds.map(middle);
    println!(
        "{what:<18} Plumego {mine:>8.2} µs   jsonwebtoken {other:>8.2} µs   ratio {:.2}",
        mine / other
    );
    Ok(())
}

fn claims() -> Claims {
    let now = Timestamp::now();
    let end = now.saturating_add(Duration::from_mins(15));
    let mut claims = Claims::new(ISSUER, "orders", "ada", now, end);
    claims.tenant = Some("acme".into());
    claims.roles = vec!["admin".into()];
    claims.scopes = vec!["orders:read".into(), "orders:write".into()];
    claims
}

/// The same key and the same questions for the other side.
fn foreign(algorithm: Algorithm, keys: &KeySet) -> Result<(DecodingKey, Validation), Error> {
    let name = algorithm.name().parse().map_err(Error::internal)?;
    let mut validation = Validation::new(name);
    validation.set_audience(&["orders"]);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = 5;
    if !algorithm.is_asymmetric() {
        return Ok((DecodingKey::from_secret(SECRET), validation));
    }
    let set: jsonwebtoken::jwk::JwkSet =
        serde_json::from_str(&keys.to_jwks()).map_err(Error::internal)?;
    let Some(jwk) = set.keys.first() else {
        return Err(Error::internal("the set shows no key"));
    };
    let key = DecodingKey::from_jwk(jwk).map_err(Error::internal)?;
    Ok((key, validation))
}

/// Microseconds for a token.
fn micros(turns: u32, verify: impl Fn() -> bool) -> f64 {
    let begin = Instant::now();
    for _ in 0..turns {
        assert!(black_box(verify()), "the token is good");
    }
    begin.elapsed().as_secs_f64() * 1e6 / f64::from(turns)
}

fn middle(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds.get(rounds.len() / 2).copied().unwrap_or(f64::NAN)
}
