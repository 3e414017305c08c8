//! Route patterns: what they are made of, how they are joined, compared and written.

mod encode;
mod error;
mod parse;

use std::fmt::{self, Write as _};

pub(crate) use self::encode::{decode_segment, push_encoded};
pub use self::error::PatternError;
pub use self::parse::MAX_SEGMENTS;

/// A parsed route pattern.
///
/// | written | matches |
/// | --- | --- |
/// | `/users` | this segment |
/// | `/{id}` or `/:id` | one segment that is not empty |
/// | `/{*rest}` or `/*rest` | everything that is left, at least one byte; only at the end |
///
/// Static text is compared after percent decoding, so `/café` and `/caf%C3%A9` are one pattern. A
/// literal brace is written `%7B` or `%7D`. A trailing slash is a segment of its own: `/a/` is
/// another pattern than `/a`. `:` and `*` are special as the first character of a segment only.
///
/// `Display` writes the canonical form, in braces, which parses to the same pattern again.
///
/// ```
/// use plumego_router::Pattern;
///
/// let pattern: Pattern = "/users/:id/files/*path".parse()?;
/// assert_eq!(pattern.to_string(), "/users/{id}/files/{*path}");
/// assert_eq!(pattern.parameters(), ["id", "path"]);
/// # Ok::<(), plumego_router::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    segments: Vec<Segment>,
}

/// One part of a pattern, between slashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// Text, decoded. The empty text is a trailing slash, or the root alone.
    Static(String),
    /// One segment of the path.
    Param(String),
    /// The rest of the path.
    Wildcard(String),
}

impl Pattern {
    /// The names of the parameters, left to right.
    pub fn parameters(&self) -> Vec<String> {
        self.segments
            .iter()
            .filter_map(Segment::name)
            .map(str::to_owned)
            .collect()
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether it is `/`, which stands for its group itself when it is in one.
    pub(crate) fn is_root(&self) -> bool {
        matches!(self.segments.as_slice(), [Segment::Static(text)] if text.is_empty())
    }

    /// Whether it ends with a slash, the root alone not counted.
    pub(crate) fn has_trailing_slash(&self) -> bool {
        self.segments.len() > 1
            && matches!(self.segments.last(), Some(Segment::Static(text)) if text.is_empty())
    }

    /// The same without a trailing slash.
    pub(crate) fn without_trailing_slash(&self) -> Self {
        let mut pattern = self.clone();
        if pattern.has_trailing_slash() {
            pattern.segments.pop();
        }
        pattern
    }

    /// The same with a wildcard at the end.
    pub(crate) fn with_wildcard(&self, name: &str) -> Result<Self, PatternError> {
        let rest = Self {
            segments: vec![Segment::Wildcard(name.to_owned())],
        };
        self.join(&rest)
    }

    /// The same with a slash at the end.
    pub(crate) fn with_trailing_slash(&self) -> Self {
        let mut pattern = self.clone();
        if !pattern.is_root() {
            pattern.segments.push(Segment::Static(String::new()));
        }
        pattern
    }

    /// This prefix with a pattern below it.
    pub(crate) fn join(&self, below: &Self) -> Result<Self, PatternError> {
        if below.is_root() {
            return Ok(self.clone());
        }
        if self.is_root() {
            return Ok(below.clone());
        }
        let segments = self.segments.iter().chain(&below.segments);
        parse::checked(segments.cloned().collect())
    }

    /// The pattern with its parameter names taken out: what is equal here matches the same paths.
    pub(crate) fn shape(&self) -> Self {
        let segments = self.segments.iter().map(|segment| match segment {
            Segment::Static(text) => Segment::Static(text.clone()),
            Segment::Param(_) => Segment::Param(String::new()),
            Segment::Wildcard(_) => Segment::Wildcard(String::new()),
        });
        Self {
            segments: segments.collect(),
        }
    }
}

impl Segment {
    /// The name of the parameter, if it is one.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Static(_) => None,
            Self::Param(name) | Self::Wildcard(name) => Some(name),
        }
    }
}

impl Default for Pattern {
    /// The root, `/`.
    fn default() -> Self {
        Self {
            segments: vec![Segment::Static(String::new())],
        }
    }
}

impl std::str::FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        parse::parse(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            f.write_char('/')?;
            match segment {
                Segment::Static(text) => encode::write_static(f, text)?,
                Segment::Param(name) => write!(f, "{{{name}}}")?,
                Segment::Wildcard(name) => write!(f, "{{*{name}}}")?,
            }
        }
        Ok(())
    }
}
