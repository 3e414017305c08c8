//! Reading one value from text, by kind.

use std::time::Duration;

use crate::Kind;

/// A value that is not made of others.
#[derive(Clone, PartialEq)]
pub(crate) enum Scalar {
    Text(String),
    Bool(bool),
    Integer(i128),
    Float(f64),
    Duration(Duration),
    Unlimited,
}

impl Scalar {
    /// The value as a person would write it in a file.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Duration(value) => crate::duration::format(*value),
            Self::Unlimited => UNLIMITED.to_owned(),
        }
    }
}

/// The word for no limit.
pub(crate) const UNLIMITED: &str = "unlimited";

/// Reads `text` as `kind` wants it; the error says what was expected.
pub(crate) fn read(kind: Kind, zero_is_unlimited: bool, text: &str) -> Result<Scalar, String> {
    let trimmed = text.trim();
    if zero_is_unlimited && trimmed.eq_ignore_ascii_case(UNLIMITED) {
        return Ok(Scalar::Unlimited);
    }
    let value = match kind {
        Kind::Text | Kind::Path | Kind::List | Kind::Any => Some(Scalar::Text(text.to_owned())),
        Kind::Bool => boolean(trimmed).map(Scalar::Bool),
        Kind::Integer { .. } => integer(trimmed).map(Scalar::Integer),
        Kind::Duration { .. } => crate::duration::parse(trimmed).ok().map(Scalar::Duration),
        Kind::Bytes { .. } => crate::bytes::parse(trimmed)
            .ok()
            .map(|n| Scalar::Integer(n.into())),
        Kind::Choice(words) => words
            .iter()
            .find(|word| word.eq_ignore_ascii_case(trimmed))
            .map(|word| Scalar::Text((*word).to_owned())),
    };
    value
        .and_then(|value| within(kind, zero_is_unlimited, value))
        .ok_or_else(|| expectation(kind, zero_is_unlimited))
}

/// What a value of this kind looks like.
pub(crate) fn expectation(kind: Kind, zero_is_unlimited: bool) -> String {
    let mut text = match kind {
        Kind::Text | Kind::Any => "text".to_owned(),
        Kind::Bool => "true or false (also yes/no, on/off, 1/0)".to_owned(),
        Kind::Integer { min, max } if max == i64::MAX => format!("a whole number from {min} up"),
        Kind::Integer { min, max } => format!("a whole number from {min} to {max}"),
        Kind::Duration { min, max } => duration_expectation(min, max),
        Kind::Bytes { min, max } => bytes_expectation(min, max),
        Kind::List => "a list, separated by commas".to_owned(),
        Kind::Path => "a path".to_owned(),
        Kind::Choice(words) => format!("one of {}", words.join(", ")),
    };
    if zero_is_unlimited {
        text.push_str(", or 0 for unlimited");
    }
    text
}

pub(crate) fn boolean(text: &str) -> Option<bool> {
    const TRUE: [&str; 6] = ["true", "1", "yes", "on", "y", "t"];
    const FALSE: [&str; 6] = ["false", "0", "no", "off", "n", "f"];
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&TRUE) {
        Some(true)
    } else {
        is(&FALSE).then_some(false)
    }
}

/// A whole number; `_` may separate digits.
pub(crate) fn integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let tidy = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && !digits.contains("__");
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    if tidy { plain.parse().ok() } else { None }
}

/// A decimal number and where its unit begins: whole part, digits of the fraction, rest.
pub(crate) fn decimal(text: &str) -> Option<(u128, &str, &str)> {
    let end = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let (whole, rest) = text.split_at(end(text));
    let whole = whole.parse().ok()?;
    let Some(rest) = rest.strip_prefix('.') else {
        return Some((whole, "", rest));
    };
    let (fraction, rest) = rest.split_at(end(rest));
    (1..=9)
        .contains(&fraction.len())
        .then_some((whole, fraction, rest))
}

/// `whole.fraction` times `unit`; `None` beyond 128 bits.
pub(crate) fn scaled(whole: u128, fraction: &str, unit: u128) -> Option<u128> {
    let whole = whole.checked_mul(unit)?;
    if fraction.is_empty() {
        return Some(whole);
    }
    let tens = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = fraction.parse::<u128>().ok()?.checked_mul(unit)? / tens;
    whole.checked_add(part)
}

fn within(kind: Kind, zero_is_unlimited: bool, value: Scalar) -> Option<Scalar> {
    let zero = match &value {
        Scalar::Integer(number) => *number == 0,
        Scalar::Duration(duration) => duration.is_zero(),
        _ => false,
    };
    if zero && zero_is_unlimited {
        return Some(Scalar::Unlimited);
    }
    let inside = match (kind, &value) {
        (Kind::Integer { min, max }, Scalar::Integer(number)) => {
            (i128::from(min)..=i128::from(max)).contains(number)
        }
        (Kind::Bytes { min, max }, Scalar::Integer(number)) => {
            (i128::from(min)..=i128::from(max)).contains(number)
        }
        (Kind::Duration { min, max }, Scalar::Duration(duration)) => (min..=max).contains(duration),
        _ => true,
    };
    inside.then_some(value)
}

fn duration_expectation(min: Duration, max: Duration) -> String {
    use crate::duration::format;
    let range = match (min.is_zero(), max == Duration::MAX) {
        (true, true) => String::new(),
        (false, true) => format!(" of at least {}", format(min)),
        _ => format!(" from {} to {}", format(min), format(max)),
    };
    format!("a duration{range}, such as 5000 (milliseconds), 5s or 1m30s")
}

fn bytes_expectation(min: u64, max: u64) -> String {
    use crate::bytes::format;
    let range = match (min, max) {
        (0, u64::MAX) => String::new(),
        (_, u64::MAX) => format!(" of at least {}", format(min)),
        _ => format!(" from {} to {}", format(min), format(max)),
    };
    format!("a size{range}, such as 65536 (bytes), 64k or 10MiB")
}
