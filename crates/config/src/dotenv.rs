//! `.env` files: `KEY=VALUE` lines, read without touching the environment of the process.
//!
//! - `export KEY=VALUE` and blanks round the `=` are accepted; a file may begin with a byte order
//!   mark and end its lines with CRLF.
//! - `#` begins a comment at the start of a line and after a blank.
//! - Without quotes the value ends with its line and loses the blanks at both ends. A backslash is
//!   a backslash, except in `\$`.
//! - In single quotes everything is literal; they close on the same line.
//! - In double quotes `\n \r \t \" \\ \$` are escapes, and the value may run over several lines.
//! - `$NAME` and `${NAME}` stand for an earlier value, unless in single quotes; a name nobody set
//!   stands for nothing.
//!
//! Limits: 1 MiB of text, 10,000 lines, 1 MiB of values once the names in them are replaced.
//!
//! ```
//! use plumego_config::dotenv::parse;
//!
//! let pairs = parse("export HOST=localhost # mine\nURL=\"http://$HOST\"")?;
//! assert_eq!(pairs[1], ("URL".to_owned(), "http://localhost".to_owned()));
//!
//! let error = parse("A=1\nB='two").unwrap_err();
//! assert_eq!(error.to_string(), "line 2: expected a closing ' on the same line");
//! # Ok::<(), plumego_config::dotenv::DotenvError>(())
//! ```

use std::collections::HashMap;
use std::fmt;

/// Longest text, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// More mistakes than this in one file are not looked for.
const MAX_ERRORS: usize = 100;
/// Most lines.
pub const MAX_LINES: usize = 10_000;
/// Most bytes of all values together, after names in them are replaced.
pub const MAX_VALUE_BYTES: usize = 1 << 20;

/// What is wrong with a `.env` text, and in which line. It never holds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DotenvError {
    line: usize,
    expected: &'static str,
}

impl DotenvError {
    /// Line of the problem, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What was expected there.
    pub fn expected(&self) -> &str {
        self.expected
    }
}

impl fmt::Display for DotenvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: expected {}", self.line, self.expected)
    }
}

impl std::error::Error for DotenvError {}

/// Reads a `.env` text. Names in values stand for earlier entries of the text. A name given twice
/// is listed twice; the last one counts.
pub fn parse(text: &str) -> Result<Vec<(String, String)>, DotenvError> {
    let found = parse_with(text, &|_| None);
    if let Some(error) = found.errors.into_iter().next() {
        return Err(error);
    }
    let pairs = found.variables.into_iter();
    Ok(pairs
        .map(|variable| (variable.name, variable.value))
        .collect())
}

/// What a text holds: the lines that can be read, and what is wrong with the others.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) variables: Vec<Variable>,
    pub(crate) errors: Vec<DotenvError>,
}

pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) line: usize,
}

