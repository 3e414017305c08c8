//! What tools for attacks on tokens try, each over a socket and beside a token that is let in.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm as Foreign, EncodingKey};
use plumego::contract::auth::Principal;
use plumego::identity::ring::KeyRing;
use plumego::security::jwt::{EcAlgorithm, HmacAlgorithm, SigningKey};
use plumego::stdx::Timestamp;
use serde_json::{Value, json};

use super::{RSA, Service};
use crate::client::status;

/// Secrets that come first in every dictionary.
const WEAK: [&str; 12] = [
    "",
    " ",
    "secret",
    "password",
    "123456",
    "changeme",
    "your-256-bit-secret",
    "key",
    "admin",
    "jwt",
    "secret_key",
    "null",
];

/// A service that signs with RS256, and has keys of the other kinds in its ring.
async fn service() -> Service {
    let ring = KeyRing::new("rs", RSA.clone()).unwrap();
    let es = SigningKey::generate(EcAlgorithm::Es256).unwrap();
    let hs = SigningKey::hmac(HmacAlgorithm::Hs256, b"kFz0-Tq1_Lm9.Wx3~Bv7+Dn5/Gh2=Jp8").unwrap();
    let never = Timestamp::from_unix_nanos(i64::MAX);
    ring.add("es", es, never).unwrap();
    ring.add("hs", hs, never).unwrap();
    Service::start(ring).await
}

struct Attacker {
    /// A token of the service.
    token: String,
    claims: Value,
}

impl Attacker {
    async fn of(service: &Service) -> Self {
        let tokens = service.sign_in(&Principal::new("mallory")).await;
        let token = tokens.access_token.expose().clone();
        let payload = token.split('.').nth(1).unwrap();
        let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        Self { token, claims }
    }

    /// The claims, with a role that the attacker would like.
    fn wanted(&self) -> Value {
        let mut claims = self.claims.clone();
        claims["roles"] = json!(["admin"]);
        claims
    }

    fn part(&self, number: usize) -> &str {
        self.token.split('.').nth(number).unwrap()
    }
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn header(alg: &str, kid: &str) -> Value {
    json!({ "alg": alg, "kid": kid, "typ": "at+jwt" })
}

fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(header), encode(claims))
}

fn with_signature(header: &Value, claims: &Value, signature: &[u8]) -> String {
    format!(
        "{}.{}",
        unsigned(header, claims),
        URL_SAFE_NO_PAD.encode(signature)
    )
}

/// Signed as nobody here would: with any secret.
fn with_secret(header: &Value, claims: &Value, secret: &[u8]) -> String {
    sign(
        header,
        claims,
        Foreign::HS256,
        &EncodingKey::from_secret(secret),
    )
}

fn sign(header: &Value, claims: &Value, algorithm: Foreign, key: &EncodingKey) -> String {
    let signer = (DEFAULT_PROVIDER.signer_factory)(&algorithm, key).unwrap();
    let signature = signer
        .try_sign(unsigned(header, claims).as_bytes())
        .unwrap();
    with_signature(header, claims, &signature)
}

/// Sends each of the tokens, and then one that is let in.
async fn refused(service: &Service, attacker: &Attacker, tokens: BTreeMap<String, String>) {
    assert!(!tokens.is_empty());
    for (attack, token) in tokens {
        let answer = service.with("/api/me", &token).await;
        assert_eq!(status(&answer), 401, "{attack}: {answer}");
        assert!(answer.contains("\"invalid_token\""), "{attack}: {answer}");
        assert!(
            answer.contains("www-authenticate: Bearer "),
            "{attack}: {answer}"
        );
        assert!(!answer.contains("mallory"), "{attack}: {answer}");
    }
    let answer = service.with("/api/me", &attacker.token).await;
    assert_eq!(status(&answer), 200, "{answer}");
}

