//! A multipart body, read as it comes.

use plumego::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// What came in one part.
#[derive(Serialize)]
pub(crate) struct Part {
    name: String,
    file_name: Option<String>,
    size: u64,
    sha256: String,
}

/// `POST /api/upload`: name, size and SHA-256 of every part, none of them kept in memory.
pub(crate) async fn upload(mut form: Multipart) -> Result<impl IntoResponse, Error> {
    let mut parts = Vec::new();
    while let Some(mut part) = form.next_part().await? {
        let (mut size, mut hash) = (0, Sha256::new());
        while let Some(chunk) = part.chunk().await? {
            size += chunk.len() as u64;
            hash.update(&chunk);
        }
        let sha256 = hex(&hash.finalize());
        let (name, file_name) = (part.name().to_owned(), part.file_name().map(str::to_owned));
        parts.push(Part {
            name,
            file_name,
            size,
            sha256,
        });
    }
    Ok(reply(parts))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
