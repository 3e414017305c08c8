//! The keys that verify tokens.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{DecodingKey, DecodingKeyKind};

use super::pem;
use super::{Algorithm, EcAlgorithm, HmacAlgorithm, KeyError, RsaAlgorithm};

/// The smallest RSA key that is taken, in bits (RFC 7518, sections 3.3 and 3.5).
const MIN_RSA_BITS: usize = 2048;
/// The largest, so that no key makes verifying slow.
const MAX_RSA_BITS: usize = 8192;
/// The largest exponent, in bits, for the same reason.
const MAX_EXPONENT_BITS: usize = 33;
/// The longest secret, in bytes.
const MAX_SECRET_BYTES: usize = 1024;
/// How many different bytes a secret has at least.
const MIN_DIFFERENT_BYTES: usize = 8;

/// A key that verifies tokens, bound to the one algorithm it verifies.
///
/// A token whose header names another algorithm is refused before anything is computed. As with
/// [`SigningKey`](super::SigningKey), each constructor takes only the algorithms of its kind of
/// key. `Debug` shows the algorithm alone.
///
/// ```
/// use plumego_security::jwt::{Algorithm, EcAlgorithm, SigningKey};
///
/// let key = SigningKey::generate(EcAlgorithm::Es256)?;
/// assert_eq!(key.verifying_key().algorithm(), Algorithm::Ec(EcAlgorithm::Es256));
/// # Ok::<(), plumego_security::jwt::KeyError>(())
/// ```
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl VerifyingKey {
    /// A secret that both sides hold.
    ///
    /// # Errors
    /// As [`SigningKey::hmac`](super::SigningKey::hmac).
    pub fn hmac(algorithm: HmacAlgorithm, secret: &[u8]) -> Result<Self, KeyError> {
        check_secret(algorithm, secret)?;
        Ok(Self {
            algorithm: algorithm.into(),
            key: DecodingKey::from_secret(secret),
        })
    }

    /// A public RSA key as PEM: `PUBLIC KEY` or `RSA PUBLIC KEY`.
    ///
    /// # Errors
    /// When it is not such a key, or has not 2048 to 8192 bits.
    pub fn rsa_pem(algorithm: RsaAlgorithm, pem: &[u8]) -> Result<Self, KeyError> {
        let wrong = || pem::not_public("a public RSA key", pem);
        let key = DecodingKey::from_rsa_pem(pem).map_err(|_| wrong())?;
        let der = key.try_get_as_bytes().map_err(|_| wrong())?;
        let of = DEFAULT_PROVIDER
            .key_utils
            .rsa_pub_components_from_public_key;
        let (n, e) = of(der).map_err(|_| wrong())?;
        Self::rsa_components(algorithm, &n, &e)
    }

    /// A public RSA key by its modulus and its exponent, big-endian.
    ///
    /// # Errors
    /// When the modulus has not 2048 to 8192 bits, is even, or is one of those that a widespread
    /// smart card made weak (CVE-2017-15361); when the exponent is even, 1, or has more than 33
    /// bits.
    pub fn rsa_components(
        algorithm: RsaAlgorithm,
        modulus: &[u8],
        exponent: &[u8],
    ) -> Result<Self, KeyError> {
        let (modulus, exponent) = (trim_zeros(modulus), trim_zeros(exponent));
        let bits = bit_length(modulus);
        if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
            return Err(KeyError::new(format!(
                "the RSA key has {bits} bits, and {} needs {MIN_RSA_BITS} to {MAX_RSA_BITS}: make \
                 one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`",
                Algorithm::from(algorithm)
            )));
        }
        let odd = |bytes: &[u8]| bytes.last().is_some_and(|last| last % 2 == 1);
        if !odd(modulus) || !odd(exponent) || exponent == [1] {
            return Err(KeyError::new(
                "the RSA key is none: its numbers are even or 1",
            ));
        }
        if bit_length(exponent) > MAX_EXPONENT_BITS {
            return Err(KeyError::new(format!(
                "the exponent of the RSA key has more than {MAX_EXPONENT_BITS} bits: use 65537"
            )));
        }
        if is_roca(modulus) {
            return Err(KeyError::new(
                "the RSA key was made by a generator whose keys can be factored (CVE-2017-15361): \
                 make a new one elsewhere",
            ));
        }
        Ok(Self {
            algorithm: algorithm.into(),
            key: DecodingKey::from_rsa_raw_components(modulus, exponent),
        })
    }

    /// A public key on P-256 or P-384 as PEM: `PUBLIC KEY`.
    ///
    /// # Errors
    /// When it is not such a key, or a point that is not on the curve of the algorithm.
    pub fn ec_pem(algorithm: EcAlgorithm, pem: &[u8]) -> Result<Self, KeyError> {
        let wrong = || pem::not_public("a public EC key", pem);
        let key = DecodingKey::from_ec_pem(pem).map_err(|_| wrong())?;
        Self::ec_point(algorithm, key.try_get_as_bytes().map_err(|_| wrong())?)
    }

    /// A public key on P-256 or P-384 by its uncompressed point: the byte 4, x, y.
    ///
    /// # Errors
    /// When the point is not on the curve of the algorithm.
    pub fn ec_point(algorithm: EcAlgorithm, point: &[u8]) -> Result<Self, KeyError> {
        let scheme = match algorithm {
            EcAlgorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
            EcAlgorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
        };
        let uncompressed =
            point.len() == 1 + 2 * algorithm.coordinate_bytes() && point.first() == Some(&4);
        if !uncompressed || ParsedPublicKey::new(scheme, point).is_err() {
            return Err(KeyError::new(format!(
                "the key is not an uncompressed point on {}, which {} needs",
                algorithm.curve(),
                Algorithm::from(algorithm)
            )));
        }
        Ok(Self {
            algorithm: algorithm.into(),
            key: DecodingKey::from_ec_der(point),
        })
    }

    /// A public Ed25519 key as PEM: `PUBLIC KEY`.
    ///
    /// # Errors
    /// When it is not such a key.
    pub fn ed25519_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let wrong = || pem::not_public("a public Ed25519 key", pem);
        let key = DecodingKey::from_ed_pem(pem).map_err(|_| wrong())?;
        Self::ed25519_point(key.try_get_as_bytes().map_err(|_| wrong())?)
    }

    /// A public Ed25519 key by its 32 bytes.
    ///
    /// # Errors
    /// When there are not 32 of them, or they are no point.
    pub fn ed25519_point(point: &[u8]) -> Result<Self, KeyError> {
        if point.len() != 32 || ParsedPublicKey::new(&ED25519, point).is_err() {
            return Err(KeyError::new(
                "the key is not a public Ed25519 key of 32 bytes",
            ));
        }
        Ok(Self {
            algorithm: Algorithm::Ed25519,
            key: DecodingKey::from_ed_der(point),
        })
    }

    /// The one algorithm it verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether this is the signature of these bytes, for formats other than a token. For tokens
    /// there is [`Rules::verify`](super::Rules::verify).
    pub fn verify_bytes(&self, message: &[u8], signature: &[u8]) -> bool {
        // The provider is named here, so that neither a second one in the build nor one that
        // somebody installed for the process changes what a signature is.
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&self.algorithm.backend(), &self.key);
        verifier.is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
    }

    /// Modulus and exponent of an RSA key.
    pub(super) fn rsa_parts(&self) -> Option<(&[u8], &[u8])> {
        match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => Some((n, e)),
            DecodingKeyKind::SecretOrDer(_) => None,
        }
    }

    /// The point of an EC or Ed25519 key.
    pub(super) fn point(&self) -> Option<&[u8]> {
        match self.algorithm {
            Algorithm::Ec(_) | Algorithm::Ed25519 => self.key.try_get_as_bytes().ok(),
            Algorithm::Hmac(_) | Algorithm::Rsa(_) => None,
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

pub(super) fn check_secret(algorithm: HmacAlgorithm, secret: &[u8]) -> Result<(), KeyError> {
    let (length, least) = (secret.len(), algorithm.min_secret_bytes());
    let name = Algorithm::from(algorithm);
    if secret.trim_ascii_start().starts_with(b"-----BEGIN") {
        return Err(KeyError::new(format!(
            "the secret for {name} is a PEM file: a public key is no secret; take the algorithm of \
             its kind, or make a secret with `openssl rand -base64 {least}`"
        )));
    }
    if length < least {
        return Err(KeyError::new(format!(
            "the secret for {name} has {length} bytes, and needs at least {least} bytes: make one \
             with `openssl rand -base64 {least}`"
        )));
    }
    if length > MAX_SECRET_BYTES {
        return Err(KeyError::new(format!(
            "the secret for {name} has {length} bytes, more than {MAX_SECRET_BYTES}"
        )));
    }
    let mut seen = [false; 256];
    for byte in secret {
        if let Some(there) = seen.get_mut(usize::from(*byte)) {
            *there = true;
        }
    }
    let different = seen.iter().filter(|there| **there).count();
    if different < MIN_DIFFERENT_BYTES {
        return Err(KeyError::new(format!(
            "the secret for {name} has {different} different bytes, so it was not made at random: \
             make one with `openssl rand -base64 {least}`"
        )));
    }
    Ok(())
}

/// Whether the modulus looks like one of CVE-2017-15361: its rest by each of these primes is a
/// power of 65537, which for any other key happens once in some hundred millions.
fn is_roca(modulus: &[u8]) -> bool {
    const PRIMES: [u32; 17] = [
        11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
    ];
    PRIMES.iter().all(|prime| {
        let rest = modulus
            .iter()
            .fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        let step = 65537 % prime;
        let powers = std::iter::successors(Some(1), |power| Some(power * step % prime));
        powers.take(*prime as usize).any(|power| power == rest)
    })
}

fn trim_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

fn bit_length(bytes: &[u8]) -> usize {
    let first = bytes
        .first()
        .map_or(0, |first| first.leading_zeros() as usize);
    (bytes.len() * 8).saturating_sub(first)
}
