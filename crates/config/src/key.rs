//! The table of keys a room supplies.

use std::time::Duration;

/// One setting: its name, where it may be given, what it accepts and what it is when not given.
///
/// Rooms keep their keys in a `const` table; [`Loader`](crate::Loader) reads them, and the
/// functions in [`render`](crate::render) write the reference from the same table.
///
/// ```
/// use std::time::Duration;
/// use plumego_config::{Key, Kind};
///
/// const KEYS: &[Key] = &[
///     Key::new("server.addr", Kind::Text)
///         .env("APP_ADDR")
///         .flag("--addr")
///         .default("127.0.0.1:8080")
///         .doc("Address to listen on.", "监听地址。"),
///     Key::new(
///         "server.read_header_timeout",
///         Kind::Duration { min: Duration::from_millis(1), max: Duration::from_secs(3600) },
///     )
///     .env("APP_READ_HEADER_TIMEOUT_MS")
///     .flag("--read-header-timeout")
///     .default("5s"),
/// ];
/// assert_eq!(KEYS[0].section_name(), "server");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Key {
    /// Dotted path in `lower_snake_case`, such as `server.read_header_timeout`.
    pub name: &'static str,
    /// Heading in the reference; empty means the first part of the name.
    pub section: &'static str,
    /// Environment variable; without one the key is read from files and flags only.
    pub env: Option<&'static str>,
    /// Flag with its two dashes; without one there is no flag.
    pub flag: Option<&'static str>,
    /// What values are accepted.
    pub kind: Kind,
    /// The value when no layer gives one, written as in a file.
    pub default: Option<&'static str>,
    /// Whether the value is never printed.
    pub secret: bool,
    /// Whether `0` and `unlimited` mean no limit.
    pub zero_is_unlimited: bool,
    /// Whether a new value takes effect while the program runs, when it is read again.
    pub reloadable: bool,
    /// One line of English: what it does.
    pub doc_en: &'static str,
    /// The same line in Chinese.
    pub doc_zh: &'static str,
}

impl Key {
    /// A key with a name and a kind; everything else is off or empty.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            section: "",
            env: None,
            flag: None,
            kind,
            default: None,
            secret: false,
            zero_is_unlimited: false,
            reloadable: false,
            doc_en: "",
            doc_zh: "",
        }
    }

    /// Sets the heading in the reference.
    #[must_use]
    pub const fn section(mut self, section: &'static str) -> Self {
        self.section = section;
        self
    }

    /// Sets the environment variable.
    #[must_use]
    pub const fn env(mut self, variable: &'static str) -> Self {
        self.env = Some(variable);
        self
    }

    /// Sets the flag, written with its two dashes.
    #[must_use]
    pub const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    /// Sets the default, written as in a file.
    #[must_use]
    pub const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    /// Says that the value is never printed.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Says that `0` and `unlimited` mean no limit, below the least allowed value too.
    #[must_use]
    pub const fn zero_is_unlimited(mut self) -> Self {
        self.zero_is_unlimited = true;
        self
    }

    /// Says that a new value takes effect while the program runs, when it is read again. That of
    /// another key needs a restart.
    #[must_use]
    pub const fn reloadable(mut self) -> Self {
        self.reloadable = true;
        self
    }

    /// Sets the one-line descriptions.
    #[must_use]
    pub const fn doc(mut self, english: &'static str, chinese: &'static str) -> Self {
        self.doc_en = english;
        self.doc_zh = chinese;
        self
    }

    /// The heading in the reference.
    pub fn section_name(&self) -> &'static str {
        if self.section.is_empty() {
            self.name
                .split_once('.')
                .map_or("general", |(first, _)| first)
        } else {
            self.section
        }
    }
}

/// What values a key accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Any text.
    Text,
    /// `true false yes no on off y n t f 1 0`, in any case.
    Bool,
    /// A whole number within both bounds.
    Integer {
        /// Least accepted.
        min: i64,
        /// Greatest accepted.
        max: i64,
    },
    /// A duration within both bounds: milliseconds (`5000`) or with units (`5s`, `1m30s`).
    Duration {
        /// Least accepted.
        min: Duration,
        /// Greatest accepted.
        max: Duration,
    },
    /// A size within both bounds: bytes (`65536`) or with a unit (`64k`, `10MiB`, `10MB`).
    Bytes {
        /// Least accepted.
        min: u64,
        /// Greatest accepted.
        max: u64,
    },
    /// Texts separated by commas, or an array in a file.
    List,
    /// A path of the file system; empty means none.
    Path,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// Checked by the type that reads it.
    Any,
}
