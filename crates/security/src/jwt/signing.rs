//! The keys that make tokens.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RsaKeyPair,
};
use jsonwebtoken::EncodingKey;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use plumego_stdx::Secret;

use super::pem;
use super::verifying::check_secret;
use super::{Algorithm, EcAlgorithm, HmacAlgorithm, KeyError, RsaAlgorithm, VerifyingKey};

/// A key that makes tokens, bound to the one algorithm it makes them with.
///
/// Each constructor takes only the algorithms of its kind of key, so that a key for one kind
/// cannot be taken for another:
///
/// ```compile_fail,E0308
/// use plumego_security::jwt::{HmacAlgorithm, SigningKey};
///
/// // A public RSA key as the secret of an HMAC: the confusion behind CVE-2016-10555.
/// let key = SigningKey::rsa_pem(HmacAlgorithm::Hs256, b"-----BEGIN PUBLIC KEY-----");
/// ```
///
/// `Debug` shows the algorithm alone.
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    key: EncodingKey,
    verifying: VerifyingKey,
}

impl SigningKey {
    /// A secret that both sides hold.
    ///
    /// ```
    /// use plumego_security::jwt::{HmacAlgorithm, SigningKey};
    ///
    /// let short = SigningKey::hmac(HmacAlgorithm::Hs256, b"password1");
    /// assert!(short.unwrap_err().to_string().contains("at least 32 bytes"));
    /// ```
    ///
    /// # Errors
    /// When it is shorter than the hash of the algorithm (32, 48 or 64 bytes) or longer than 1024
    /// bytes, has fewer than 8 different bytes, or is a PEM file, which a public key would be.
    pub fn hmac(algorithm: HmacAlgorithm, secret: &[u8]) -> Result<Self, KeyError> {
        check_secret(algorithm, secret)?;
        Ok(Self {
            algorithm: algorithm.into(),
            key: EncodingKey::from_secret(secret),
            verifying: VerifyingKey::hmac(algorithm, secret)?,
        })
    }

    /// A private RSA key as PEM, PKCS #8 or PKCS #1.
    ///
    /// # Errors
    /// When it is not such a key, or has not 2048 to 8192 bits.
    pub fn rsa_pem(algorithm: RsaAlgorithm, pem: &[u8]) -> Result<Self, KeyError> {
        let key = EncodingKey::from_rsa_pem(pem);
        let key = key.map_err(|_| pem::not_private("a private RSA key", pem))?;
        Self::rsa(algorithm, key)
    }

    /// A private key on P-256 or P-384 as PEM, PKCS #8.
    ///
    /// # Errors
    /// When it is not such a key, or one on another curve.
    pub fn ec_pem(algorithm: EcAlgorithm, pem: &[u8]) -> Result<Self, KeyError> {
        let key = EncodingKey::from_ec_pem(pem);
        let key = key.map_err(|_| pem::not_private("a private EC key", pem))?;
        Self::ec(algorithm, key)
    }

    /// A private Ed25519 key as PEM, PKCS #8.
    ///
    /// # Errors
    /// When it is not such a key.
    pub fn ed25519_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let key = EncodingKey::from_ed_pem(pem);
        let key = key.map_err(|_| pem::not_private("a private Ed25519 key", pem))?;
        Self::ed25519(key)
    }

    /// A new key for this algorithm, from the randomness of the operating system. An RSA key has
    /// 3072 bits and takes a second or more to find.
    ///
    /// A key that lives in this process alone makes every token invalid at a restart, and on every
    /// other instance.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate(algorithm: impl Into<Algorithm>) -> Result<Self, KeyError> {
        match algorithm.into() {
            Algorithm::Hmac(algorithm) => {
                let secret: [u8; 64] =
                    plumego_stdx::random::bytes().map_err(|_| no_randomness())?;
                Self::hmac(algorithm, &secret)
            }
            Algorithm::Rsa(algorithm) => {
                let pair = RsaKeyPair::generate(KeySize::Rsa3072).map_err(|_| no_randomness())?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| no_randomness())?;
                Self::rsa_pem(
                    algorithm,
                    pem::write("PRIVATE KEY", der.as_ref()).as_bytes(),
                )
            }
            Algorithm::Ec(algorithm) => {
                let random = aws_lc_rs::rand::SystemRandom::new();
                let der = EcdsaKeyPair::generate_pkcs8(curve(algorithm), &random)
                    .map_err(|_| no_randomness())?;
                Self::ec(algorithm, EncodingKey::from_ec_der(der.as_ref()))
            }
            Algorithm::Ed25519 => {
                let random = aws_lc_rs::rand::SystemRandom::new();
                let der = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| no_randomness())?;
                Self::ed25519(EncodingKey::from_ed_der(der.as_ref()))
            }
        }
    }

    /// The algorithm it makes tokens with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key that verifies what this one signs: the public half, or the same secret.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// The private key as PEM, which the constructor of its kind takes: PKCS #1 for RSA, PKCS #8
    /// else. `None` for a shared secret.
    pub fn to_pem(&self) -> Option<Secret<String>> {
        let tag = match self.algorithm {
            Algorithm::Hmac(_) => return None,
            Algorithm::Rsa(_) => "RSA PRIVATE KEY",
            Algorithm::Ec(_) | Algorithm::Ed25519 => "PRIVATE KEY",
        };
        Some(Secret::new(pem::write(tag, self.key.as_bytes())))
    }

    /// The signature of these bytes.
    pub(super) fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signer = (DEFAULT_PROVIDER.signer_factory)(&self.algorithm.backend(), &self.key);
        let signature = signer.map(|signer| signer.try_sign(message));
        match signature {
            Ok(Ok(signature)) => Ok(signature),
            _ => Err(KeyError::new(format!(
                "signing with {} failed: the operating system gave no randomness",
                self.algorithm
            ))),
        }
    }

    fn rsa(algorithm: RsaAlgorithm, key: EncodingKey) -> Result<Self, KeyError> {
        let of = DEFAULT_PROVIDER
            .key_utils
            .rsa_pub_components_from_private_key;
        let (n, e) = of(key.as_bytes()).map_err(|_| {
            KeyError::new(
                "the key is not a private RSA key of 2048 to 8192 bits: make one with `openssl \
                 genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`",
            )
        })?;
        Ok(Self {
            algorithm: algorithm.into(),
            key,
            verifying: VerifyingKey::rsa_components(algorithm, &n, &e)?,
        })
    }

    fn ec(algorithm: EcAlgorithm, key: EncodingKey) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(curve(algorithm), key.as_bytes());
        let pair = pair.map_err(|_| {
            let curve = algorithm.curve();
            KeyError::new(format!(
                "the key is not a private key on {curve} as PKCS #8, which {} needs",
                Algorithm::from(algorithm)
            ))
        })?;
        Ok(Self {
            algorithm: algorithm.into(),
            verifying: VerifyingKey::ec_point(algorithm, pair.public_key().as_ref())?,
            key,
        })
    }

    fn ed25519(key: EncodingKey) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(key.as_bytes())
            .map_err(|_| pem::not_private("a private Ed25519 key", &[]))?;
        Ok(Self {
            algorithm: Algorithm::Ed25519,
            verifying: VerifyingKey::ed25519_point(pair.public_key().as_ref())?,
            key,
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

const fn curve(algorithm: EcAlgorithm) -> &'static aws_lc_rs::signature::EcdsaSigningAlgorithm {
    match algorithm {
        EcAlgorithm::Es256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        EcAlgorithm::Es384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
    }
}

fn no_randomness() -> KeyError {
    KeyError::new("no key was made: the operating system gave no randomness")
}
