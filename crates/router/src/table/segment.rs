//! Segments of a path, and the keys by which static ones are looked up.
//!
//! A path is read eight bytes at a time: most segments end within the first word, so that finding
//! the end and making the key of a segment takes no loop.

use super::edges::small;

/// Bytes in a word.
const WORD: usize = 8;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = ONES << 7;
const SLASHES: u64 = ONES * b'/' as u64;
const PERCENTS: u64 = ONES * b'%' as u64;
/// Any odd number with bits all over.
const SPREAD: u64 = 0x517c_c1b7_2722_0a95;

/// What is known of a segment's text without looking at it again. Equal texts have equal keys, and
/// no key of a raw segment is that of a decoded text with a percent sign in it: such a segment is
/// decoded first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Key {
    /// The first sixteen bytes, zeros behind a shorter text.
    pub(super) head: [u64; 2],
    /// The length, and [`Key::PERCENT`] for decoded text that holds a percent sign.
    pub(super) len: u32,
    /// Of few instructions. The texts in the table are those of patterns, which the program wrote:
    /// a client looks up and never inserts, so it cannot make them collide.
    pub(super) hash: u64,
}

/// A path that is cut into words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    path: &'a str,
    /// The last eight bytes, or fewer with zeros in front.
    last: u64,
}

impl Key {
    /// The longest text that the head holds whole.
    pub(super) const IN_HEAD: usize = 2 * WORD;
    pub(super) const PERCENT: u32 = 1 << 31;

    /// The key of decoded text.
    pub(super) fn of(text: &[u8]) -> Self {
        let (whole, rest) = text.as_chunks::<WORD>();
        let mut key = Self::default();
        for word in whole {
            key.add(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            key.add(short(rest));
        }
        key.len = small(text.len());
        if text.contains(&b'%') {
            key.len |= Self::PERCENT;
        }
        key
    }

    /// Adds the next word, as long as there are two at most.
    const fn short(first: u64, second: u64, len: u32) -> Self {
        Self {
            head: [first, second],
            len,
            hash: mix(first, second),
        }
    }

    fn add(&mut self, word: u64) {
        let [first, second] = &mut self.head;
        match self.len {
            0 => *first = word,
            1 => *second = word,
            _ => self.hash = mix(self.hash.wrapping_mul(SPREAD), word),
        }
        if self.len < 2 {
            self.hash = mix(*first, *second);
        }
        self.len += 1;
    }

    /// Whether the text may hold a percent sign: `false` is certain.
    #[inline]
    pub(super) fn may_have_escapes(&self) -> bool {
        let [first, second] = self.head;
        let signs = zero_bytes(first ^ PERCENTS) | zero_bytes(second ^ PERCENTS);
        signs != 0
    }
}

impl<'a> Words<'a> {
    /// `None` when the path is longer than any that arrives, 2 GiB.
    #[inline]
    pub(super) fn new(path: &'a str) -> Option<Self> {
        let bytes = path.as_bytes();
        let last = match bytes.last_chunk::<WORD>() {
            Some(last) => u64::from_le_bytes(*last),
            None => short(bytes) << 1 << (63 - 8 * bytes.len()),
        };
        (bytes.len() < Key::PERCENT as usize).then_some(Self { path, last })
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.path.len()
    }

    /// The key of the segment that begins there, raw as it is, when it is shorter than two words.
    #[inline]
    pub(super) fn short_key(&self, at: usize) -> Option<Key> {
        let first = self.word(at);
        if let Some((first, len)) = before_slash(first) {
            return Some(Key::short(first, 0, len));
        }
        let second = self.word(at + WORD);
        let (second, len) = before_slash(second)?;
        Some(Key::short(first, second, 8 + len))
    }

    /// The raw text of the segment that begins there.
    pub(super) fn text(&self, at: usize) -> &'a str {
        self.path.get(at..self.end(at)).unwrap_or_default()
    }

    /// Where the segment that begins there ends: at a slash, or at the end of the path.
    #[inline]
    pub(super) fn end(&self, start: usize) -> usize {
        let mut at = start;
        loop {
            if let Some((_, len)) = before_slash(self.word(at)) {
                return at + len as usize;
            }
            at += WORD;
        }
    }

    /// The word that begins there. Behind the end of the path there are slashes.
    #[inline]
    fn word(&self, at: usize) -> u64 {
        let bytes = self.path.as_bytes();
        let word = bytes.get(at..at.wrapping_add(WORD));
        if let Some(word) = word.and_then(<[u8]>::first_chunk::<WORD>) {
            return u64::from_le_bytes(*word);
        }
        let left = 8 * (bytes.len().wrapping_sub(at) & 7);
        self.last >> 1 >> (63 - left) | SLASHES << left
    }
}

/// The bytes of a word before its first slash, if there is one, and how many they are.
#[inline]
fn before_slash(word: u64) -> Option<(u64, u32)> {
    let slashes = zero_bytes(word ^ SLASHES);
    if slashes == 0 {
        return None;
    }
    let bits = slashes.trailing_zeros() & 0b11_1000;
    Some((word & ((1 << bits) - 1), bits / 8))
}

const fn mix(first: u64, second: u64) -> u64 {
    first ^ second.rotate_left(29)
}

/// A bit for each byte that is zero, and perhaps for some above the lowest one.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH_BITS
}

/// Fewer than eight bytes as a number, the first one lowest.
fn short(bytes: &[u8]) -> u64 {
    let shift = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    bytes.iter().rev().fold(0, shift)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    fn check(path: &str) {
        let words = Words::new(path).unwrap();
        let mut start = 0;
        for text in path.split('/') {
            let mut key = Key::of(text.as_bytes());
            assert_eq!(key.len & Key::PERCENT != 0, text.contains('%'));
            key.len &= !Key::PERCENT;
            let short = (text.len() < 2 * WORD).then_some(key);
            assert_eq!(words.short_key(start), short, "{path:?} at {start}");
            assert_eq!(words.text(start), text, "{path:?} at {start}");
            assert_eq!(words.end(start), start + text.len(), "{path:?} at {start}");
            start += text.len() + 1;
        }
    }

    #[test]
    fn a_path_is_cut_as_splitting_it_does() {
        for len in 0..40 {
            let text = "abcdefghijklmnopqrstuvwxyz0123456789ABCD";
            let text = text.get(..len).unwrap();
            check(text);
            check(&format!("/{text}"));
            check(&format!("/{text}/"));
            check(&format!("/{text}//{text}/x"));
            check(&format!("/{text}%/{text}/%"));
        }
        // The neighbours of the slash and of the percent sign, which the trick may take for them.
        for near in [".", "0", "$", "&", "\u{af}", "\u{0}", "\u{7f}"] {
            check(&format!(
                "/{}/{near}/{}%{near}",
                near.repeat(9),
                near.repeat(17)
            ));
        }
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(256))]

        #[test]
        fn any_path_is_cut_as_splitting_it_does(path in "[a%/0.\u{e9}\u{0}$&]{0,60}") {
            check(&path);
            let (a, b) = path.split_at(path.ceil_char_boundary(path.len() / 2));
            prop_assert_eq!(a == b, Key::of(a.as_bytes()) == Key::of(b.as_bytes()));
        }
    }
}
