//! What can be wrong with a pattern.

use std::fmt;

/// Why a text is no pattern. `Display` says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    NoLeadingSlash,
    EmptySegment,
    DotSegment,
    EmptyName,
    BadName(String),
    RepeatedName(String),
    WildcardNotLast(String),
    MixedStyles,
    UnbalancedBrace(String),
    TextBesideParameter(String),
    Forbidden(char),
    BadEscape(String),
    TooManySegments(usize),
}

impl From<Kind> for PatternError {
    fn from(kind: Kind) -> Self {
        Self(kind)
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::NoLeadingSlash => f.write_str("a pattern must start with `/`"),
            Kind::EmptySegment => {
                f.write_str("two slashes in a row: a segment inside a pattern must not be empty")
            }
            Kind::DotSegment => f.write_str(
                "a segment `.` or `..` can never match: clients resolve it before they ask",
            ),
            Kind::EmptyName => f.write_str(
                "a parameter has no name: write `{name}`, `{*name}`, `:name` or `*name`",
            ),
            Kind::BadName(name) => write!(
                f,
                "`{}` is no parameter name: use letters, digits and `_`, not a digit first",
                name.escape_debug()
            ),
            Kind::RepeatedName(name) => write!(
                f,
                "the parameter `{name}` is there twice: give each its own name, group prefixes \
                 included"
            ),
            Kind::WildcardNotLast(name) => write!(
                f,
                "the wildcard `{{*{name}}}` takes the whole rest and must be the last segment"
            ),
            Kind::MixedStyles => {
                f.write_str("`{name}` and `:name` are mixed: use one style in a pattern")
            }
            Kind::UnbalancedBrace(segment) => write!(
                f,
                "unbalanced brace in `{}`: a parameter is a whole segment, `{{name}}`; a literal \
                 brace is `%7B` or `%7D`",
                segment.escape_debug()
            ),
            Kind::TextBesideParameter(segment) => write!(
                f,
                "`{}` has text beside a parameter: a parameter is a whole segment",
                segment.escape_debug()
            ),
            Kind::Forbidden(char) => write!(
                f,
                "`{}` cannot be in a path: leave it out, or write it percent-encoded",
                char.escape_debug()
            ),
            Kind::BadEscape(segment) => write!(
                f,
                "`{}` has a broken percent escape, or one that is not UTF-8: write `%25` for a \
                 percent sign",
                segment.escape_debug()
            ),
            Kind::TooManySegments(count) => write!(
                f,
                "{count} segments are too many: a pattern has at most {}",
                super::MAX_SEGMENTS
            ),
        }
    }
}

impl std::error::Error for PatternError {}
