//! Names of files: what makes one harmful, and one made harmless of any.
//!
//! To refuse a name that is not harmless, see `security::input::file_name`.
//!
//! ```
//! use plumego_contract::file_name::{is_device, is_harmful, safe};
//!
//! assert!(is_device("nul.txt") && is_harmful('\u{202e}'));
//! assert_eq!(safe("../../etc/passwd").as_deref(), Some("passwd"));
//! assert_eq!(safe(".."), None);
//! ```

/// What file systems take at most for one component, in bytes.
pub const MAX_BYTES: usize = 255;

/// The longest extension, dot included, that is kept when a name is cut.
const MAX_EXTENSION_BYTES: usize = 17;

/// What Windows takes for a device in every folder, beside numbered ports.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// One harmless component of a path, of at most [`MAX_BYTES`]: what stands after the last
/// separator, without [harmful](is_harmful) characters, dots and blanks at its ends, and with `_`
/// before the name of a [device](is_device). `None` when nothing is left.
pub fn safe(raw: &str) -> Option<String> {
    let last = raw.rsplit(['/', '\\']).next()?;
    let kept: String = last.chars().filter(|c| !is_harmful(*c)).collect();
    let name = kept.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if name.is_empty() {
        return None;
    }
    let name = if is_device(name) {
        format!("_{name}")
    } else {
        name.to_owned()
    };
    Some(shortened(name))
}

/// Whether a character has no place in the name of a file: separators of any system, control
/// characters, any of `<>:"|?*`, and what is invisible or turns the direction of text, since it
/// makes `photo<RLO>gpj.exe` look like `photoexe.jpg`.
pub fn is_harmful(c: char) -> bool {
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

/// Whether Windows takes the name for a device, in every folder and whatever its extension.
pub fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let stem = stem.to_lowercase();
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

fn shortened(name: String) -> String {
    if name.len() <= MAX_BYTES {
        return name;
    }
    let extension = name
        .rfind('.')
        .and_then(|dot| name.get(dot..))
        .filter(|extension| extension.len() <= MAX_EXTENSION_BYTES)
        .unwrap_or_default();
    let end = name.floor_char_boundary(MAX_BYTES - extension.len());
    format!("{}{extension}", name.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn paths_and_control_characters_are_cut_off() {
        for (raw, expected) in [
            ("photo.jpg", Some("photo.jpg")),
            ("été 1.jpg", Some("été 1.jpg")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\dir\\autoexec.bat", Some("autoexec.bat")),
            ("/", None),
            ("..", None),
            ("...", None),
            (" . ", None),
            ("", None),
            ("a/..", None),
            (".htaccess", Some("htaccess")),
            ("a.txt. ", Some("a.txt")),
            ("a\0b\r\nc", Some("abc")),
            ("invoice\u{202e}gpj.exe", Some("invoicegpj.exe")),
            ("a:b|c?.txt", Some("abc.txt")),
            ("file:stream", Some("filestream")),
            ("CON", Some("_CON")),
            ("nul.tar.gz", Some("_nul.tar.gz")),
            ("LPT1 .txt", Some("_LPT1 .txt")),
            ("com¹", Some("_com¹")),
            ("comet.txt", Some("comet.txt")),
            ("conin$.log", Some("_conin$.log")),
        ] {
            assert_eq!(safe(raw).as_deref(), expected, "{raw:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = safe(&format!("{}.tar.gz", "é".repeat(300))).unwrap();
        assert!(name.len() <= 255 && name.ends_with("é.gz"), "{name}");
    }
}