/// CVE-2015-2951, in any spelling.
// ASVS 5.0 9.1.2
#[tokio::test]
async fn alg_none() {
    let service = service().await;
    let attacker = Attacker::of(&service).await;
    let mut tokens = BTreeMap::new();
    // All sixteen ways to write four letters, and what a lax parser may take for them.
    let casings = (0..16).map(|bits: u32| {
        let letters = "none".chars().enumerate();
        let cased = letters.map(|(at, letter)| match bits >> at & 1 {
            1 => letter.to_ascii_uppercase(),
            _ => letter,
        });
        cased.collect::<String>()
    });
    let others = ["", " none", "none ", "none\0", "null", "HS0"].map(str::to_owned);
    for alg in casings.chain(others) {
        for kid in ["rs", "none"] {
            let header = header(&alg, kid);
            let bare = unsigned(&header, &attacker.wanted());
            tokens.insert(format!("{alg} {kid}: no third part"), bare.clone());
            tokens.insert(format!("{alg} {kid}: empty signature"), format!("{bare}."));
            let old = format!("{bare}.{}", attacker.part(2));
            tokens.insert(format!("{alg} {kid}: old signature"), old);
        }
    }
    for alg in [
        Value::Null,
        json!(false),
        json!(0),
        json!(["none"]),
        json!({ "none": 1 }),
    ] {
        let header = json!({ "alg": alg, "kid": "rs", "typ": "at+jwt" });
        tokens.insert(
            alg.to_string(),
            format!("{}.", unsigned(&header, &attacker.wanted())),
        );
    }
    refused(&service, &attacker, tokens).await;
    service.stop().await;
}

/// CVE-2016-10555: the public key, which everybody has, as the secret of an HMAC.
// ASVS 5.0 9.1.2
#[tokio::test]
async fn a_public_key_as_a_secret() {
    let service = service().await;
    let attacker = Attacker::of(&service).await;
    let shown = service.get("/.well-known/jwks.json", "").await;
    let set: Value = serde_json::from_str(shown.split_once("\r\n\r\n").unwrap().1).unwrap();
    let mut secrets = BTreeMap::new();
    for key in set["keys"].as_array().unwrap() {
        let kid = key["kid"].as_str().unwrap();
        secrets.insert(format!("{kid}: JWK"), key.to_string().into_bytes());
        for member in ["n", "x", "y"] {
            if let Some(text) = key[member].as_str() {
                let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
                secrets.insert(format!("{kid}: {member}"), bytes.clone());
                let body = STANDARD.encode(&bytes);
                let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----");
                secrets.insert(format!("{kid}: PEM"), pem.clone().into_bytes());
                secrets.insert(format!("{kid}: PEM and newline"), format!("{pem}\n").into());
            }
        }
        secrets.insert(format!("{kid}: text"), key["n"].to_string().into_bytes());
    }
    assert!(secrets.len() > 6, "{secrets:?}");
    let mut tokens = BTreeMap::new();
    for (what, secret) in secrets {
        for kid in ["rs", "es", "hs"] {
            let token = with_secret(&header("HS256", kid), &attacker.wanted(), &secret);
            tokens.insert(format!("{what} for {kid}"), token);
        }
    }
    refused(&service, &attacker, tokens).await;
    service.stop().await;
}

/// CVE-2020-28042 (no signature) and CVE-2022-21449 (a signature of zeros).
// ASVS 5.0 9.1.1
#[tokio::test]
async fn null_and_psychic_signatures() {
    let service = service().await;
    let attacker = Attacker::of(&service).await;
    let mut tokens = BTreeMap::new();
    for (alg, kid) in [("RS256", "rs"), ("ES256", "es"), ("HS256", "hs")] {
        let header = header(alg, kid);
        let bare = unsigned(&header, &attacker.wanted());
        tokens.insert(format!("{alg}: none"), format!("{bare}."));
        tokens.insert(format!("{alg}: cut off"), bare);
        for length in [1, 32, 64, 96, 128, 384] {
            let zeros = with_signature(&header, &attacker.wanted(), &vec![0; length]);
            tokens.insert(format!("{alg}: {length} zeros"), zeros);
        }
        // Zero in DER, which some verifiers take for the plain form: 30 06 02 01 00 02 01 00.
        let der = [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00];
        tokens.insert(
            format!("{alg}: DER"),
            with_signature(&header, &attacker.wanted(), &der),
        );
        // r = s = the order of P-256, which is zero to whoever reduces it first.
        let order = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
        let order: Vec<u8> = (0..64)
            .step_by(2)
            .map(|at| u8::from_str_radix(&order[at..at + 2], 16).unwrap())
            .collect();
        let twice = [order.clone(), order].concat();
        tokens.insert(
            format!("{alg}: order"),
            with_signature(&header, &attacker.wanted(), &twice),
        );
    }
    refused(&service, &attacker, tokens).await;
    service.stop().await;
}

