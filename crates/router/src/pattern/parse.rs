//! From text to [`Pattern`].

use super::error::Kind;
use super::{Pattern, PatternError, Segment, decode_segment};

/// The most segments in a pattern, the prefixes of its groups included. It bounds the depth of
/// every search.
pub const MAX_SEGMENTS: usize = 64;

/// How parameters are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Braces,
    Sigils,
}

pub(super) fn parse(text: &str) -> Result<Pattern, PatternError> {
    if let Some(bad) = text
        .chars()
        .find(|c| c.is_control() || matches!(c, '?' | '#' | ' '))
    {
        return Err(Kind::Forbidden(bad).into());
    }
    let rest = text.strip_prefix('/').ok_or(Kind::NoLeadingSlash)?;
    let count = rest.split('/').count();
    if count > MAX_SEGMENTS {
        return Err(Kind::TooManySegments(count).into());
    }
    let mut style = None;
    let mut segments = Vec::with_capacity(count);
    for (i, raw) in rest.split('/').enumerate() {
        let (segment, used) = segment(raw)?;
        if raw.is_empty() && i + 1 < count {
            return Err(Kind::EmptySegment.into());
        }
        if used.is_some() && style.is_some() && used != style {
            return Err(Kind::MixedStyles.into());
        }
        style = style.or(used);
        segments.push(segment);
    }
    checked(segments)
}

/// The rules that hold for the whole pattern, joined ones too.
pub(super) fn checked(segments: Vec<Segment>) -> Result<Pattern, PatternError> {
    if segments.len() > MAX_SEGMENTS {
        return Err(Kind::TooManySegments(segments.len()).into());
    }
    for (i, segment) in segments.iter().enumerate() {
        if let Segment::Wildcard(name) = segment
            && i + 1 < segments.len()
        {
            return Err(Kind::WildcardNotLast(name.clone()).into());
        }
        let before = segments.iter().take(i).filter_map(Segment::name);
        if let Some(name) = segment.name()
            && before.into_iter().any(|other| other == name)
        {
            return Err(Kind::RepeatedName(name.to_owned()).into());
        }
    }
    Ok(Pattern { segments })
}

fn segment(raw: &str) -> Result<(Segment, Option<Style>), PatternError> {
    if let Some(name) = raw.strip_prefix(':') {
        return Ok((Segment::Param(self::name(name)?), Some(Style::Sigils)));
    }
    if let Some(name) = raw.strip_prefix('*') {
        return Ok((Segment::Wildcard(self::name(name)?), Some(Style::Sigils)));
    }
    if raw.contains(['{', '}']) {
        return Ok((braced(raw)?, Some(Style::Braces)));
    }
    let text = decode_segment(raw).ok_or_else(|| Kind::BadEscape(raw.to_owned()))?;
    if matches!(&*text, "." | "..") {
        return Err(Kind::DotSegment.into());
    }
    Ok((Segment::Static(text.into_owned()), None))
}

fn braced(raw: &str) -> Result<Segment, PatternError> {
    let open = raw.matches('{').count();
    let close = raw.matches('}').count();
    if open != 1 || close != 1 || raw.find('{') > raw.find('}') {
        return Err(Kind::UnbalancedBrace(raw.to_owned()).into());
    }
    let inner = raw
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .ok_or_else(|| Kind::TextBesideParameter(raw.to_owned()))?;
    match inner.strip_prefix('*') {
        Some(name) => Ok(Segment::Wildcard(self::name(name)?)),
        None => Ok(Segment::Param(name(inner)?)),
    }
}

fn name(text: &str) -> Result<String, PatternError> {
    let mut bytes = text.bytes();
    let Some(first) = bytes.next() else {
        return Err(Kind::EmptyName.into());
    };
    let letter = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    if letter(first) && bytes.all(|b| letter(b) || b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else if text.contains(['{', '}']) {
        Err(Kind::UnbalancedBrace(text.to_owned()).into())
    } else {
        Err(Kind::BadName(text.to_owned()).into())
    }
}
