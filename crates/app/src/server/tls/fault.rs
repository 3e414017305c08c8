//! What is wrong with what TLS is read from.

use std::fmt;

/// One fault, with the file that it is about.
#[derive(Debug)]
pub(super) struct Fault {
    text: String,
    may_pass: bool,
}

impl Fault {
    /// One of the system, which may pass by itself or not.
    pub(super) fn of_system(text: String, may_pass: bool) -> Self {
        Self { text, may_pass }
    }

    pub(super) fn may_pass(&self) -> bool {
        self.may_pass
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self::of_system(text, false)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
