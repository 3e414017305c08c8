//! What is wrong with an application, found while it is built.

use std::fmt;
use std::panic::Location;

use crate::Error;

/// One mistake in how an application is put together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What is wrong and what to do about it.
    pub message: String,
    /// The lines of the program that have to do with it.
    pub locations: Vec<&'static Location<'static>>,
}

impl Problem {
    /// A mistake that one line of the program made.
    pub fn at(message: impl Into<String>, location: &'static Location<'static>) -> Self {
        Self {
            message: message.into(),
            locations: vec![location],
        }
    }

    /// A mistake that is at no line in particular.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            locations: Vec::new(),
        }
    }

    /// Adds a line that has to do with it.
    #[must_use]
    pub fn and_at(mut self, location: &'static Location<'static>) -> Self {
        self.locations.push(location);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (i, location) in self.locations.iter().enumerate() {
            f.write_str(if i == 0 { " (" } else { ", " })?;
            write!(f, "{location}")?;
        }
        if self.locations.is_empty() {
            Ok(())
        } else {
            f.write_str(")")
        }
    }
}

/// Every mistake that was found, not the first alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// No problem so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds all of another list.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether all is well.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems, in the order they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// `Ok` with the value when all is well.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("1 problem:")?,
            n => write!(f, "{n} problems:")?,
        }
        for problem in &self.0 {
            // One that is made of several is a list within the list.
            let told = problem.to_string().replace('\n', "\n  ");
            write!(f, "\n  - {told}")?;
        }
        Ok(())
    }
}

/// Readable, since `main` prints the error it returns with `Debug`.
impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Problems {}

impl From<Problems> for Error {
    #[track_caller]
    fn from(problems: Problems) -> Self {
        Self::internal(problems)
    }
}