/// Reads a `.env` text; `outer` answers before the entries of the text do. A line that cannot be
/// read is passed over, so that one mistake does not hide the next.
pub(crate) fn parse_with(text: &str, outer: &dyn Fn(&str) -> Option<String>) -> Found {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Found::default();
    let too_much = if text.len() > MAX_BYTES {
        Some((1, "at most 1 MiB of text"))
    } else if text.lines().count() > MAX_LINES {
        Some((MAX_LINES + 1, "at most 10000 lines"))
    } else {
        None
    };
    if let Some((line, expected)) = too_much {
        found.errors.push(DotenvError { line, expected });
        return found;
    }
    let mut parser = Parser {
        rest: text,
        line: 1,
        outer,
        known: HashMap::new(),
        bytes: 0,
    };
    loop {
        let (rest, line) = (parser.rest, parser.line);
        match parser.next_variable() {
            Ok(None) => return found,
            Ok(Some(variable)) => {
                let (name, value) = (variable.name.clone(), variable.value.clone());
                parser.known.insert(name, value);
                found.variables.push(variable);
            }
            Err(error) => {
                found.errors.push(error);
                if parser.bytes > MAX_VALUE_BYTES || found.errors.len() >= MAX_ERRORS {
                    return found;
                }
                // An open quote reads on to the end of the text: go back to the line it is in.
                (parser.rest, parser.line) = (rest, line);
                parser.skip_empty_lines();
                parser.take_line();
            }
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    line: usize,
    outer: &'a dyn Fn(&str) -> Option<String>,
    known: HashMap<String, String>,
    bytes: usize,
}

impl<'a> Parser<'a> {
    fn next_variable(&mut self) -> Result<Option<Variable>, DotenvError> {
        self.skip_empty_lines();
        if self.rest.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        let name = self.name()?;
        let value = match self.rest.chars().next() {
            Some('\'') => self.single_quoted()?,
            Some('"') => self.double_quoted()?,
            _ => self.bare()?,
        };
        self.bytes += value.len();
        if self.bytes > MAX_VALUE_BYTES {
            return Err(self.error("at most 1 MiB of values"));
        }
        Ok(Some(Variable { name, value, line }))
    }

    fn error(&self, expected: &'static str) -> DotenvError {
        DotenvError {
            line: self.line,
            expected,
        }
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Takes the rest of the line, without its end.
    fn take_line(&mut self) -> &'a str {
        let end = self.rest.find('\n').map_or(self.rest.len(), |end| end + 1);
        self.advance(end).trim_end_matches(['\n', '\r'])
    }

    fn skip_empty_lines(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r']);
            match self.rest.chars().next() {
                Some('#' | '\n') => {
                    self.take_line();
                }
                _ => return,
            }
        }
    }

    /// `[export ]NAME=` and the blanks after it.
    fn name(&mut self) -> Result<String, DotenvError> {
        if let Some(rest) = self.rest.strip_prefix("export")
            && rest.starts_with([' ', '\t'])
            && !rest.trim_start_matches([' ', '\t']).starts_with('=')
        {
            self.rest = rest;
            self.skip_blanks();
        }
        let name = name_prefix(self.rest, true);
        if name.is_empty() {
            return Err(self.error("NAME=value; a name begins with a letter or _"));
        }
        self.advance(name.len());
        self.skip_blanks();
        let Some(rest) = self.rest.strip_prefix('=') else {
            return Err(self.error("= after the name (letters, digits, _ and . make a name)"));
        };
        self.rest = rest;
        self.skip_blanks_unless_comment();
        Ok(name.to_owned())
    }

    /// The blank before a `#` must stay: it makes the comment.
    fn skip_blanks_unless_comment(&mut self) {
        let after = self.rest.trim_start_matches([' ', '\t']);
        if !after.starts_with('#') {
            self.rest = after;
        }
    }

    fn bare(&mut self) -> Result<String, DotenvError> {
        let line = self.line;
        let text = without_comment(self.take_line()).trim();
        let mut value = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['\\', '$']) {
            let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
            value.push_str(plain);
            rest = if let Some(after) = special.strip_prefix("\\$") {
                value.push('$');
                after
            } else if let Some(after) = special.strip_prefix('\\') {
                value.push('\\');
                after
            } else {
                self.expand(special, line, &mut value)?
            };
        }
        value.push_str(rest);
        Ok(value)
    }

    fn single_quoted(&mut self) -> Result<String, DotenvError> {
        let error = self.error("a closing ' on the same line");
        self.advance(1);
        let end = self.rest.find(['\'', '\n']).unwrap_or(self.rest.len());
        if !self
            .rest
            .get(end..)
            .is_some_and(|rest| rest.starts_with('\''))
        {
            return Err(error);
        }
        let value = self.advance(end).to_owned();
        self.advance(1);
        self.end_of_line()?;
        Ok(value)
    }

    fn double_quoted(&mut self) -> Result<String, DotenvError> {
        let unclosed = self.error("a closing \" for the one in this line");
        self.advance(1);
        let mut value = String::new();
        loop {
            let special = self
                .rest
                .find(['"', '\\', '$', '\r'])
                .ok_or_else(|| unclosed.clone())?;
            value.push_str(self.advance(special));
            if self.rest.starts_with('$') {
                self.rest = self.expand(self.rest, self.line, &mut value)?;
                continue;
            }
            match self.advance(1) {
                "\"" => break,
                "\\" => {
                    let escaped = self.escape(&unclosed)?;
                    value.push(escaped);
                }
                // The line end of a CRLF file is one line end; a lone CR stays.
                _ if self.rest.starts_with('\n') => {}
                _ => value.push('\r'),
            }
        }
        self.end_of_line()?;
        Ok(value)
    }

    fn escape(&mut self, unclosed: &DotenvError) -> Result<char, DotenvError> {
        let escaped = match self.rest.chars().next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some(c @ ('"' | '\\' | '$')) => c,
            Some(_) => return Err(self.error("one of \\n \\r \\t \\\" \\\\ \\$ after a backslash")),
            None => return Err(unclosed.clone()),
        };
        self.advance(1);
        Ok(escaped)
    }

    fn end_of_line(&mut self) -> Result<(), DotenvError> {
        let error = self.error("the end of the line or a # comment after the closing quote");
        let rest = self.take_line();
        let after = rest.trim_start();
        let comment = after.starts_with('#') && after.len() < rest.len();
        if after.is_empty() || comment {
            Ok(())
        } else {
            Err(error)
        }
    }

    /// Replaces the name that `text` begins with (after its `$`); answers what is after it.
    fn expand<'t>(
        &self,
        text: &'t str,
        line: usize,
        value: &mut String,
    ) -> Result<&'t str, DotenvError> {
        let after = text.strip_prefix('$').unwrap_or(text);
        let braced = after.strip_prefix('{');
        let name = name_prefix(braced.unwrap_or(after), false);
        let rest = braced
            .unwrap_or(after)
            .get(name.len()..)
            .unwrap_or_default();
        let rest = match (braced.is_some(), name.is_empty()) {
            (false, true) => {
                value.push('$');
                return Ok(after);
            }
            (false, false) => rest,
            (true, empty) => rest
                .strip_prefix('}')
                .filter(|_| !empty)
                .ok_or(DotenvError {
                    line,
                    expected: "${NAME}; write \\$ for a dollar sign",
                })?,
        };
        let replacement = (self.outer)(name).or_else(|| self.known.get(name).cloned());
        value.push_str(&replacement.unwrap_or_default());
        if self.bytes + value.len() > MAX_VALUE_BYTES {
            return Err(DotenvError {
                line,
                expected: "at most 1 MiB of values",
            });
        }
        Ok(rest)
    }
}

/// The longest name at the start of `text`; dots belong to names that are set.
fn name_prefix(text: &str, dots: bool) -> &str {
    let fits = |index: usize, c: char| {
        c == '_' || c.is_ascii_alphabetic() || index > 0 && (c.is_ascii_digit() || dots && c == '.')
    };
    let end = text
        .char_indices()
        .find(|(index, c)| !fits(*index, *c))
        .map_or(text.len(), |(index, _)| index);
    text.get(..end).unwrap_or_default()
}

/// The text before a `#` that follows a blank.
fn without_comment(text: &str) -> &str {
    let comment = text
        .char_indices()
        .zip(text.chars().skip(1))
        .find_map(|((index, c), next)| (matches!(c, ' ' | '\t') && next == '#').then_some(index));
    comment.and_then(|index| text.get(..index)).unwrap_or(text)
}
