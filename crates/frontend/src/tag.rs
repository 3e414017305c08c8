//! Entity tags by content.

use std::io::{self, Read};

use plumego_contract::conditional::EntityTag;
use plumego_stdx::hex::Hex;
use sha2::{Digest, Sha256};

/// So much is read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// The tag of these bytes: half of their SHA-256, the same wherever they lie.
pub(crate) fn of_bytes(bytes: &[u8]) -> EntityTag {
    of_digest(Sha256::digest(bytes).as_slice())
}

/// The tag of all that a reader has.
pub(crate) fn of_reader(mut reader: impl Read) -> io::Result<EntityTag> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => return Ok(of_digest(hasher.finalize().as_slice())),
            Ok(read) => hasher.update(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The tag of what has this SHA-256.
pub(crate) fn of_digest(digest: &[u8]) -> EntityTag {
    let half = digest.first_chunk::<16>().copied().unwrap_or_default();
    EntityTag::strong(Hex::new(half).as_str())
}
