use std::fmt;

use http::request::Parts;
use plumego_contract::{Error, FromParts};
use plumego_stdx::Hex;
use plumego_stdx::random::{self, RandomError};

/// What allows one inline script or style in one response: 128 random bits.
///
/// A handler takes it as an argument and writes it into its page as `<script nonce="…">`; the
/// layer writes it into the header. It is good for one response: a page that carries one must not
/// be cached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CspNonce(Hex<16>);

impl CspNonce {
    /// A fresh one. Fails when the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomError> {
        random::bytes().map(|bytes| Self(Hex::new(bytes)))
    }

    /// The text: 32 hexadecimal digits, safe in an attribute.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for CspNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CspNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CspNonce")
    }
}

/// Absent when the policy of the response has no [`Source::Nonce`](super::Source::Nonce).
impl FromParts for CspNonce {
    async fn from_parts(parts: &mut Parts) -> Result<Self, Error> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| {
            Error::internal("there is no nonce: add Source::Nonce to the content security policy")
                .absent()
        })
    }
}
