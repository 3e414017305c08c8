use std::fmt;

use plumego_contract::FieldError;

use super::first_tried;

/// Rows of keys, and what people count by.
const ROWS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
];

/// Whether a new password is good enough, after NIST SP 800-63B-4, section 3.1.1: long enough, and
/// none of those that are tried first. What it is made of does not matter: there are no rules of
/// capitals and digits, and nobody has to change a password because of its age.
///
/// ```
/// use plumego_security::password::{PasswordPolicy, Weakness};
///
/// let policy = PasswordPolicy::with_second_factor();
/// assert_eq!(policy.check("Password1", &[]), Err(Weakness::Common));
/// assert_eq!(policy.check("acme2026!", &["acme"]), Err(Weakness::Context));
/// assert!(policy.check("violet umbrella", &["acme"]).is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PasswordPolicy {
    /// The fewest characters (code points). Default: 15.
    pub min_chars: usize,
    /// The most bytes. Default: 1,024, that of
    /// [`PasswordConfig`](super::PasswordConfig::max_password_bytes).
    pub max_bytes: usize,
    /// Words that stand for this service: its name, its domain. Default: none.
    pub context: Vec<String>,
}

/// Why a password is not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weakness {
    /// It has fewer characters than this.
    TooShort(usize),
    /// It has more bytes than this.
    TooLong(usize),
    /// It is one of those that are tried first.
    Common,
    /// It is the name of the user or of the service, with digits and signs around it.
    Context,
    /// It is one sign or short word again and again, or a row of keys.
    Pattern,
}

impl Weakness {
    /// The stable word of the rule, as a field error has it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort(_) => "too_short",
            Self::TooLong(_) => "too_long",
            Self::Common => "common_password",
            Self::Context => "context_password",
            Self::Pattern => "pattern_password",
        }
    }

    /// As the error of a field. The password is not part of it.
    pub fn at(self, field: &str) -> FieldError {
        FieldError::at(format!("/{field}"), self.code(), self.to_string())
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort(least) => write!(f, "Use at least {least} characters."),
            Self::TooLong(most) => write!(f, "Use at most {most} bytes."),
            Self::Common => f.write_str("Many people use this one: choose another."),
            Self::Context => f.write_str("It is close to your name or ours: choose another."),
            Self::Pattern => f.write_str("It repeats itself or is a row of keys: choose another."),
        }
    }
}

impl std::error::Error for Weakness {}

impl Default for PasswordPolicy {
    /// For a password that stands alone: 15 characters.
    fn default() -> Self {
        Self {
            min_chars: 15,
            max_bytes: 1024,
            context: Vec::new(),
        }
    }
}

impl PasswordPolicy {
    /// For a password beside a second factor: 8 characters.
    pub fn with_second_factor() -> Self {
        Self {
            min_chars: 8,
            ..Self::default()
        }
    }

    /// Whether it is good enough. `context` are the words of this user: name, address, company.
    ///
    /// # Errors
    /// The first reason why it is not.
    pub fn check(&self, password: &str, context: &[&str]) -> Result<(), Weakness> {
        if password.len() > self.max_bytes {
            return Err(Weakness::TooLong(self.max_bytes));
        }
        if password.chars().count() < self.min_chars {
            return Err(Weakness::TooShort(self.min_chars));
        }
        let lower = password.to_lowercase();
        if first_tried::has(&lower) || is_common_again(&lower) {
            return Err(Weakness::Common);
        }
        let own = self.context.iter().map(String::as_str);
        if own
            .chain(context.iter().copied())
            .any(|word| is_made_of(&lower, word))
        {
            return Err(Weakness::Context);
        }
        if is_pattern(&lower) {
            return Err(Weakness::Pattern);
        }
        Ok(())
    }
}

/// A common one with signs and digits around it, or twice.
fn is_common_again(lower: &str) -> bool {
    let core = core(lower);
    first_tried::has(core) || period(core).is_some_and(first_tried::has)
}

/// The word with nothing but digits and signs around it, or again and again. For an address, the
/// part before the `@` and each part behind it.
fn is_made_of(lower: &str, word: &str) -> bool {
    let word = word.to_lowercase();
    let pieces = word.split(['@', '.', ' ']);
    let parts = word.split('@').chain(pieces).chain([word.as_str()]);
    let squeezed = squeeze(core(lower));
    let unit = period(&squeezed).unwrap_or(&squeezed);
    parts
        .map(squeeze)
        .filter(|part| part.chars().count() >= 3)
        .any(|part| part == squeezed || part == unit || part == squeeze(lower))
}

/// Letters and digits alone.
fn squeeze(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Without digits and signs at both ends.
fn core(lower: &str) -> &str {
    lower.trim_matches(|c: char| !c.is_alphabetic())
}

/// The shortest text that, written again and again, is the whole; `None` when it is the whole.
fn period(text: &str) -> Option<&str> {
    let ends = text.char_indices().skip(1).map(|(end, _)| end);
    ends.take_while(|end| end * 2 <= text.len())
        .filter(|end| text.len().is_multiple_of(*end))
        .filter_map(|end| text.get(..end))
        .find(|unit| unit.repeat(text.len() / unit.len()) == text)
}

/// Again and again at most four signs, or nothing but rows of keys, forwards or backwards.
fn is_pattern(lower: &str) -> bool {
    period(lower).is_some_and(|unit| unit.chars().count() <= 4) || is_rows(lower)
}

/// Whether it falls into runs of at least four along the rows.
fn is_rows(lower: &str) -> bool {
    const LEAST: usize = 4;
    let signs: Vec<char> = lower.chars().collect();
    let mut at = 0;
    while at < signs.len() {
        let rest = signs.get(at..).unwrap_or_default();
        let longest = ROWS.iter().map(|row| run(rest, row)).max().unwrap_or(0);
        if longest < LEAST {
            return false;
        }
        at += longest;
    }
    true
}

/// How long the signs follow one row, in either direction.
fn run(signs: &[char], row: &str) -> usize {
    let forwards: Vec<char> = row.chars().collect();
    let backwards: Vec<char> = row.chars().rev().collect();
    let along = |row: &[char]| {
        let start = signs
            .first()
            .and_then(|first| row.iter().position(|c| c == first));
        let row = start.and_then(|start| row.get(start..)).unwrap_or_default();
        signs.iter().zip(row).take_while(|(a, b)| a == b).count()
    };
    along(&forwards).max(along(&backwards))
}
