//! Sizes as text: `65536` is bytes, `64k` and `10MiB` are powers of 1024, `10MB` of 1000.
//!
//! Put `#[serde(with = "plumego_config::bytes")]` on a `u64` field that reads such sizes.
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct Cache {
//!     #[serde(with = "plumego_config::bytes")]
//!     size: u64,
//! }
//!
//! let cache: Cache = toml::from_str("size = '64k'")?;
//! assert_eq!(cache.size, 65_536);
//! # Ok::<(), toml::de::Error>(())
//! ```

use std::fmt;

use serde::de::Visitor;
use serde::{Deserializer, Serializer};

use crate::scalar::{decimal, scaled};

const BINARY: [(&str, u64); 4] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

/// The text was no size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseBytesError(());

impl fmt::Display for ParseBytesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a size such as 65536 (bytes), 64k, 10MiB or 10MB")
    }
}

impl std::error::Error for ParseBytesError {}

/// Reads a size. Units: `B`, `k m g t` and `KiB MiB GiB TiB` (powers of 1024), `KB MB GB TB`
/// (powers of 1000), in any case.
///
/// ```
/// use plumego_config::bytes::parse;
///
/// assert_eq!(parse("10485760"), Ok(10_485_760));
/// assert_eq!(parse("10MiB"), Ok(10_485_760));
/// assert_eq!(parse("10MB"), Ok(10_000_000));
/// assert_eq!(parse("64k"), Ok(65_536));
/// assert!(parse("64 bananas").is_err());
/// ```
pub fn parse(text: &str) -> Result<u64, ParseBytesError> {
    let read = || {
        let (whole, fraction, unit) = decimal(text.trim())?;
        let unit = unit_bytes(unit.trim_start())?;
        // A fraction of a byte is no size.
        if unit == 1 && !fraction.is_empty() {
            return None;
        }
        u64::try_from(scaled(whole, fraction, unit)?).ok()
    };
    read().ok_or(ParseBytesError(()))
}

/// Writes a size so that [`parse`] gives it back: `10MiB`, `1500`.
pub fn format(bytes: u64) -> String {
    BINARY
        .iter()
        .find(|(_, unit)| bytes > 0 && bytes.is_multiple_of(*unit))
        .map_or_else(
            || bytes.to_string(),
            |(name, unit)| format!("{}{name}", bytes / unit),
        )
}

/// Writes a size as a number of bytes, for `#[serde(with = …)]`.
pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(*value)
}

/// Reads a number of bytes or text, for `#[serde(with = …)]`.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(BytesVisitor)
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as 65536 (bytes), 64k, 10MiB or 10MB")
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<u64, E> {
        Ok(value)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<u64, E> {
        u64::try_from(value)
            .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(value), &self))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<u64, E> {
        parse(value).map_err(E::custom)
    }
}

fn unit_bytes(unit: &str) -> Option<u128> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return None,
    })
}
