//! Text that cannot break out of its line.

use plumego_stdx::hex;

use super::writer::LogFormat;

/// Appends `text` so that it can stand between double quotes in a line of this format.
///
/// JSON: what `serde_json` escapes, and as `\uXXXX` also DEL, the C1 controls, line and paragraph
/// separators and bidirectional controls; bytes that are not UTF-8 become U+FFFD. Pretty: the
/// same characters in Rust's notation, bytes that are not UTF-8 as `\xff`.
pub(crate) fn push_escaped(out: &mut Vec<u8>, text: &[u8], format: LogFormat) {
    if is_all_plain(text) {
        out.extend_from_slice(text);
        return;
    }
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| !is_plain(*byte)) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or_default();
        out.extend_from_slice(plain);
        rest = push_first(out, special, format);
    }
    out.extend_from_slice(rest);
}

/// Appends `text` as it is when no one can mistake where it ends, otherwise quoted and escaped.
pub(crate) fn push_bare(out: &mut Vec<u8>, text: &[u8]) {
    if !text.is_empty() && is_all_plain(text) && !text.contains(&b' ') {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    push_escaped(out, text, LogFormat::Pretty);
    out.push(b'"');
}

/// Whether nothing needs escaping, as nearly always. Whole chunks are looked at without a branch,
/// of which the compiler makes vector instructions. The last one overlaps the one before; for texts
/// shorter than a chunk is the table.
fn is_all_plain(text: &[u8]) -> bool {
    if let Some(last) = text.last_chunk() {
        let (chunks, _) = text.as_chunks::<16>();
        return chunks.iter().all(is_chunk_plain) && is_chunk_plain(last);
    }
    text.iter()
        .all(|byte| PLAIN.get(usize::from(*byte)) == Some(&true))
}

fn is_chunk_plain(chunk: &[u8; 16]) -> bool {
    chunk.iter().fold(true, |all, byte| all & is_plain(*byte))
}

/// [`is_plain`] of each byte.
const PLAIN: [bool; 256] = plain();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler")]
const fn plain() -> [bool; 256] {
    let mut plain = [false; 256];
    let mut byte: u8 = 0;
    while byte < u8::MAX {
        plain[byte as usize] = is_plain(byte);
        byte += 1;
    }
    plain
}

/// Printable ASCII other than `"` and `\`.
const fn is_plain(byte: u8) -> bool {
    byte.wrapping_sub(b' ') < 0x5f && byte != b'"' && byte != b'\\'
}

/// Appends the first character of `text`, which is not plain, and returns what follows it.
fn push_first<'a>(out: &mut Vec<u8>, text: &'a [u8], format: LogFormat) -> &'a [u8] {
    // No character is longer than four bytes.
    let head = text.get(..4).unwrap_or(text);
    let Some(chunk) = head.utf8_chunks().next() else {
        return &[];
    };
    let length = if let Some(character) = chunk.valid().chars().next() {
        push_character(out, character, format);
        character.len_utf8()
    } else {
        push_invalid(out, chunk.invalid(), format);
        chunk.invalid().len()
    };
    text.get(length..).unwrap_or(&[])
}

