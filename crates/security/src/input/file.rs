//! Names of files.

use super::InputError;

const MAX_BYTES: usize = 255;

/// What Windows takes for a device in every folder, whatever the extension.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];

/// One component of a path that every file system takes as it is: no separator of any system, no
/// control character, none of `<>:"|?*`, not `.` or `..`, no blank at an end and no dot at the
/// last, no name of a device, at most 255 bytes. Characters that are invisible or turn the
/// direction of text are refused, since they make `photo<RLO>gpj.exe` look like `photoexe.jpg`.
///
/// It is a check for names that people give. For those of uploads, the extractor of multipart
/// bodies makes a harmless name of any.
///
/// # Errors
/// Anything else.
pub fn file_name(text: &str) -> Result<(), InputError> {
    const WRONG: InputError = InputError::new(
        "file_name",
        "Expected the name of a file, without folders and special characters.",
    );
    let is_sized = (1..=MAX_BYTES).contains(&text.len());
    let ends_badly = text.ends_with('.') || text.trim() != text;
    if !is_sized || ends_badly || text.chars().any(is_harmful) || is_device(text) {
        return Err(WRONG);
    }
    Ok(())
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || "/\\<>:\"|?*".contains(c)
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

fn is_device(text: &str) -> bool {
    let stem = text
        .split('.')
        .next()
        .unwrap_or(text)
        .trim_end()
        .to_lowercase();
    let number = stem
        .strip_prefix("com")
        .or_else(|| stem.strip_prefix("lpt"));
    let is_port = number.is_some_and(|number| {
        let mut digits = number.chars();
        let digit = digits.next();
        digits.next().is_none() && digit.is_some_and(|c| "0123456789¹²³".contains(c))
    });
    is_port || DEVICES.contains(&stem.as_str())
}
