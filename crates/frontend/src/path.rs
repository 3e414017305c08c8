//! From the path of a request to the name of a file below the root.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Longer paths than this name no file.
const MAX_PATH_BYTES: usize = 4096;
/// Longer names than this no file system takes.
const MAX_NAME_BYTES: usize = 255;
/// The folder of RFC 8615, the only name with a dot in front that may be served.
const WELL_KNOWN: &str = ".well-known";

/// A path that may be looked for: names without a way up, hidden ones, or anything that a file
/// system reads in a way of its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SitePath<'a> {
    /// The names, decoded, `/` between them; empty for the root.
    pub(crate) names: Cow<'a, str>,
    /// Whether a slash ends it.
    pub(crate) is_folder: bool,
}

impl<'a> SitePath<'a> {
    /// `None` for what is refused. Escapes are decoded once.
    pub(crate) fn parse(raw: &'a str, well_known: bool) -> Option<Self> {
        let path = raw.strip_prefix('/')?;
        if path.len() > MAX_PATH_BYTES {
            return None;
        }
        let (names, is_folder) = match path.strip_suffix('/') {
            Some("") => return None,
            Some(names) => (names, true),
            None => (path, path.is_empty()),
        };
        let names = decode(names)?;
        let is_served = |(at, name): (usize, &str)| {
            is_plain(name) || (at == 0 && well_known && name == WELL_KNOWN)
        };
        (names.is_empty() || names.split('/').enumerate().all(is_served))
            .then_some(Self { names, is_folder })
    }

    /// What a refused path seems to name, to tell below which prefix it is meant to be.
    pub(crate) fn of_refused(raw: &'a str) -> Self {
        Self {
            names: percent_decode_str(raw.trim_start_matches('/')).decode_utf8_lossy(),
            is_folder: false,
        }
    }

    /// The names below the root of the file that is asked for.
    pub(crate) fn file(&self, index: &str) -> Cow<'_, str> {
        match (self.is_folder, &*self.names) {
            (false, names) => Cow::Borrowed(names),
            (true, "") => Cow::Owned(index.to_owned()),
            (true, folder) => Cow::Owned(format!("{folder}/{index}")),
        }
    }

    /// Whether the last name has an extension, as files have it and views of an application do not.
    pub(crate) fn has_extension(&self) -> bool {
        extension(&self.names).is_some()
    }

    /// Whether it is this path or lies below it. `names` has no slash at its ends.
    pub(crate) fn is_below(&self, names: &str) -> bool {
        let rest = self.names.strip_prefix(names);
        rest.is_some_and(|rest| names.is_empty() || rest.is_empty() || rest.starts_with('/'))
    }
}

/// What follows the last dot of the last name.
pub(crate) fn extension(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    name.rsplit_once('.').map(|(_, extension)| extension)
}

/// An encoded slash would make two names of one.
fn decode(names: &str) -> Option<Cow<'_, str>> {
    if !names.contains('%') {
        return Some(Cow::Borrowed(names));
    }
    if !escapes_are_whole(names.as_bytes()) {
        return None;
    }
    let decoded = percent_decode_str(names).decode_utf8().ok()?;
    let slashes = |text: &str| text.bytes().filter(|byte| *byte == b'/').count();
    (slashes(&decoded) == slashes(names)).then_some(decoded)
}

fn escapes_are_whole(names: &[u8]) -> bool {
    let mut rest = names;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {}
            _ => return false,
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    true
}

/// Whether a name means a file of that name on every system.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && !name.starts_with('.')
        && !name.ends_with(['.', ' '])
        && !name.contains(|c: char| matches!(c, '\\' | ':' | '\u{7f}') || c < ' ')
        && !is_device(name)
}

/// Names that Windows takes for devices in every folder and with any extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let is = |device: &str| stem.eq_ignore_ascii_case(device);
    if ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"]
        .into_iter()
        .any(is)
    {
        return true;
    }
    let mut rest = stem.chars();
    let kind = stem.get(..3).unwrap_or_default();
    let is_port = kind.eq_ignore_ascii_case("com") || kind.eq_ignore_ascii_case("lpt");
    // Superscript digits count as digits there.
    is_port
        && matches!(
            rest.nth(3),
            Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}')
        )
        && rest.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: Option<(&str, bool)>) {
        let path = SitePath::parse(raw, true);
        let found = path.as_ref().map(|path| (&*path.names, path.is_folder));
        assert_eq!(found, expected, "{raw}");
    }

    #[test]
    fn plain_paths_are_taken() {
        for (raw, names, is_folder) in [
            ("/", "", true),
            ("/a", "a", false),
            ("/a/", "a", true),
            ("/a/b.js", "a/b.js", false),
            ("/a%20b/%C3%A9.txt", "a b/é.txt", false),
            ("/a..b", "a..b", false),
            ("/%252e%252e/x", "%2e%2e/x", false),
            (
                "/.well-known/security.txt",
                ".well-known/security.txt",
                false,
            ),
            ("/.well-known/", ".well-known", true),
            ("/console.js", "console.js", false),
            ("/com10", "com10", false),
            ("/a+b@c~d!$&'()*,;=", "a+b@c~d!$&'()*,;=", false),
        ] {
            check(raw, Some((names, is_folder)));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for raw in [
            "",
            "a",
            "*",
            "//",
            "//a",
            "/a//b",
            "/a//",
            "/.",
            "/..",
            "/../a",
            "/a/..",
            "/a/../b",
            "/a/./b",
            "/...",
            "/%2e%2e/a",
            "/%2E./a",
            "/.%2e/a",
            "/a%2fb",
            "/a%2Fb",
            "/..%2fa",
            "/a%5cb",
            "/a\\b",
            "/..\\a",
            "/..%5c..%5ca",
            "/a%00",
            "/%00",
            "/a%00.html",
            "/a%0d%0ab",
            "/a%7f",
            "/%c0%ae%c0%ae/a",
            "/%c0%afa",
            "/%ff",
            "/%e0%80%ae/",
            "/%",
            "/%2",
            "/%zz",
            "/%u002e",
            "/.env",
            "/.git/config",
            "/a/.htaccess",
            "/a/.well-known/x",
            "/.well-known/.x",
            "/.WELL-KNOWN/x",
            "/%2egit",
            "/con",
            "/CON.txt",
            "/a/nul",
            "/aux.html/b",
            "/com1",
            "/COM1.js",
            "/lpt9",
            "/com\u{b9}",
            "/conin$",
            "/con .txt",
            "/a:b",
            "/a.txt::$DATA",
            "/c:/windows",
            "/a.",
            "/a%20",
            "/a./b",
            "/a%20/b",
        ] {
            check(raw, None);
        }
        check(&format!("/{}", "a".repeat(256)), None);
        check(&"/a".repeat(3000), None);
        assert_eq!(SitePath::parse("/.well-known/x", false), None);
    }

    #[test]
    fn prefixes_end_at_names() {
        let below = |raw: &str, names| SitePath::parse(raw, true).unwrap().is_below(names);
        assert!(below("/api", "api") && below("/api/x", "api") && below("/%61pi/x", "api"));
        assert!(!below("/apis", "api") && !below("/a/api", "api"));
        assert!(below("/x", "") && below("/", ""));
    }
}
