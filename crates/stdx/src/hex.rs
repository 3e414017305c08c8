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
/// Both digits of each byte.
const PAIRS: [[u8; 2]; 256] = pairs();
/// The value of each digit; 255 for what is none.
const VALUES: [u8; 256] = values();

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
pub fn decode<const BYTES: usize>(text: impl AsRef<[u8]>) -> Option<[u8; BYTES]> {
    let (pairs, rest) = text.as_ref().as_chunks::<2>();
    if pairs.len() != BYTES || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; BYTES];
    let mut valid = true;
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (value(*high), value(*low));
        valid &= (high | low) < 0x10;
        *byte = high << 4 | low;
    }
    valid.then_some(bytes)
}

fn pair(byte: u8) -> [u8; 2] {
    PAIRS.get(usize::from(byte)).copied().unwrap_or_default()
}

fn value(digit: u8) -> u8 {
    VALUES.get(usize::from(digit)).copied().unwrap_or(u8::MAX)
}

#[expect(clippy::indexing_slicing, reason = "runs in the compiler")]
const fn pairs() -> [[u8; 2]; 256] {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 0x0f]];
        byte += 1;
    }
    pairs
}

#[expect(clippy::indexing_slicing, reason = "runs in the compiler")]
const fn values() -> [u8; 256] {
    let mut values = [u8::MAX; 256];
    let mut value: u8 = 0;
    while value < 16 {
        values[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
}
