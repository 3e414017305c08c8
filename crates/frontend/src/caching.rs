//! What `Cache-Control` says, and which names change with their content.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

type Test = dyn Fn(&str) -> bool + Send + Sync;

/// What `Cache-Control` says of each kind of file; `None` leaves the header out.
#[derive(Clone)]
pub(crate) struct Caching {
    pub(crate) pages: Option<HeaderValue>,
    pub(crate) hashed: Option<HeaderValue>,
    pub(crate) others: Option<HeaderValue>,
    /// Folders, names without slashes at the ends, whose files never change under their name.
    pub(crate) immutable_under: Vec<String>,
    pub(crate) is_hashed: Arc<Test>,
}

impl Default for Caching {
    fn default() -> Self {
        let no_cache = Some(HeaderValue::from_static("no-cache"));
        Self {
            pages: no_cache.clone(),
            hashed: Some(HeaderValue::from_static(
                "public, max-age=31536000, immutable",
            )),
            others: no_cache,
            immutable_under: Vec::new(),
            is_hashed: Arc::new(has_hash),
        }
    }
}

impl Caching {
    /// What is said of a file.
    pub(crate) fn of(&self, path: &str, is_page: bool) -> Option<&HeaderValue> {
        let is_under = |folder: &String| {
            path.strip_prefix(folder.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        };
        let value = if is_page {
            &self.pages
        } else if self.immutable_under.iter().any(is_under) || (self.is_hashed)(path) {
            &self.hashed
        } else {
            &self.others
        };
        value.as_ref()
    }
}

impl fmt::Debug for Caching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caching")
            .field("pages", &self.pages)
            .field("hashed", &self.hashed)
            .field("others", &self.others)
            .field("immutable_under", &self.immutable_under)
            .finish_non_exhaustive()
    }
}

/// Whether a name carries a hash of the content, as builders write it: `index-BdH3bPq2.js`,
/// `main.8e0d62a1.css`, `chunk-K5V2MNOP.js`.
///
/// A part of the name between dots, dashes and underscores, not the first and not the extension:
/// hexadecimal with letters and digits, 8 to 64 long; or letters of both cases with a digit, or
/// capitals with a digit, 8 or 16 to 64 long. What is a hash by chance and looks like a word is
/// taken for a word: it is then only asked for more often.
pub(crate) fn has_hash(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((stem, _)) = name.rsplit_once('.') else {
        return false;
    };
    stem.split(['.', '-', '_']).skip(1).any(is_hash)
}

fn is_hash(part: &str) -> bool {
    let has = |test: fn(&u8) -> bool| part.bytes().any(|byte| test(&byte));
    let all = |test: fn(&u8) -> bool| part.bytes().all(|byte| test(&byte));
    let (digit, lower, upper) = (
        has(u8::is_ascii_digit),
        has(u8::is_ascii_lowercase),
        has(u8::is_ascii_uppercase),
    );
    if !(8..=64).contains(&part.len()) || !digit || !(lower || upper) {
        return false;
    }
    let hexadecimal = all(u8::is_ascii_hexdigit) && lower != upper;
    let random = all(u8::is_ascii_alphanumeric) && upper && (part.len() == 8 || part.len() >= 16);
    hexadecimal || random
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_told_from_words() {
        for name in [
            "assets/index-BdH3bPq2.js",
            "main.8e0d62a1.css",
            "chunk-K5V2MNOP.js",
            "a/b.d41d8cd98f00b204e9800998ecf8427e.png",
            "app.8e0d62a1.js.map",
            "font_8E0D62A1.woff2",
        ] {
            assert!(has_hash(name), "{name}");
        }
        for name in [
            "index.html",
            "app.js",
            "jquery-3.7.1.min.js",
            "report-20241103.pdf",
            "logo-original.png",
            "my-awesome4.js",
            "my-component.js",
            "8e0d62a1.js",
            "8e0d62a1",
            "x-1234567.js",
            "camel-mainMenuBar.js",
            "deadbeef-deadbeef.js",
            "v1.2.3/app.js",
            "assets-8e0d62a1/app.js",
            "",
        ] {
            assert!(!has_hash(name), "{name}");
        }
    }
}
