//! Files that rust-embed put into the program (feature `embed`).

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use rust_embed::RustEmbed;

use crate::Frontend;
use crate::frontend::{Source, is_file_name};
use crate::source::Fixed;
use crate::tag;

/// Requires the feature `embed`.
impl Frontend {
    /// The files that a `RustEmbed` type holds.
    ///
    /// Their tags are the hashes that were made at compile time. In a debug build rust-embed reads
    /// them from disk, once, when this is called; a name that no request can ask for, such as a
    /// hidden one, is left out.
    #[track_caller]
    pub fn embedded<E: RustEmbed>() -> Self {
        let mut files = Fixed::default();
        for name in E::iter().filter(|name| is_file_name(name)) {
            let Some(file) = E::get(&name) else { continue };
            let bytes = match file.data {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            };
            let tag = tag::of_digest(&file.metadata.sha256_hash());
            let modified = file.metadata.last_modified().filter(|seconds| *seconds > 0);
            let modified =
                modified.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            files.add_known(name.into_owned(), bytes, tag, modified);
        }
        Self::of(Source::Fixed(files))
    }
}
