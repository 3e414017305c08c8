//! The elements of a header that is a list, from the right.

use std::str;

use http::{HeaderMap, HeaderName};

/// The most hops of a walk.
const MAX_HOPS: usize = 32;

/// The most bytes of header that a walk reads.
const MAX_BYTES: usize = 4 * 1024;

/// The elements of all lines of a header, the last of the last line first, within the bounds.
///
/// Reading from the right means that what a proxy has appended is taken apart first, and nothing
/// that a client wrote before it (an open quote, bytes that are no text) can change how. An element
/// that is no ASCII comes out as `""`, which is no address; empty ones are left out (RFC 9110,
/// section 5.6.1).
pub(super) fn rightmost_first<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let mut bytes = 0;
    headers
        .get_all(name)
        .iter()
        .rev()
        .flat_map(|line| Elements(Some(line.as_bytes())))
        .take_while(move |element| {
            bytes += element.len() + 1;
            bytes <= MAX_BYTES
        })
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
        .map(|element| {
            let text = str::from_utf8(element).unwrap_or_default();
            if text.is_ascii() { text } else { "" }
        })
        .take(MAX_HOPS)
}

/// The last element.
pub(super) fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    rightmost_first(headers, name).next()
}

/// The elements of one line from the right, split at commas outside of quotes.
struct Elements<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let line = self.0.take()?;
        // An element beyond the bound is cut short, which ends the walk.
        let floor = line.len().saturating_sub(MAX_BYTES + 1);
        let mut quoted = false;
        for (index, byte) in line.iter().enumerate().skip(floor).rev() {
            match byte {
                b'"' if !is_escaped(line, index) => quoted = !quoted,
                b',' if !quoted => {
                    let (rest, element) = line.split_at_checked(index)?;
                    self.0 = Some(rest);
                    return element.get(1..);
                }
                _ => {}
            }
        }
        Some(line)
    }
}

/// Whether an odd number of backslashes stands before the place.
fn is_escaped(line: &[u8], index: usize) -> bool {
    let before = line.get(..index).unwrap_or_default();
    let slashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    slashes.count() % 2 == 1
}