/// A name of a key that is a path, a query, a command, an address.
// ASVS 5.0 9.1.3
#[tokio::test]
async fn names_of_keys_that_are_something_else() {
    let service = service().await;
    let attacker = Attacker::of(&service).await;
    let mut tokens = BTreeMap::new();
    for (kid, secret) in [
        ("/dev/null", ""),
        ("../../../../../../dev/null", ""),
        ("..\\..\\..\\windows\\win.ini", ""),
        ("file:///dev/null", ""),
        ("/proc/sys/kernel/randomize_va_space", "2\n"),
        ("x' UNION SELECT 'mallory'; -- ", "mallory"),
        ("hs' OR '1'='1", ""),
        ("hs; sleep 60", ""),
        ("$(sleep 60)", ""),
        ("|id", ""),
        ("hs\0", ""),
        ("HS", ""),
        ("", ""),
        ("http://127.0.0.1:9/key", "x"),
        ("%2e%2e%2fdev%2fnull", ""),
        ("{{7*7}}", "49"),
    ] {
        let token = with_secret(&header("HS256", kid), &attacker.wanted(), secret.as_bytes());
        tokens.insert(format!("{kid:?}"), token);
    }
    let long = "k".repeat(5000);
    tokens.insert(
        "long".into(),
        with_secret(&header("HS256", &long), &attacker.wanted(), b""),
    );
    for kid in [Value::Null, json!(0), json!(["hs"]), json!({ "$ne": 0 })] {
        let header = json!({ "alg": "HS256", "kid": kid, "typ": "at+jwt" });
        tokens.insert(
            kid.to_string(),
            with_secret(&header, &attacker.wanted(), b""),
        );
    }
    refused(&service, &attacker, tokens).await;
    service.stop().await;
}

/// CVE-2018-0114 (a key in the token) and addresses of keys: nobody connects to them.
// ASVS 5.0 9.1.3
#[tokio::test]
async fn keys_that_the_token_brings_along() {
    let service = service().await;
    let attacker = Attacker::of(&service).await;
    let trap = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json", trap.local_addr().unwrap());
    let own = SigningKey::generate(EcAlgorithm::Es256).unwrap();
    let pem = own.to_pem().unwrap();
    let key = EncodingKey::from_ec_pem(pem.expose().as_bytes()).unwrap();
    let ring = KeyRing::new("es", own).unwrap();
    let set: Value = serde_json::from_str(&ring.at(Timestamp::now()).to_jwks()).unwrap();
    let mut tokens = BTreeMap::new();
    for kid in ["es", "rs", "mine"] {
        for (name, value) in [
            ("jwk", set["keys"][0].clone()),
            ("jku", url.clone().into()),
            ("jku", "https://id.example@127.0.0.1/".into()),
            ("x5u", url.clone().into()),
            ("x5c", json!(["MIIB"])),
            ("x5t", "AAAA".into()),
        ] {
            let mut header = header("ES256", kid);
            header[name] = value.clone();
            let token = sign(&header, &attacker.wanted(), Foreign::ES256, &key);
            tokens.insert(format!("{name} {value} {kid}"), token);
        }
        let bare = header("ES256", kid);
        tokens.insert(
            kid.into(),
            sign(&bare, &attacker.wanted(), Foreign::ES256, &key),
        );
    }
    let nameless = json!({ "alg": "ES256", "typ": "at+jwt", "jwk": set["keys"][0] });
    let token = sign(&nameless, &attacker.wanted(), Foreign::ES256, &key);
    tokens.insert("no name".into(), token);
    refused(&service, &attacker, tokens).await;
    let called = std::future::poll_fn(|cx| std::task::Poll::Ready(trap.poll_accept(cx))).await;
    assert!(called.is_pending(), "somebody fetched the attacker's keys");
    service.stop().await;
}

/// CVE-2019-20933 and CVE-2020-28637 (a blank secret), and dictionaries of weak ones.
// ASVS 5.0 11.2.3
#[tokio::test]
async fn blank_and_weak_secrets() {
    let service = service().await;
    let attacker = Attacker::of(&service).await;
    let mut tokens = BTreeMap::new();
    for secret in WEAK {
        for kid in ["hs", "rs"] {
            let token = with_secret(&header("HS256", kid), &attacker.wanted(), secret.as_bytes());
            tokens.insert(format!("{secret:?} {kid}"), token);
        }
        // A service that has such a secret does not start.
        let own = SigningKey::hmac(HmacAlgorithm::Hs256, secret.as_bytes());
        assert!(
            own.unwrap_err().to_string().contains("at least 32 bytes"),
            "{secret}"
        );
    }
    refused(&service, &attacker, tokens).await;
    service.stop().await;
}

