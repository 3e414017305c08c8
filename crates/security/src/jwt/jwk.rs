//! Keys as JSON (RFC 7517, RFC 7518 section 6, RFC 8037).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::compact::{decode, is_shallow};
use super::keys::MAX_KEYS;
use super::{Algorithm, EcAlgorithm, KeyError, RsaAlgorithm, VerifyingKey};

/// The largest JWK set that is read, in bytes.
pub const MAX_JWKS_BYTES: usize = 256 * 1024;

/// The members of a key that are looked at. The same member twice is an error.
#[derive(Deserialize)]
pub(super) struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    k: Option<String>,
    d: Option<Value>,
    p: Option<Value>,
    q: Option<Value>,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

/// The keys of a set. What is no key at all is an error; what kind of key it is, is not looked at.
pub(super) fn read_set(json: &[u8]) -> Result<Vec<Jwk>, KeyError> {
    if json.len() > MAX_JWKS_BYTES {
        return Err(KeyError::new(format!(
            "the JWK set has {} bytes, more than {MAX_JWKS_BYTES}",
            json.len()
        )));
    }
    if !is_shallow(json) {
        return Err(KeyError::new("the JWK set is nested too deeply"));
    }
    let wrong = |_| KeyError::new("this is no JWK set: an object with `keys`, a list of keys");
    let set: JwkSet = serde_json::from_slice(json).map_err(wrong)?;
    if set.keys.len() > MAX_KEYS {
        return Err(KeyError::new(format!(
            "the JWK set has {} keys, more than {MAX_KEYS}",
            set.keys.len()
        )));
    }
    let keys = set.keys.into_iter();
    keys.map(|key| Jwk::deserialize(key).map_err(wrong))
        .collect()
}

impl VerifyingKey {
    /// The public key as a JWK; `None` for a shared secret.
    pub(super) fn to_jwk(&self, key_id: Option<&str>) -> Option<Value> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match self.algorithm() {
            Algorithm::Hmac(_) => return None,
            Algorithm::Rsa(_) => {
                let (n, e) = self.rsa_parts()?;
                json!({ "kty": "RSA", "n": text(n), "e": text(e) })
            }
            Algorithm::Ec(algorithm) => {
                let (x, y) = self
                    .point()?
                    .get(1..)?
                    .split_at_checked(algorithm.coordinate_bytes())?;
                json!({ "kty": "EC", "crv": algorithm.curve(), "x": text(x), "y": text(y) })
            }
            Algorithm::Ed25519 => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": text(self.point()?) })
            }
        };
        let members = jwk.as_object_mut()?;
        members.insert("use".into(), "sig".into());
        members.insert("alg".into(), self.algorithm().name().into());
        if let Some(key_id) = key_id {
            members.insert("kid".into(), key_id.into());
        }
        Some(jwk)
    }
}

impl Jwk {
    pub(super) fn key_id(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// A key that shows what only its owner may know.
    pub(super) fn refuse_secret(&self) -> Result<(), KeyError> {
        if self.kty == "oct" || self.k.is_some() || self.has_private_part() {
            return Err(KeyError::new(
                "the JWK set shows a secret or a private key: whoever reads it can make tokens; \
                 replace that key",
            ));
        }
        Ok(())
    }

    /// A key that has no place among shared secrets.
    pub(super) fn refuse_public(&self) -> Result<(), KeyError> {
        if self.kty == "oct" && !self.has_private_part() {
            return Ok(());
        }
        Err(KeyError::new(
            "the JWK set of shared secrets has a key of another kind",
        ))
    }

    pub(super) fn public_key(
        &self,
        rsa_without_algorithm: Option<RsaAlgorithm>,
    ) -> Result<VerifyingKey, KeyError> {
        self.for_signatures()?;
        let algorithm = self.algorithm()?;
        match (self.kty.as_str(), self.crv.as_deref(), algorithm) {
            ("RSA", _, Some(Algorithm::Rsa(algorithm))) => self.rsa(algorithm),
            ("RSA", _, None) => {
                let assumed = rsa_without_algorithm.ok_or_else(|| {
                    KeyError::new(
                        "an RSA key of the JWK set names no algorithm, and none is assumed",
                    )
                })?;
                self.rsa(assumed)
            }
            ("EC", Some("P-256"), Some(Algorithm::Ec(EcAlgorithm::Es256)) | None) => {
                self.ec(EcAlgorithm::Es256)
            }
            ("EC", Some("P-384"), Some(Algorithm::Ec(EcAlgorithm::Es384)) | None) => {
                self.ec(EcAlgorithm::Es384)
            }
            ("OKP", Some("Ed25519"), Some(Algorithm::Ed25519) | None) => {
                VerifyingKey::ed25519_point(&self.bytes(self.x.as_ref(), "x")?)
            }
            (kty, crv, _) => Err(KeyError::new(format!(
                "a key of the JWK set cannot be used: kty {kty:?}, crv {crv:?}, alg {:?}",
                self.alg
            ))),
        }
    }

    pub(super) fn secret_key(&self) -> Result<VerifyingKey, KeyError> {
        self.for_signatures()?;
        match self.algorithm()? {
            Some(Algorithm::Hmac(algorithm)) => {
                VerifyingKey::hmac(algorithm, &self.bytes(self.k.as_ref(), "k")?)
            }
            _ => Err(KeyError::new(
                "a secret of the JWK set names no algorithm that is taken",
            )),
        }
    }

    fn rsa(&self, algorithm: RsaAlgorithm) -> Result<VerifyingKey, KeyError> {
        let (n, e) = (
            self.bytes(self.n.as_ref(), "n")?,
            self.bytes(self.e.as_ref(), "e")?,
        );
        VerifyingKey::rsa_components(algorithm, &n, &e)
    }

    fn ec(&self, algorithm: EcAlgorithm) -> Result<VerifyingKey, KeyError> {
        let (x, y) = (
            self.bytes(self.x.as_ref(), "x")?,
            self.bytes(self.y.as_ref(), "y")?,
        );
        let bytes = algorithm.coordinate_bytes();
        if x.len() != bytes || y.len() != bytes {
            return Err(KeyError::new(format!(
                "the coordinates of a key on {} have not {bytes} bytes each",
                algorithm.curve()
            )));
        }
        VerifyingKey::ec_point(algorithm, &[&[4], &*x, &*y].concat())
    }

    /// What the key is for, as far as it says so.
    fn for_signatures(&self) -> Result<(), KeyError> {
        let purpose = self
            .purpose
            .as_deref()
            .is_none_or(|purpose| purpose == "sig");
        let operations = self.key_ops.as_ref();
        if purpose && operations.is_none_or(|ops| ops.iter().any(|op| op == "verify")) {
            return Ok(());
        }
        Err(KeyError::new("a key of the JWK set is not for signatures"))
    }

    fn algorithm(&self) -> Result<Option<Algorithm>, KeyError> {
        let Some(name) = &self.alg else {
            return Ok(None);
        };
        let unknown = || KeyError::new(format!("a key of the JWK set is for {name:?}"));
        Algorithm::named(name).map(Some).ok_or_else(unknown)
    }

    fn has_private_part(&self) -> bool {
        self.d.is_some() || self.p.is_some() || self.q.is_some()
    }

    fn bytes(&self, member: Option<&String>, name: &str) -> Result<Vec<u8>, KeyError> {
        let decoded = member.and_then(|text| decode(text).ok());
        decoded.ok_or_else(|| {
            KeyError::new(format!(
                "a {} key of the JWK set has no `{name}` in base64url",
                self.kty
            ))
        })
    }
}
