//! The algorithms, grouped by the kind of key that they need.

use std::fmt;

/// Signs with a secret that both sides hold (RFC 7518, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HmacAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

/// Signs with an RSA key of at least 2048 bits (RFC 7518, sections 3.3 and 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RsaAlgorithm {
    /// PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// PKCS #1 v1.5 with SHA-384.
    Rs384,
    /// PKCS #1 v1.5 with SHA-512.
    Rs512,
    /// PSS with SHA-256.
    Ps256,
    /// PSS with SHA-384.
    Ps384,
    /// PSS with SHA-512.
    Ps512,
}

/// Signs with a key on an elliptic curve (RFC 7518, section 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EcAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
}

/// Any algorithm that a token may be signed with. `none` is not among them, and cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// With a shared secret.
    Hmac(HmacAlgorithm),
    /// With an RSA key.
    Rsa(RsaAlgorithm),
    /// With a key on P-256 or P-384.
    Ec(EcAlgorithm),
    /// `EdDSA` on Ed25519 (RFC 8037).
    Ed25519,
}

/// Every algorithm with the name it has in a header, and what the crypto backend calls it.
const TABLE: [(&str, Algorithm, jsonwebtoken::Algorithm); 12] = {
    use jsonwebtoken::Algorithm as J;
    [
        ("HS256", Algorithm::Hmac(HmacAlgorithm::Hs256), J::HS256),
        ("HS384", Algorithm::Hmac(HmacAlgorithm::Hs384), J::HS384),
        ("HS512", Algorithm::Hmac(HmacAlgorithm::Hs512), J::HS512),
        ("RS256", Algorithm::Rsa(RsaAlgorithm::Rs256), J::RS256),
        ("RS384", Algorithm::Rsa(RsaAlgorithm::Rs384), J::RS384),
        ("RS512", Algorithm::Rsa(RsaAlgorithm::Rs512), J::RS512),
        ("PS256", Algorithm::Rsa(RsaAlgorithm::Ps256), J::PS256),
        ("PS384", Algorithm::Rsa(RsaAlgorithm::Ps384), J::PS384),
        ("PS512", Algorithm::Rsa(RsaAlgorithm::Ps512), J::PS512),
        ("ES256", Algorithm::Ec(EcAlgorithm::Es256), J::ES256),
        ("ES384", Algorithm::Ec(EcAlgorithm::Es384), J::ES384),
        ("EdDSA", Algorithm::Ed25519, J::EdDSA),
    ]
};

impl Algorithm {
    /// The algorithm of that name, spelled exactly as RFC 7518 spells it.
    ///
    /// ```
    /// use plumego_security::jwt::{Algorithm, HmacAlgorithm};
    ///
    /// assert_eq!(Algorithm::named("HS256"), Some(Algorithm::Hmac(HmacAlgorithm::Hs256)));
    /// assert_eq!(Algorithm::named("hs256"), None);
    /// assert_eq!(Algorithm::named("none"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        let row = TABLE.iter().find(|(there, ..)| *there == name);
        row.map(|(_, algorithm, _)| *algorithm)
    }

    /// Every algorithm.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(_, algorithm, _)| *algorithm)
    }

    /// The name it has in a header.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Whether the key that verifies may be shown to anybody.
    pub const fn is_asymmetric(self) -> bool {
        !matches!(self, Self::Hmac(_))
    }

    /// As the crypto backend calls it.
    pub(super) fn backend(self) -> jsonwebtoken::Algorithm {
        self.row().1
    }

    fn row(self) -> (&'static str, jsonwebtoken::Algorithm) {
        let row = TABLE.iter().find(|(_, there, _)| *there == self);
        // The table is complete (there is a test), so the default is never taken.
        row.map_or(
            ("", jsonwebtoken::Algorithm::EdDSA),
            |(name, _, backend)| (name, *backend),
        )
    }
}

impl HmacAlgorithm {
    /// The shortest secret, in bytes: as long as the hash (RFC 7518, section 3.2).
    pub const fn min_secret_bytes(self) -> usize {
        match self {
            Self::Hs256 => 32,
            Self::Hs384 => 48,
            Self::Hs512 => 64,
        }
    }
}

impl EcAlgorithm {
    /// The length of a coordinate, in bytes.
    pub(super) const fn coordinate_bytes(self) -> usize {
        match self {
            Self::Es256 => 32,
            Self::Es384 => 48,
        }
    }

    pub(super) const fn curve(self) -> &'static str {
        match self {
            Self::Es256 => "P-256",
            Self::Es384 => "P-384",
        }
    }
}

impl From<HmacAlgorithm> for Algorithm {
    fn from(algorithm: HmacAlgorithm) -> Self {
        Self::Hmac(algorithm)
    }
}

impl From<RsaAlgorithm> for Algorithm {
    fn from(algorithm: RsaAlgorithm) -> Self {
        Self::Rsa(algorithm)
    }
}

impl From<EcAlgorithm> for Algorithm {
    fn from(algorithm: EcAlgorithm) -> Self {
        Self::Ec(algorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_knows_every_algorithm_under_one_name() {
        use EcAlgorithm as E;
        use HmacAlgorithm as H;
        use RsaAlgorithm as R;
        let hmac = [H::Hs256, H::Hs384, H::Hs512].map(Algorithm::Hmac);
        let rsa = [R::Rs256, R::Rs384, R::Rs512, R::Ps256, R::Ps384, R::Ps512].map(Algorithm::Rsa);
        let ec = [E::Es256, E::Es384].map(Algorithm::Ec);
        let all = hmac.into_iter().chain(rsa).chain(ec);
        let all: Vec<_> = all.chain([Algorithm::Ed25519]).collect();
        assert_eq!(all, Algorithm::all().collect::<Vec<_>>());
        for algorithm in all {
            assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
            let backend = format!("{:?}", algorithm.backend());
            assert_eq!(backend, algorithm.name(), "the backend means the same");
        }
    }
}