/// Claims that were changed under the signature.
// ASVS 5.0 9.1.1
#[tokio::test]
async fn claims_that_were_changed() {
    let service = service().await;
    let attacker = Attacker::of(&service).await;
    let forge = |claims: &Value| {
        format!(
            "{}.{}.{}",
            attacker.part(0),
            encode(claims),
            attacker.part(2)
        )
    };
    let mut tokens = BTreeMap::new();
    tokens.insert("role".to_owned(), forge(&attacker.wanted()));
    for name in attacker.claims.as_object().unwrap().keys() {
        let mut claims = attacker.claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        tokens.insert(format!("without {name}"), forge(&claims));
    }
    for (name, value) in [
        ("exp", json!(4_102_444_800_u64)),
        ("exp", json!("never")),
        ("exp", Value::Null),
        ("iat", json!(4_102_444_800_u64)),
        ("nbf", json!(0)),
        ("sub", json!("root")),
        ("tid", json!("umbrella")),
        ("ver", json!(7)),
        ("sid", json!("another")),
    ] {
        let mut claims = attacker.claims.clone();
        claims[name] = value.clone();
        tokens.insert(format!("{name} {value}"), forge(&claims));
    }
    refused(&service, &attacker, tokens).await;
    service.stop().await;
}

/// A key for one algorithm under the name of another, and signatures that were moved or bent.
#[tokio::test]
async fn other_algorithms_and_moved_signatures() {
    let service = service().await;
    let attacker = Attacker::of(&service).await;
    let other = service.sign_in(&Principal::new("ada")).await;
    let mut tokens = BTreeMap::new();
    for alg in [
        "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA", "HS256", "ES512",
    ] {
        let header = header(alg, "rs");
        let payload = attacker.part(1);
        let token = format!("{}.{payload}.{}", encode(&header), attacker.part(2));
        tokens.insert(alg.to_owned(), token);
    }
    let moved = other.access_token.expose().rsplit('.').next().unwrap();
    let (head, payload, signature) = (attacker.part(0), attacker.part(1), attacker.part(2));
    for (what, token) in [
        ("moved", format!("{head}.{payload}.{moved}")),
        (
            "cut",
            format!("{head}.{payload}.{}", &signature[..signature.len() - 4]),
        ),
        ("longer", format!("{head}.{payload}.{signature}AAAA")),
        ("padded", format!("{head}.{payload}.{signature}=")),
        ("newline", format!("{head}.{payload}.{signature}%0a")),
        ("five parts", format!("{}.x.y", attacker.token)),
        ("four parts", format!("{}.x", attacker.token)),
        ("two dots", format!("{head}..{payload}.{signature}")),
        ("refresh token", other.refresh_token.expose().clone()),
        ("huge", "A".repeat(9000)),
        ("dots", "..".to_owned()),
        (
            "half an object",
            format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode("{")),
        ),
    ] {
        tokens.insert(what.to_owned(), token);
    }
    refused(&service, &attacker, tokens).await;
    service.stop().await;
}

/// A token anywhere but in its header is no token.
// ASVS 5.0 14.2.1
#[tokio::test]
async fn tokens_in_other_places() {
    let service = service().await;
    let attacker = Attacker::of(&service).await;
    let token = &attacker.token;
    for (path, headers) in [
        (format!("/api/me?access_token={token}"), String::new()),
        (format!("/api/me?token={token}"), String::new()),
        (
            "/api/me".to_owned(),
            format!("Cookie: auth_token={token}; token={token}\r\n"),
        ),
        ("/api/me".to_owned(), format!("X-Token: {token}\r\n")),
        (
            "/api/me".to_owned(),
            format!("Authorization: Basic {token}\r\n"),
        ),
        ("/api/me".to_owned(), format!("Authorization: {token}\r\n")),
    ] {
        let answer = service.get(&path, &headers).await;
        assert_eq!(status(&answer), 401, "{headers}: {answer}");
        assert!(
            answer.contains("\"unauthenticated\""),
            "{headers}: {answer}"
        );
    }
    let twice = format!("Authorization: Bearer {token}\r\nAuthorization: Bearer x\r\n");
    assert_eq!(status(&service.get("/api/me", &twice).await), 401);
    service.stop().await;
}