fn push_character(out: &mut Vec<u8>, character: char, format: LogFormat) {
    match (character, format) {
        ('"', _) => out.extend_from_slice(b"\\\""),
        ('\\', _) => out.extend_from_slice(b"\\\\"),
        ('\n', _) => out.extend_from_slice(b"\\n"),
        ('\r', _) => out.extend_from_slice(b"\\r"),
        ('\t', _) => out.extend_from_slice(b"\\t"),
        ('\u{8}', LogFormat::Json) => out.extend_from_slice(b"\\b"),
        ('\u{c}', LogFormat::Json) => out.extend_from_slice(b"\\f"),
        (hazard, LogFormat::Json) if is_hazard(hazard) => {
            out.extend_from_slice(b"\\u");
            push_code(out, hazard);
        }
        (hazard, LogFormat::Pretty) if is_hazard(hazard) => {
            out.extend_from_slice(b"\\u{");
            push_code(out, hazard);
            out.push(b'}');
        }
        (harmless, _) => {
            out.extend_from_slice(harmless.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

fn push_invalid(out: &mut Vec<u8>, bytes: &[u8], format: LogFormat) {
    match format {
        LogFormat::Json => out.extend_from_slice("\u{fffd}".as_bytes()),
        LogFormat::Pretty => {
            for byte in bytes {
                out.extend_from_slice(b"\\x");
                hex::push(&[*byte], out);
            }
        }
    }
}

/// Four hexadecimal digits; every hazard is below U+10000.
fn push_code(out: &mut Vec<u8>, character: char) {
    let [_, _, high, low] = u32::from(character).to_be_bytes();
    hex::push(&[high, low], out);
}

/// Characters that end a line or change how one is displayed.
fn is_hazard(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{push_bare, push_escaped};
    use crate::log::LogFormat;

    fn escaped(text: &[u8], format: LogFormat) -> String {
        let mut out = Vec::new();
        push_escaped(&mut out, text, format);
        String::from_utf8(out).unwrap()
    }

    fn check(text: &[u8], json: &str, pretty: &str) {
        assert_eq!(escaped(text, LogFormat::Json), json);
        assert_eq!(escaped(text, LogFormat::Pretty), pretty);
    }

    #[test]
    fn what_could_end_a_line_or_hide_text_is_escaped() {
        check(b"", "", "");
        check(
            b"plain /path?x=1 ~",
            "plain /path?x=1 ~",
            "plain /path?x=1 ~",
        );
        check(b"a\"b\\c", r#"a\"b\\c"#, r#"a\"b\\c"#);
        check(b"a\nb\rc\td", r"a\nb\rc\td", r"a\nb\rc\td");
        check(
            b"\x00\x08\x0c\x1b[31m",
            r"\u0000\b\f\u001b[31m",
            r"\u{0000}\u{0008}\u{000c}\u{001b}[31m",
        );
        check(b"\x7f", r"\u007f", r"\u{007f}");
        check(
            "\u{85}\u{9b}".as_bytes(),
            r"\u0085\u009b",
            r"\u{0085}\u{009b}",
        );
        check(
            "\u{2028}\u{202e}é日😀".as_bytes(),
            r"\u2028\u202eé日😀",
            r"\u{2028}\u{202e}é日😀",
        );
        check(b"a\xffb\xe2\x80", "a\u{fffd}b\u{fffd}", r"a\xffb\xe2\x80");
    }

    #[test]
    fn bare_text_is_quoted_when_its_end_would_be_in_doubt() {
        for (text, expected) in [
            ("/a=b?c", "/a=b?c"),
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("a\"", "\"a\\\"\""),
            ("é", "\"é\""),
            ("\n", "\"\\n\""),
        ] {
            let mut out = Vec::new();
            push_bare(&mut out, text.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn every_byte_at_every_place_is_found() {
        for byte in 0..=u8::MAX {
            for at in 0..40 {
                let mut text = [b'a'; 40];
                text[at] = byte;
                let json: String =
                    serde_json::from_str(&format!("\"{}\"", escaped(&text, LogFormat::Json)))
                        .unwrap();
                assert_eq!(json, String::from_utf8_lossy(&text));
            }
        }
    }

    proptest! {
        #[test]
        fn json_reads_back_what_serde_json_would(text: String) {
            let ours = escaped(text.as_bytes(), LogFormat::Json);
            let read: String = serde_json::from_str(&format!("\"{ours}\"")).unwrap();
            prop_assert_eq!(&read, &text);
            if !text.chars().any(super::is_hazard) {
                prop_assert_eq!(format!("\"{ours}\""), serde_json::to_string(&text).unwrap());
            }
        }

        #[test]
        fn any_bytes_read_back_as_from_utf8_lossy_has_them(text in any::<Vec<u8>>()) {
            let ours = escaped(&text, LogFormat::Json);
            let read: String = serde_json::from_str(&format!("\"{ours}\"")).unwrap();
            prop_assert_eq!(read, String::from_utf8_lossy(&text));
            let pretty = escaped(&text, LogFormat::Pretty);
            prop_assert!(!pretty.chars().any(super::is_hazard));
        }
    }
}
