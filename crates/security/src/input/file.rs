//! Names of files.

use plumego_contract::file_name::{MAX_BYTES, is_device, is_harmful};

use super::InputError;

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
