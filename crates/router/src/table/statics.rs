//! The static children of a node, by their text.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

/// From here on a hash table is faster than looking through a list.
const MANY: usize = 9;
/// Bytes of a text that are compared at once.
const HEAD: usize = 8;

/// Static children by their decoded text; the numbers are places in the arena.
#[derive(Debug)]
pub(super) enum Statics {
    Few(Box<[Child]>),
    Many(HashMap<Box<str>, usize, BuildHasherDefault<Fold>>),
}

/// A child in a list. Its first bytes lie in the list, so most texts are told apart without
/// following a pointer.
#[derive(Debug)]
pub(super) struct Child {
    head: u64,
    text: Box<str>,
    place: usize,
}

impl Default for Statics {
    fn default() -> Self {
        Self::Few(Box::default())
    }
}

impl Statics {
    pub(super) fn new(children: BTreeMap<Box<str>, usize>) -> Self {
        if children.len() >= MANY {
            return Self::Many(children.into_iter().collect());
        }
        let child = |(text, place): (Box<str>, usize)| Child {
            head: head(text.as_bytes()),
            text,
            place,
        };
        Self::Few(children.into_iter().map(child).collect())
    }

    pub(super) fn get(&self, text: &str) -> Option<usize> {
        match self {
            Self::Few(list) if list.is_empty() => None,
            Self::Few(list) => {
                let head = head(text.as_bytes());
                let is_it = |child: &&Child| {
                    child.head == head
                        && child.text.len() == text.len()
                        && (text.len() <= HEAD || *child.text == *text)
                };
                list.iter().find(is_it).map(|child| child.place)
            }
            Self::Many(map) => map.get(text).copied(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Few(list) if list.is_empty())
    }
}

/// The first bytes of a text as a number, zeros behind a shorter one.
fn head(text: &[u8]) -> u64 {
    match text.first_chunk::<HEAD>() {
        Some(head) => u64::from_le_bytes(*head),
        None => tail(text),
    }
}

/// Fewer than eight bytes as a number.
fn tail(bytes: &[u8]) -> u64 {
    let shift = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    bytes.iter().rev().fold(0, shift)
}

/// A hash of few instructions. The keys are the texts of patterns, which the program wrote: a
/// client looks up and never inserts, so it cannot make them collide.
#[derive(Default)]
pub(super) struct Fold(u64);

impl Fold {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<HEAD>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            self.add(tail(rest));
        }
    }

    /// What `str` writes behind itself, so that two texts one after the other differ from another
    /// two. Here there is one.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        // The table takes its buckets from the low bits, and the product is best in the high ones.
        self.0.rotate_left(26)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_in_lists_and_in_tables() {
        let texts = [
            "",
            "a",
            "ab",
            "ab\0",
            "abcdefgh",
            "abcdefgh\0",
            "abcdefghi",
            "abcdefghj",
            "é",
            "users",
        ];
        for count in 0..=texts.len() {
            let known: BTreeMap<Box<str>, usize> = texts
                .iter()
                .take(count)
                .zip(1..)
                .map(|(text, at)| ((*text).into(), at))
                .collect();
            let statics = Statics::new(known);
            for (text, at) in texts.iter().zip(1..) {
                let expected = (at <= count).then_some(at);
                assert_eq!(statics.get(text), expected, "{text:?} among {count}");
            }
            assert_eq!(statics.is_empty(), count == 0);
        }
    }
}
