//! Checking `tracestate`, W3C Trace Context section 3.3.

use std::sync::Arc;

/// More members than this make the header invalid (section 3.3.1.1).
const MEMBERS_MAX: usize = 32;
/// What is handed on at most (section 3.3.1.5 asks for at least as much).
const BYTES_MAX: usize = 512;
/// Members longer than this are the first to go when it is too much.
const LONG_MEMBER_BYTES: usize = 128;

/// The members of all values, joined; `None` when there are none or one is malformed.
///
/// Beyond 512 bytes whole members are left out: first those over 128 bytes, then from the end.
pub(super) fn parse<S>(values: S) -> Option<Arc<str>>
where
    S: IntoIterator<Item: AsRef<[u8]>>,
{
    let mut members: Vec<Box<str>> = Vec::new();
    for value in values {
        let value = std::str::from_utf8(value.as_ref()).ok()?;
        for member in value
            .split(',')
            .map(|member| member.trim_matches([' ', '\t']))
        {
            if member.is_empty() {
                continue;
            }
            if members.len() == MEMBERS_MAX || !is_member(member) {
                return None;
            }
            members.push(member.into());
        }
    }
    shorten(&mut members);
    (!members.is_empty()).then(|| members.join(",").into())
}

fn shorten(members: &mut Vec<Box<str>>) {
    while joined_length(members) > BYTES_MAX {
        let long = members
            .iter()
            .rposition(|member| member.len() > LONG_MEMBER_BYTES);
        members.remove(long.unwrap_or(members.len() - 1));
    }
}

fn joined_length(members: &[Box<str>]) -> usize {
    members
        .iter()
        .map(|member| member.len() + 1)
        .sum::<usize>()
        .saturating_sub(1)
}

fn is_member(member: &str) -> bool {
    member
        .split_once('=')
        .is_some_and(|(key, value)| is_key(key) && is_value(value))
}

/// `lcalpha *255keychar`, or `tenant "@" system`.
fn is_key(key: &str) -> bool {
    match key.split_once('@') {
        None => is_name(key, 256, |first| first.is_ascii_lowercase()),
        Some((tenant, system)) => {
            is_name(tenant, 241, |first| {
                first.is_ascii_lowercase() || first.is_ascii_digit()
            }) && is_name(system, 14, |first| first.is_ascii_lowercase())
        }
    }
}

fn is_name(name: &str, length_max: usize, first: impl Fn(u8) -> bool) -> bool {
    name.len() <= length_max
        && name.bytes().next().is_some_and(first)
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/'))
}

/// 1 to 256 printable characters without `,` and `=`, the last one no space.
fn is_value(value: &str) -> bool {
    (1..=256).contains(&value.len())
        && !value.ends_with(' ')
        && value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && byte != b',' && byte != b'=')
}
