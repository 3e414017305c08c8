//! Lower-case hexadecimal text without the heap.
//!
//! ```
//! use plumego_stdx::{Hex, hex};
//!
//! assert_eq!(Hex::new([0x0a, 0xff]).as_str(), "0aff");
//! assert_eq!(hex::decode("0aff"), Some([0x0a, 0xff]));
//! assert_eq!(hex::decode::<2>("0AFF"), None);
//! ```

use std::fmt;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// `BYTES` bytes as `2 * BYTES` lower-case hexadecimal digits, on the stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex<const BYTES: usize> {
    digits: [[u8; 2]; BYTES],
}

impl<const BYTES: usize> Hex<BYTES> {
    /// The text of `bytes`, in their order.
    pub fn new(bytes: [u8; BYTES]) -> Self {
        Self {
            digits: bytes.map(pair),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The text as ASCII bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.digits.as_flattened()
    }
}

impl<const BYTES: usize> AsRef<str> for Hex<BYTES> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<const BYTES: usize> fmt::Display for Hex<BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const BYTES: usize> fmt::Debug for Hex<BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Appends `bytes` to `out` as lower-case digits.
pub fn push(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(bytes.iter().flat_map(|byte| pair(*byte)));
}

/// Reads exactly `2 * BYTES` **lower-case** digits; `None` for any other length or character.
pub fn decode<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != BYTES || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(bytes)
}

fn pair(byte: u8) -> [u8; 2] {
    [digit(byte >> 4), digit(byte & 0x0f)]
}

fn digit(value: u8) -> u8 {
    DIGITS.get(usize::from(value)).copied().unwrap_or(b'0')
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
