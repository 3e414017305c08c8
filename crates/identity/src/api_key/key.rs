//! The text of a key.

use plumego_stdx::{Hex, Secret, random};
use sha2::{Digest as _, Sha256};

const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;

/// Id and secret, both in hexadecimal digits.
pub(super) struct Parts<'a> {
    pub(super) id: &'a str,
    secret: &'a str,
}

impl<'a> Parts<'a> {
    /// The parts of a key with that prefix.
    pub(super) fn of(prefix: &str, text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix(prefix)?.strip_prefix('_')?;
        let (id, secret) = rest.split_once('_')?;
        let is_hex = |text: &str, bytes: usize| {
            let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            text.len() == 2 * bytes && text.bytes().all(digit)
        };
        (is_hex(id, ID_BYTES) && is_hex(secret, SECRET_BYTES)).then_some(Self { id, secret })
    }

    /// What is stored of the secret. The id is part of it, so that a hash fits one row alone.
    pub(super) fn hash(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(b"plumego api key v1\0");
        digest.update(self.id.as_bytes());
        digest.update(b"\0");
        digest.update(self.secret.as_bytes());
        digest.finalize().into()
    }
}

/// A new key with that prefix.
pub(super) fn make(prefix: &str) -> Result<Secret<String>, random::RandomError> {
    let id = Hex::new(random::bytes::<ID_BYTES>()?);
    let secret = Hex::new(random::bytes::<SECRET_BYTES>()?);
    Ok(Secret::new(format!("{prefix}_{id}_{secret}")))
}
