//! `Content-Disposition` of a part, RFC 7578 section 4.2.

use http::HeaderMap;
use http::header::CONTENT_DISPOSITION;

use super::invalid;
use crate::Error;

/// What a part is called.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
}

impl Disposition {
    /// Reads it; of several headers the parser has kept the last. It has a reader of its own, which
    /// finds a `name=` that stands inside of a quoted file name; so a file name could have renamed
    /// its field.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Error> {
        headers
            .get(CONTENT_DISPOSITION)
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
            .and_then(Self::parse)
            .ok_or_else(|| {
                invalid("A part needs a Content-Disposition of `form-data` with one name.")
            })
    }

    fn parse(text: &str) -> Option<Self> {
        let (kind, mut rest) = text.split_once(';')?;
        if !kind.trim().eq_ignore_ascii_case("form-data") {
            return None;
        }
        let (mut name, mut file_name) = (None, None);
        loop {
            rest = rest.trim_start_matches([' ', '\t', ';']);
            if rest.is_empty() {
                break;
            }
            let (key, after) = rest.split_once('=')?;
            let (value, after) = parse_value(after)?;
            let again = match key.trim_end().to_ascii_lowercase().as_str() {
                "name" => name.replace(value).is_some(),
                "filename" => file_name.replace(value).is_some(),
                // `filename*` must not be used in forms (RFC 7578, section 4.2).
                _ => false,
            };
            if again {
                return None;
            }
            rest = after.trim_start_matches([' ', '\t']);
            if !rest.is_empty() && !rest.starts_with(';') {
                return None;
            }
        }
        Some(Self {
            name: name?,
            file_name,
        })
    }
}

/// The value at the start of the text, and what follows it. A backslash escapes a quote or a
/// backslash; before anything else it is itself, since browsers send paths without escapes.
fn parse_value(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end)?;
        let value = value.trim_end();
        return (!value.contains('"')).then(|| (value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => {
                let rest = chars.as_str();
                if let Some(escaped) = rest.chars().next().filter(|c| matches!(c, '"' | '\\')) {
                    value.push(escaped);
                    chars.next();
                } else {
                    value.push('\\');
                }
            }
            c => value.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Disposition;

    fn check(text: &str, name: &str, file_name: Option<&str>) {
        let expected = Disposition {
            name: name.to_owned(),
            file_name: file_name.map(str::to_owned),
        };
        assert_eq!(Disposition::parse(text), Some(expected), "{text}");
    }

    #[test]
    fn names_are_read_as_clients_write_them() {
        check("form-data; name=\"a\"", "a", None);
        check(
            "Form-Data;NAME=a ; FileName=\"b;c.txt\";",
            "a",
            Some("b;c.txt"),
        );
        check(
            "form-data; filename=\"a\\\"b\"; name=\"é\"",
            "é",
            Some("a\"b"),
        );
        check(
            "form-data; name=a; filename=\"C:\\dir\\f\"",
            "a",
            Some("C:\\dir\\f"),
        );
        check("form-data; name=a; filename=\"x\\\\y\"", "a", Some("x\\y"));
        check("form-data; name=\"\"; filename*=UTF-8''x", "", None);
    }

    #[test]
    fn a_file_name_cannot_rename_its_field() {
        let text = "form-data; filename=\"x; name=role; y\"; name=\"avatar\"";
        check(text, "avatar", Some("x; name=role; y"));
    }

    #[test]
    fn what_has_no_one_name_is_refused() {
        for text in [
            "",
            "form-data",
            "form-data; filename=a",
            "attachment; name=a",
            "form-data; name=a; name=b",
            "form-data; name=\"a",
            "form-data; name=\"a\"b",
            "form-data; name=a\"b",
            "form-data; name",
        ] {
            assert_eq!(Disposition::parse(text), None, "{text}");
        }
    }
}
