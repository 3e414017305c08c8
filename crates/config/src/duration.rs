//! Durations as text: `5000` is milliseconds, `5s`, `250ms`, `1m30s` and `2h` say their unit.
//!
//! Units: `ns us ms s m h d`, each number with at most nine digits after the point. What this
//! crate loads is read into a [`Duration`] field without more ado. Put
//! `#[serde(with = "plumego_config::duration")]` on the field when the same struct is also read
//! from JSON or plain TOML.
//!
//! ```
//! use std::time::Duration;
//!
//! #[derive(serde::Deserialize)]
//! struct Limits {
//!     #[serde(with = "plumego_config::duration")]
//!     timeout: Duration,
//! }
//!
//! let limits: Limits = toml::from_str("timeout = '1m30s'")?;
//! assert_eq!(limits.timeout, Duration::from_secs(90));
//! let limits: Limits = toml::from_str("timeout = 250")?;
//! assert_eq!(limits.timeout, Duration::from_millis(250));
//! # Ok::<(), toml::de::Error>(())
//! ```

use std::fmt;
use std::time::Duration;

use serde::de::Visitor;
use serde::{Deserializer, Serializer};

use crate::scalar::{decimal, scaled};

/// The name under which durations ask for themselves.
pub(crate) const TYPE_NAME: &str = "Duration";

const UNITS: [(&str, u128); 6] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
];

/// The text was no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseDurationError(());

impl fmt::Display for ParseDurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a duration such as 5000 (milliseconds), 5s, 250ms or 1m30s")
    }
}

impl std::error::Error for ParseDurationError {}

/// Reads a duration.
///
/// ```
/// use std::time::Duration;
/// use plumego_config::duration::parse;
///
/// assert_eq!(parse("5000"), Ok(Duration::from_secs(5)));
/// assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
/// assert!(parse("5 parsecs").is_err());
/// ```
pub fn parse(text: &str) -> Result<Duration, ParseDurationError> {
    nanoseconds(text.trim())
        .and_then(|nanos| {
            let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
            let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
            Some(Duration::new(seconds, rest))
        })
        .ok_or(ParseDurationError(()))
}

/// Writes a duration so that [`parse`] gives it back: `1m30s`, `250ms`.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(plumego_config::duration::format(Duration::from_millis(90_250)), "1m30s250ms");
/// ```
pub fn format(duration: Duration) -> String {
    if duration.is_zero() {
        return "0s".to_owned();
    }
    let mut rest = duration.as_nanos();
    let mut out = String::new();
    for (unit, nanos) in UNITS.into_iter().chain([("ns", 1)]) {
        if rest >= nanos {
            out.push_str(&(rest / nanos).to_string());
            out.push_str(unit);
            rest %= nanos;
        }
    }
    out
}

/// Writes a duration as text, for `#[serde(with = …)]`.
pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*value))
}

/// Reads milliseconds or text, for `#[serde(with = …)]`.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_newtype_struct(TYPE_NAME, DurationVisitor)
}

struct DurationVisitor;

impl<'de> Visitor<'de> for DurationVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as 5000 (milliseconds), 5s, 250ms or 1m30s")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Duration, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Duration, E> {
        Ok(Duration::from_millis(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Duration, E> {
        u64::try_from(value)
            .map(Duration::from_millis)
            .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(value), &self))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Duration, E> {
        parse(value).map_err(E::custom)
    }
}

fn nanoseconds(text: &str) -> Option<u128> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<u128>().ok()?.checked_mul(1_000_000);
    }
    let mut rest = text;
    let mut total = 0_u128;
    loop {
        let (whole, fraction, after) = decimal(rest)?;
        let end = after
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        total = total.checked_add(scaled(whole, fraction, unit_nanos(unit)?)?)?;
        rest = after.trim_start();
        if rest.is_empty() {
            return Some(total);
        }
    }
}

fn unit_nanos(unit: &str) -> Option<u128> {
    match unit {
        "ns" => Some(1),
        "µs" | "μs" => Some(1_000),
        _ => UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, nanos)| *nanos),
    }
}
