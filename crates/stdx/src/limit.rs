//! A bound that says so when it is none.
//!
//! ```
//! use plumego_stdx::Limit;
//!
//! assert!(Limit::At(10).allows(10));
//! assert!(!Limit::At(10).allows(11));
//! assert_eq!(Limit::from_zero_as_unlimited(0), Limit::Unlimited);
//! assert_eq!("unlimited".parse(), Ok(Limit::Unlimited));
//! ```

use std::fmt;
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const UNLIMITED: &str = "unlimited";

/// A largest allowed value, or none.
///
/// Text and serde: a number, or `unlimited`. Zero is read as `unlimited`, because settings have
/// long used it so; in code a limit of zero is spelled `Limit::At(0)` and allows only zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// This value is still allowed, one more is not.
    At(u64),
    /// Everything is allowed.
    Unlimited,
}

impl Limit {
    /// `Unlimited` for 0, otherwise `At(value)`.
    pub const fn from_zero_as_unlimited(value: u64) -> Self {
        if value == 0 {
            Self::Unlimited
        } else {
            Self::At(value)
        }
    }

    /// Whether `value` is within the limit. The limit itself is.
    pub const fn allows(self, value: u64) -> bool {
        match self {
            Self::At(limit) => value <= limit,
            Self::Unlimited => true,
        }
    }

    /// The number, when there is one.
    pub const fn get(self) -> Option<u64> {
        match self {
            Self::At(limit) => Some(limit),
            Self::Unlimited => None,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(limit) => fmt::Display::fmt(limit, f),
            Self::Unlimited => f.pad(UNLIMITED),
        }
    }
}

/// The text was neither a whole number from 0 to 2⁶⁴ − 1 nor `unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseLimitError(());

impl fmt::Display for ParseLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a whole number from 0 up, or `unlimited`")
    }
}

impl std::error::Error for ParseLimitError {}

impl FromStr for Limit {
    type Err = ParseLimitError;

    fn from_str(text: &str) -> Result<Self, ParseLimitError> {
        if text.eq_ignore_ascii_case(UNLIMITED) {
            return Ok(Self::Unlimited);
        }
        text.parse()
            .map(Self::from_zero_as_unlimited)
            .map_err(|_| ParseLimitError(()))
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(limit) => serializer.serialize_u64(*limit),
            Self::Unlimited => serializer.serialize_str(UNLIMITED),
        }
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LimitVisitor)
    }
}

struct LimitVisitor;

impl Visitor<'_> for LimitVisitor {
    type Value = Limit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0 up, or `unlimited`")
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Limit, E> {
        Ok(Limit::from_zero_as_unlimited(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Limit, E> {
        u64::try_from(value)
            .map(Limit::from_zero_as_unlimited)
            .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(value), &self))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Limit, E> {
        value
            .parse()
            .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(value), &self))
    }
}
