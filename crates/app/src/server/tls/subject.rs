//! The name in a certificate as text (RFC 4514).

use std::fmt::Write as _;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;

/// The types of RFC 4514, section 3, by their numbers in DER.
const TYPES: [(&[u8], &str); 9] = [
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 9], "STREET"),
    (
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25],
        "DC",
    ),
    (
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1],
        "UID",
    ),
];

/// The parts of a name, the last one first, as in `CN=alice,O=Example`. `names` is the content of
/// its sequence; it ends where it is not well formed.
pub(super) fn text(mut names: &[u8]) -> String {
    let mut parts = Vec::new();
    while let Some(Element {
        tag: SET, content, ..
    }) = next(&mut names)
    {
        parts.push(together(content));
    }
    parts.reverse();
    parts.join(",")
}

/// Names that stand side by side: `OU=Sales+CN=alice`.
fn together(mut content: &[u8]) -> String {
    let mut out = String::new();
    while let Some(Element {
        tag: SEQUENCE,
        content: mut pair,
        ..
    }) = next(&mut content)
    {
        let (Some(kind), Some(value)) = (next(&mut pair), next(&mut pair)) else {
            break;
        };
        if kind.tag != OID {
            break;
        }
        if !out.is_empty() {
            out.push('+');
        }
        let known = TYPES.iter().find(|(number, _)| *number == kind.content);
        match (known, value.text()) {
            (Some((_, name)), Some(text)) => {
                let _ = write!(out, "{name}=");
                escape(&text, &mut out);
            }
            (known, _) => {
                let dotted = || dotted(kind.content);
                let name = known.map_or_else(dotted, |(_, name)| (*name).to_owned());
                let _ = write!(out, "{name}=#");
                for byte in value.whole {
                    let _ = write!(out, "{byte:02x}");
                }
            }
        }
    }
    out
}

/// RFC 4514, section 2.4.
fn escape(text: &str, out: &mut String) {
    let last = text.chars().count().saturating_sub(1);
    for (at, char) in text.chars().enumerate() {
        match char {
            '\0' => out.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', char]),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            // A line break in a name would make two lines of a log line.
            _ if char.is_control() => {
                let mut bytes = [0; 4];
                for byte in char.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(out, "\\{byte:02x}");
                }
            }
            _ => out.push(char),
        }
    }
}

/// The numbers of an object identifier.
fn dotted(content: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number: u64 = 0;
    for byte in content {
        number = number.saturating_mul(128) | u64::from(byte & 127);
        if byte & 128 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.push(first);
                number -= first * 40;
            }
            numbers.push(number);
            number = 0;
        }
    }
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    numbers.join(".")
}

/// A value of DER.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    /// With tag and length.
    whole: &'a [u8],
}

impl Element<'_> {
    /// What it says, when it is a string that can be read.
    fn text(&self) -> Option<String> {
        match self.tag {
            // UTF8String, PrintableString, IA5String
            0x0c | 0x13 | 0x16 => String::from_utf8(self.content.to_vec()).ok(),
            // BMPString
            0x1e => {
                let (units, rest) = self.content.as_chunks::<2>();
                let units: Vec<u16> = units.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
                rest.is_empty().then(|| String::from_utf16(&units).ok())?
            }
            _ => None,
        }
    }
}

/// Takes the next value off, if there is one that is well formed.
fn next<'a>(input: &mut &'a [u8]) -> Option<Element<'a>> {
    let all = *input;
    let (&tag, rest) = all.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        // A name of more than 64 KiB is none.
        let count = usize::from(first & 127);
        if count == 0 || count > 2 {
            return None;
        }
        let (digits, after) = rest.split_at_checked(count)?;
        length = digits
            .iter()
            .fold(0, |sum, digit| (sum << 8) | usize::from(*digit));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(length)?;
    *input = after;
    let whole = all.get(..all.len() - after.len())?;
    Some(Element {
        tag,
        content,
        whole,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut out = vec![tag];
        match u8::try_from(content.len()) {
            Ok(short) if short < 128 => out.push(short),
            _ => {
                out.push(0x82);
                out.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
            }
        }
        out.extend(content);
        out
    }

    fn name(number: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        wrap(SEQUENCE, &[&wrap(OID, &[number]), &wrap(tag, &[value])])
    }

    fn one(number: &[u8], tag: u8, value: &[u8]) -> String {
        text(&wrap(SET, &[&name(number, tag, value)]))
    }

    const CN: &[u8] = &[0x55, 4, 3];

    #[test]
    fn last_part_comes_first_and_parts_side_by_side_have_a_plus() {
        let organisation = wrap(SET, &[&name(&[0x55, 4, 10], 0x13, b"Example")]);
        let both = [name(&[0x55, 4, 11], 12, b"Sales"), name(CN, 12, b"alice")];
        let both = wrap(SET, &[&both[0], &both[1]]);
        assert_eq!(
            text(&[organisation, both].concat()),
            "OU=Sales+CN=alice,O=Example"
        );
    }

    #[test]
    fn characters_with_a_meaning_are_escaped() {
        let check = |value: &str, expected: &str| {
            assert_eq!(one(CN, 12, value.as_bytes()), format!("CN={expected}"));
        };
        check("alice,O=Admin", "alice\\,O=Admin");
        check("a+b\"c\\d<e>f;g", "a\\+b\\\"c\\\\d\\<e\\>f\\;g");
        check("#1", "\\#1");
        check(" a b ", "\\ a b\\ ");
        check("a\0b\nc", "a\\00b\\0ac");
        check("Łódź", "Łódź");
        check(&"x".repeat(300), &"x".repeat(300));
    }

    #[test]
    fn what_has_no_name_or_no_text_is_in_numbers() {
        let email = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
        assert_eq!(
            one(&email, 0x16, b"a@b"),
            "1.2.840.113549.1.9.1=#1603614062"
        );
        assert_eq!(one(CN, 0x04, b"\xff"), "CN=#0401ff");
        assert_eq!(one(CN, 0x1e, &[0, b'h', 0, b'i']), "CN=hi");
        assert_eq!(one(CN, 12, b"\xff"), "CN=#0c01ff");
    }

    #[test]
    fn cut_off_names_end_without_a_panic() {
        let whole = wrap(SET, &[&name(CN, 12, b"alice")]);
        for end in 0..whole.len() {
            assert_eq!(text(&whole[..end]), "");
        }
        assert_eq!(text(&[SET, 0x80]), "");
        assert_eq!(text(&[SET, 0x83, 1, 0, 0]), "");
        assert_eq!(dotted(&[0xff; 64]), "");
    }
}
