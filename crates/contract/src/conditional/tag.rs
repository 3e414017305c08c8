use std::fmt;
use std::hash::{DefaultHasher, Hasher};

use http::{HeaderMap, HeaderName, HeaderValue};

/// An entity tag (RFC 9110, section 8.8.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntityTag {
    weak: bool,
    opaque: Vec<u8>,
}

impl EntityTag {
    /// A tag that changes with every byte. What cannot stand in a tag is left out.
    pub fn strong(opaque: impl AsRef<str>) -> Self {
        Self::new(false, opaque.as_ref())
    }

    /// A tag that changes with the meaning. What cannot stand in a tag is left out.
    pub fn weak(opaque: impl AsRef<str>) -> Self {
        Self::new(true, opaque.as_ref())
    }

    fn new(weak: bool, opaque: &str) -> Self {
        let opaque = opaque.bytes().filter(|b| is_opaque(*b)).collect();
        Self { weak, opaque }
    }

    /// The strong tag of these bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u8(salt);
            hasher.write(bytes);
            hasher.finish()
        };
        Self::strong(format!("{:016x}{:016x}", half(1), half(2)))
    }

    /// Reads `"…"` or `W/"…"`.
    pub fn parse(value: &[u8]) -> Option<Self> {
        match split_tag(value.trim_ascii())? {
            (tag, []) => Some(tag),
            _ => None,
        }
    }

    /// Whether it stands for exactly the same bytes: both strong, and equal.
    pub fn matches_strongly(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Whether it stands for the same, strong or weak.
    pub fn matches_weakly(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }

    /// As a header has it.
    pub fn to_value(&self) -> Option<HeaderValue> {
        let mut value = Vec::with_capacity(self.opaque.len() + 4);
        if self.weak {
            value.extend_from_slice(b"W/");
        }
        value.push(b'"');
        value.extend_from_slice(&self.opaque);
        value.push(b'"');
        HeaderValue::from_bytes(&value).ok()
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weak = if self.weak { "W/" } else { "" };
        write!(f, "{weak}\"{}\"", String::from_utf8_lossy(&self.opaque))
    }
}

fn is_opaque(byte: u8) -> bool {
    byte == 0x21 || (0x23..=0x7e).contains(&byte) || byte >= 0x80
}

/// One tag at the beginning, and the rest.
fn split_tag(text: &[u8]) -> Option<(EntityTag, &[u8])> {
    let (weak, text) = match text.strip_prefix(b"W/") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let text = text.strip_prefix(b"\"")?;
    let end = text.iter().position(|b| *b == b'"')?;
    let (opaque, rest) = text.split_at_checked(end)?;
    if !opaque.iter().all(|b| is_opaque(*b)) {
        return None;
    }
    let opaque = opaque.to_vec();
    Some((EntityTag { weak, opaque }, rest.strip_prefix(b"\"")?))
}

/// So many members of a list are looked at.
const MAX_TAGS: usize = 64;

/// What `If-Match` or `If-None-Match` lists.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TagList {
    Any,
    Tags(Vec<EntityTag>),
}

impl TagList {
    /// `None` when the header is not there.
    pub(super) fn of(headers: &HeaderMap, name: &HeaderName) -> Option<Self> {
        let mut lines = headers.get_all(name).iter().peekable();
        lines.peek()?;
        let mut tags = Vec::new();
        for line in lines {
            let mut rest = line.as_bytes().trim_ascii();
            if rest == b"*" {
                return Some(Self::Any);
            }
            while let Some((tag, after)) = split_tag(without_empty(rest)) {
                if tags.len() == MAX_TAGS {
                    break;
                }
                tags.push(tag);
                let after = after.trim_ascii_start();
                let Some(next) = after.strip_prefix(b",") else {
                    break;
                };
                rest = next;
            }
        }
        Some(Self::Tags(tags))
    }
}

/// What is left of a list behind members with nothing in them, which do not count (RFC 9110,
/// section 5.6.1.2).
fn without_empty(list: &[u8]) -> &[u8] {
    let start = list
        .iter()
        .position(|b| !b" \t,".contains(b))
        .unwrap_or(list.len());
    list.get(start..).unwrap_or_default()
}
