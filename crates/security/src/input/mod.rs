//! Is this text what it says it is? Checks of text that came from outside, each after its RFC.
//!
//! A check says yes or why not. It changes nothing: what a check cannot take is refused, and what
//! is stored is what came. [`escape_html`] is for the way out.
//!
//! There is no cleaner of HTML or SQL here. Text that is cleaned by search and replace is neither
//! safe nor whole: bind parameters in SQL, escape text in HTML, and where people may write HTML use
//! a sanitiser with a parser, such as the crate ammonia.
//!
//! | | after | takes at most |
//! | --- | --- | --- |
//! | [`host_name`] | RFC 1123, section 2.1; RFC 1035, section 2.3.4 | 253 bytes, 63 a label |
//! | [`email`] | RFC 5321, section 4.1.2; RFC 6531 | 254 bytes, 64 before the `@` |
//! | [`web_url`] | RFC 3986; RFC 9110, section 4.2 | 2,048 bytes |
//! | [`file_name`] | POSIX.1-2024, 3.141; RFC 6266, section 4.3 | 255 bytes |
//! | [`header_name`], [`header_value`] | RFC 9110, sections 5.1 and 5.5 | 256 bytes, 8,192 bytes |
//!
//! ```
//! use plumego_security::input::{email, escape_html, file_name, header_value};
//!
//! assert!(email("ada.lovelace@example.com").is_ok());
//! assert!(file_name("../../etc/passwd").is_err());
//! assert!(header_value("all good\r\nset-cookie: admin=1").is_err());
//! assert_eq!(escape_html("<b> & 'co'"), "&lt;b&gt; &amp; &#39;co&#39;");
//! ```
//!
//! An address that a check takes may still lead anywhere: a URL that a user gave is fetched through
//! `plumego::client`, which looks at where it leads, and an e-mail address is proved by a letter.

mod address;
mod file;
mod header;
mod html;

use std::fmt;

use plumego_contract::FieldError;

pub use self::address::{email, host_name, web_url};
pub use self::file::file_name;
pub use self::header::{header_name, header_value};
pub use self::html::escape_html;

/// Why text is not what it should be. It does not show the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InputError {
    /// The stable word of the check: `host_name`, `email`, `url`, `file_name`, `header_name`,
    /// `header_value`.
    pub code: &'static str,
    /// What was expected, as a sentence.
    pub expected: &'static str,
}

impl InputError {
    pub(crate) const fn new(code: &'static str, expected: &'static str) -> Self {
        Self { code, expected }
    }

    /// As the error of a field.
    pub fn at(self, field: &str) -> FieldError {
        FieldError::at(format!("/{field}"), self.code, self.expected)
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }
}

impl std::error::Error for InputError {}
