//! Files that are part of the program.

use std::collections::HashMap;
use std::time::SystemTime;

use bytes::Bytes;
use plumego_contract::conditional::EntityTag;

use super::{Content, Loaded, Part, SIBLINGS};
use crate::tag;

/// Files that never change.
#[derive(Debug, Default, Clone)]
pub(crate) struct Fixed {
    files: HashMap<String, File>,
}

#[derive(Debug, Clone)]
struct File {
    bytes: Bytes,
    tag: EntityTag,
    modified: Option<SystemTime>,
}

impl Fixed {
    /// Adds a file; `false` when the name is taken.
    pub(crate) fn add(&mut self, name: String, bytes: Bytes) -> bool {
        let tag = tag::of_bytes(&bytes);
        self.add_known(name, bytes, tag, None)
    }

    /// Adds a file of which more is known; `false` when the name is taken.
    pub(crate) fn add_known(
        &mut self,
        name: String,
        bytes: Bytes,
        tag: EntityTag,
        modified: Option<SystemTime>,
    ) -> bool {
        let file = File {
            bytes,
            tag,
            modified,
        };
        self.files.insert(name, file).is_none()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// Every file with its siblings.
    pub(crate) fn all(&self, siblings: bool) -> impl Iterator<Item = (&str, Loaded)> {
        self.files.iter().map(move |(name, file)| {
            let coded = SIBLINGS.iter().filter(|_| siblings);
            let coded = coded.filter_map(|(coding, suffix)| {
                let file = self.files.get(&format!("{name}{suffix}"))?;
                Some((*coding, file.part()))
            });
            let loaded = Loaded {
                plain: file.part(),
                coded: coded.collect(),
                settled: true,
            };
            (name.as_str(), loaded)
        })
    }
}

impl File {
    fn part(&self) -> Part {
        Part {
            content: Content::Memory(self.bytes.clone()),
            tag: self.tag.clone(),
            modified: self.modified,
            stamp: None,
        }
    }
}
