//! Where files come from.

mod beneath;
mod dir;
mod fixed;

use std::time::SystemTime;

use bytes::Bytes;
use plumego_contract::coding::Coding;
use plumego_contract::conditional::EntityTag;

pub(crate) use self::dir::{Dir, Stamp, Written};
pub(crate) use self::fixed::Fixed;

/// Siblings that hold a file in a coding, the one to prefer first.
pub(crate) const SIBLINGS: [(Coding, &str); 3] = [
    (Coding::Brotli, ".br"),
    (Coding::Zstd, ".zst"),
    (Coding::Gzip, ".gz"),
];

/// What a name stands for.
#[derive(Debug)]
pub(crate) enum Found {
    File(Loaded),
    /// A folder that has an index.
    Folder,
    Missing,
}

/// A file with its siblings, as they were at one time.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) plain: Part,
    pub(crate) coded: Vec<(Coding, Part)>,
    /// Whether a later change is sure to show in the stamps.
    pub(crate) settled: bool,
}

/// One file.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) content: Content,
    pub(crate) tag: EntityTag,
    pub(crate) modified: Option<SystemTime>,
    /// What tells one state of it from another; `None` where it never changes.
    pub(crate) stamp: Option<Stamp>,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    Memory(Bytes),
    /// On disk, of that length.
    Disk(u64),
}

impl Content {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Disk(length) => *length,
        }
    }
}
