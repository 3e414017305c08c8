//! Several keys by name.

use std::collections::HashSet;

use super::jwk::{Jwk, read_set};
use super::{Algorithm, FindKey, KeyError, RsaAlgorithm, VerifyingKey};

/// The most keys of a set. A larger one is refused.
pub const MAX_KEYS: usize = 64;
/// The longest name of a key, in bytes.
pub(super) const MAX_KEY_ID_BYTES: usize = 256;

/// Keys that verify, by name.
///
/// Two keys never have the same name. A key without a name is found for tokens that name none.
///
/// ```
/// use plumego_security::jwt::{Algorithm, FindKey, KeySet, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Ed25519)?;
/// let keys = KeySet::new([(Some("2026-11".to_owned()), key.verifying_key().clone())])?;
/// assert!(keys.find_key(Some("2026-11"), Algorithm::Ed25519).is_some());
/// assert!(keys.find_key(Some("../../dev/null"), Algorithm::Ed25519).is_none());
///
/// let again = KeySet::public_from_jwks(keys.to_jwks().as_bytes(), None)?;
/// assert_eq!(again.len(), 1);
/// # Ok::<(), plumego_security::jwt::KeyError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<Named>,
}

#[derive(Debug, Clone)]
struct Named {
    key_id: Option<String>,
    key: VerifyingKey,
}

impl KeySet {
    /// A set of these keys.
    ///
    /// # Errors
    /// When there are more than [`MAX_KEYS`], two have the same name, or a name is empty or longer
    /// than 256 bytes.
    pub fn new(
        keys: impl IntoIterator<Item = (Option<String>, VerifyingKey)>,
    ) -> Result<Self, KeyError> {
        let mut set = Self::default();
        for (key_id, key) in keys {
            set.add(key_id, key)?;
        }
        Ok(set)
    }

    /// The public keys of a JWK set (RFC 7517), such as an issuer shows.
    ///
    /// Keys that cannot be used here are passed over, as section 5 of the RFC asks: other kinds of
    /// keys, other algorithms, keys for encryption, keys that are too small. An RSA key that names
    /// no algorithm is taken for `rsa_without_algorithm`, and passed over when that is `None`.
    ///
    /// # Errors
    /// When it is no JWK set, has more than [`MAX_KEYS`] keys, has two of the same name, shows a
    /// secret or private key, or no key of it can be used.
    pub fn public_from_jwks(
        json: &[u8],
        rsa_without_algorithm: Option<RsaAlgorithm>,
    ) -> Result<Self, KeyError> {
        Self::from_jwks(
            json,
            |jwk| jwk.public_key(rsa_without_algorithm),
            Jwk::refuse_secret,
        )
    }

    /// The shared secrets of a JWK set, each of which names its algorithm.
    ///
    /// # Errors
    /// As [`KeySet::public_from_jwks`], with a public key in the place of a secret one.
    pub fn secret_from_jwks(json: &[u8]) -> Result<Self, KeyError> {
        Self::from_jwks(json, Jwk::secret_key, Jwk::refuse_public)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The names of the keys and what they verify.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, &VerifyingKey)> {
        let keys = self.keys.iter();
        keys.map(|named| (named.key_id.as_deref(), &named.key))
    }

    /// The public keys as a JWK set in JSON. Shared secrets are never among them.
    pub fn to_jwks(&self) -> String {
        let keys = self.iter().filter_map(|(id, key)| key.to_jwk(id));
        serde_json::json!({ "keys": keys.collect::<Vec<_>>() }).to_string()
    }

    fn from_jwks(
        json: &[u8],
        usable: impl Fn(&Jwk) -> Result<VerifyingKey, KeyError>,
        belongs: impl Fn(&Jwk) -> Result<(), KeyError>,
    ) -> Result<Self, KeyError> {
        let mut set = Self::default();
        let mut why = KeyError::new("the JWK set has no keys");
        let mut names = HashSet::new();
        let jwks = read_set(json)?;
        for jwk in &jwks {
            belongs(jwk)?;
            if let Some(id) = jwk.key_id().filter(|id| !names.insert(*id)) {
                return Err(twice(id));
            }
        }
        for jwk in &jwks {
            match usable(jwk) {
                Ok(key) => set.add(jwk.key_id().map(str::to_owned), key)?,
                Err(error) => why = error,
            }
        }
        if set.is_empty() { Err(why) } else { Ok(set) }
    }

    fn add(&mut self, key_id: Option<String>, key: VerifyingKey) -> Result<(), KeyError> {
        if self.keys.len() == MAX_KEYS {
            return Err(KeyError::new(format!(
                "there are more than {MAX_KEYS} keys"
            )));
        }
        if let Some(id) = &key_id {
            check_key_id(id)?;
            if self.keys.iter().any(|there| there.key_id == key_id) {
                return Err(twice(id));
            }
        }
        self.keys.push(Named { key_id, key });
        Ok(())
    }
}

impl FindKey for KeySet {
    fn find_key(&self, key_id: Option<&str>, algorithm: Algorithm) -> Option<&VerifyingKey> {
        if key_id.is_some() {
            let named = self
                .keys
                .iter()
                .find(|named| named.key_id.as_deref() == key_id);
            return named.map(|named| &named.key);
        }
        let mut fitting = self
            .keys
            .iter()
            .filter(|named| named.key.algorithm() == algorithm);
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(&only.key),
            _ => None,
        }
    }
}

fn twice(id: &str) -> KeyError {
    KeyError::new(format!("two keys have the name {id:?}"))
}

/// Whether it can name a key.
pub(super) fn check_key_id(id: &str) -> Result<(), KeyError> {
    if id.is_empty() || id.len() > MAX_KEY_ID_BYTES {
        return Err(KeyError::new(format!(
            "the name of a key has {} bytes, and needs 1 to {MAX_KEY_ID_BYTES}",
            id.len()
        )));
    }
    Ok(())
}
