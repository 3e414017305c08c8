//! What a reload came to.

use std::fmt::{self, Write as _};

/// Texts of one kind that are written out; the rest is counted.
const SHOWN: usize = 32;

/// What a source changed.
///
/// ```
/// use plumego_app::Changes;
///
/// let changes = Changes::none()
///     .changed("server.log_level: \"info\" → \"debug\"")
///     .needs_restart("server.addr");
/// assert_eq!(changes.needing_restart(), ["server.addr"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Changes {
    changed: Vec<String>,
    restart: Vec<String>,
    warnings: Vec<String>,
}

impl Changes {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds what is different now, without secrets.
    pub fn changed(mut self, what: impl Into<String>) -> Self {
        self.changed.push(what.into());
        self
    }

    /// Adds what was changed and takes effect when the process starts again.
    pub fn needs_restart(mut self, what: impl Into<String>) -> Self {
        self.restart.push(what.into());
        self
    }

    /// Adds what deserves a look but stops nothing.
    pub fn warning(mut self, what: impl Into<String>) -> Self {
        self.warnings.push(what.into());
        self
    }

    /// Whether nothing is different, neither now nor after a restart.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.restart.is_empty()
    }

    /// What is different now.
    pub fn in_effect(&self) -> &[String] {
        &self.changed
    }

    /// What takes effect when the process starts again.
    pub fn needing_restart(&self) -> &[String] {
        &self.restart
    }

    /// What deserves a look.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing changed");
        }
        let parts = [
            ("changed: ", &self.changed),
            ("needs restart: ", &self.restart),
        ];
        let parts = parts.iter().filter(|(_, texts)| !texts.is_empty());
        let parts: Vec<String> = parts
            .map(|(what, texts)| format!("{what}{}", joined(texts)))
            .collect();
        f.write_str(&parts.join("; "))
    }
}

/// Why a source did not change anything: everything that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    problems: Vec<String>,
    may_pass: bool,
}

impl Refused {
    /// One problem: what it is about, where it is, what was expected. Without secrets.
    pub fn new(problem: impl Into<String>) -> Self {
        Self {
            problems: vec![problem.into()],
            may_pass: false,
        }
    }

    /// Another one.
    #[must_use]
    pub fn and(mut self, problem: impl Into<String>) -> Self {
        self.problems.push(problem.into());
        self
    }

    /// Says that one of them may pass by itself: the process is short of descriptors, say. While
    /// the application runs, the source is asked again after 1 s, doubled each time up to 60 s,
    /// until it reads or answers something else.
    #[must_use]
    pub fn passing(mut self) -> Self {
        self.may_pass = true;
        self
    }

    /// Whether one of them may pass by itself.
    pub fn may_pass(&self) -> bool {
        self.may_pass
    }

    /// All of them; never empty.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(&self.problems))
    }
}

impl std::error::Error for Refused {}

/// What a reload came to, by source. Its `Display` is a line for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReloadReport {
    outcomes: Vec<(&'static str, Result<Changes, Refused>)>,
}

impl ReloadReport {
    pub(super) fn push(&mut self, source: &'static str, outcome: Result<Changes, Refused>) {
        self.outcomes.push((source, outcome));
    }

    /// Whether no source refused.
    pub fn is_ok(&self) -> bool {
        self.outcomes.iter().all(|(_, outcome)| outcome.is_ok())
    }

    /// What each source answered, in their order.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, &Result<Changes, Refused>)> {
        self.outcomes
            .iter()
            .map(|(source, outcome)| (*source, outcome))
    }

    /// What this source answered; `None` when there is none of that name.
    pub fn of(&self, source: &str) -> Option<&Result<Changes, Refused>> {
        self.outcomes()
            .find_map(|(name, outcome)| (name == source).then_some(outcome))
    }
}

impl fmt::Display for ReloadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.outcomes.is_empty() {
            return f.write_str("nothing can be reloaded");
        }
        for (i, (source, outcome)) in self.outcomes().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            match outcome {
                Ok(changes) => write!(f, "{source}: {changes}")?,
                Err(refused) => write!(f, "{source}: refused: {refused}")?,
            }
        }
        Ok(())
    }
}

/// The texts in one, as many as a line bears.
pub(super) fn joined(texts: &[String]) -> String {
    let mut line = texts.iter().take(SHOWN).map(String::as_str);
    let mut out = line.next().unwrap_or_default().to_owned();
    for text in line {
        out.push_str("; ");
        out.push_str(text);
    }
    if let Some(more) = texts.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = write!(out, "; and {more} more");
    }
    out
}
