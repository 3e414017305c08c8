//! Making a file name harmless.

/// What file systems take at most for one component.
const MAX_BYTES: usize = 255;

/// The longest extension, dot included, that is kept when a name is cut.
const MAX_EXTENSION_BYTES: usize = 17;

/// Device names that Windows finds in every directory, whatever the extension.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// One harmless component of a path; `None` when nothing is left.
pub(super) fn safe(raw: &str) -> Option<String> {
    let last = raw.rsplit(['/', '\\']).next()?;
    let kept: String = last.chars().filter(|c| !is_harmful(*c)).collect();
    let name = kept.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if name.is_empty() {
        return None;
    }
    let name = if is_reserved(name) {
        format!("_{name}")
    } else {
        name.to_owned()
    };
    Some(shortened(name))
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || "<>:\"|?*".contains(c)
        || matches!(
            c,
            // Invisible characters, and those that change the direction of text.
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

fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let stem = stem.to_lowercase();
    let port = stem
        .strip_prefix("com")
        .or_else(|| stem.strip_prefix("lpt"))
        .is_some_and(|port| {
            matches!(
                port,
                "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"
            )
        });
    port || RESERVED.contains(&stem.as_str())
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
