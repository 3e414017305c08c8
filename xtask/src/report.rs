//! A problem with its place, and how problems are shown.

use std::fmt;

/// Something that must be put right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// Relative to the workspace, with `/`.
    pub(crate) file: String,
    /// From 1; 0 when the file as a whole is meant.
    pub(crate) line: usize,
    /// What is wrong and what to do.
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}: {}", self.file, self.message),
        }
    }
}

/// Prints every problem, sorted by place, and tells how many there are.
pub(crate) fn conclude(command: &str, mut problems: Vec<Problem>) -> Result<(), String> {
    problems.sort();
    problems.dedup();
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => Ok(()),
        1 => Err(format!("{command}: 1 problem")),
        count => Err(format!("{command}: {count} problems")),
    }
}
