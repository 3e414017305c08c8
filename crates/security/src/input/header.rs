//! Names and values of header fields.

use super::InputError;

const MAX_NAME_BYTES: usize = 256;
const MAX_VALUE_BYTES: usize = 8192;

/// A token (RFC 9110, section 5.6.2) of at most 256 bytes.
///
/// # Errors
/// Anything else.
pub fn header_name(text: &str) -> Result<(), InputError> {
    const WRONG: InputError = InputError::new(
        "header_name",
        "Expected the name of a header, such as `X-Trace`.",
    );
    let is_tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(is_tchar) {
        Ok(())
    } else {
        Err(WRONG)
    }
}

/// Visible ASCII with blanks and tabs inside (RFC 9110, section 5.5), at most 8,192 bytes; it may
/// be empty. No line break and no NUL, so that a value cannot become a second header; nothing
/// beyond ASCII, which recipients read in different ways.
///
/// # Errors
/// Anything else.
pub fn header_value(text: &str) -> Result<(), InputError> {
    const WRONG: InputError = InputError::new(
        "header_value",
        "Expected visible ASCII characters, with blanks between them at most.",
    );
    let blank = |b: Option<&u8>| b.is_some_and(|b| *b == b' ' || *b == b'\t');
    let bytes = text.as_bytes();
    let fits = |b: &u8| b.is_ascii_graphic() || *b == b' ' || *b == b'\t';
    let has_blank_end = blank(bytes.first()) || blank(bytes.last());
    if bytes.len() > MAX_VALUE_BYTES || has_blank_end || !bytes.iter().all(fits) {
        return Err(WRONG);
    }
    Ok(())
}
