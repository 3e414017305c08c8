//! Files: reading within bounds, and TOML into a tree with the place of every value.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use plumego_stdx::may_pass;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Origin;
use crate::error::ConfigError;
use crate::name::{join, normalize};
use crate::scalar::Scalar;
use crate::tree::{Leaf, Node, Table};

/// Longest file, in bytes.
pub(crate) const MAX_BYTES: u64 = 1 << 20;

/// Most syntax errors reported for one file.
const MAX_SYNTAX_ERRORS: usize = 20;

/// Which time a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    First,
    /// While the program runs.
    Again,
}

/// Why a file was not read.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) expected: String,
    /// Whether it may pass by itself.
    pub(crate) may_pass: bool,
}

impl From<&str> for Unread {
    fn from(expected: &str) -> Self {
        Self {
            expected: expected.to_owned(),
            may_pass: false,
        }
    }
}

/// Reads a text file; `None` when there is none and that is allowed.
pub(crate) fn read(path: &Path, required: bool, turn: Turn) -> Result<Option<String>, Unread> {
    if turn == Turn::Again && is_pipe(path) {
        return Err(
            "a file that can be read again; this is a pipe, which gives what it has once, \
                    so nothing changes until the program starts anew"
                .into(),
        );
    }
    let text = match read_bounded(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !required => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err("a file in UTF-8".into());
        }
        Err(error) => {
            return Err(Unread {
                expected: format!("a readable file: {error}"),
                may_pass: may_pass(&error),
            });
        }
    };
    if text.is_empty() && is_pipe(path) {
        return Err(
            "something from this pipe; it was empty, since it had been read before (by a \
                    predecessor, say), or since what writes to it failed"
                .into(),
        );
    }
    if u64::try_from(text.len()).is_ok_and(|len| len > MAX_BYTES) {
        return Err("a file of at most 1 MiB".into());
    }
    Ok(Some(text))
}

/// Whether it is a pipe, such as `<(…)` of a shell: opened again it waits for ever, or is empty.
#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;

    std::fs::metadata(path).is_ok_and(|data| data.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}

#[expect(clippy::disallowed_methods, reason = "settings files are read here")]
fn read_bounded(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    // Four bytes more than allowed: enough to see that a file is too long, and never to cut the
    // last character of one that is not.
    File::open(path)?
        .take(MAX_BYTES + 4)
        .read_to_end(&mut bytes)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if error.as_bytes().len() as u64 > MAX_BYTES => {
            Ok(String::from_utf8_lossy(error.as_bytes()).into_owned())
        }
        Err(error) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            error.utf8_error(),
        )),
    }
}

/// Reads TOML into a table and the keys that are spelt twice, of which the first spelling counts;
/// or answers the errors of its syntax.
pub(crate) fn parse_toml(
    file: &str,
    text: &str,
) -> Result<(Table, Vec<ConfigError>), Vec<ConfigError>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let reader = Reader {
        file,
        lines: line_starts(text),
        text,
    };
    if !errors.is_empty() {
        let problems = errors.iter().take(MAX_SYNTAX_ERRORS).map(|error| {
            let origin = error.span().map(|span| reader.origin(span.start));
            ConfigError::new("", format!("TOML: {}", error.message())).with_origin(origin)
        });
        return Err(problems.collect());
    }
    let mut problems = Vec::new();
    let table = reader.table("", root.get_ref(), None, &mut problems);
    Ok((table, problems))
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    lines: Vec<usize>,
}

impl Reader<'_> {
    fn origin(&self, offset: usize) -> Origin {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|i| self.lines.get(i))
            .copied()
            .unwrap_or(0);
        let column = self
            .text
            .get(start..offset)
            .map_or(0, |before| before.chars().count())
            + 1;
        Origin::File {
            file: self.file.to_owned(),
            line,
            column,
        }
    }

    fn table(
        &self,
        path: &str,
        source: &DeTable<'_>,
        origin: Option<Origin>,
        problems: &mut Vec<ConfigError>,
    ) -> Table {
        let mut table = Table {
            origin,
            ..Table::default()
        };
        for (key, value) in source {
            let spelling = key.get_ref().as_ref();
            let name = normalize(spelling);
            let path = join(path, &name);
            let origin = self.origin(key.span().start);
            if let Some((other, _)) = table.entries.get(&name) {
                let expected = format!("one spelling of it, found `{other}` and `{spelling}`");
                let hint = Some("remove one of them".to_owned());
                let problem = ConfigError::new(path, expected).with_origin(Some(origin));
                problems.push(problem.with_hint(hint));
                continue;
            }
            let node = self.node(&path, value, origin, problems);
            table.entries.insert(name, (spelling.to_owned(), node));
        }
        table
    }

    fn node(
        &self,
        path: &str,
        value: &Spanned<DeValue<'_>>,
        origin: Origin,
        problems: &mut Vec<ConfigError>,
    ) -> Node {
        let scalar = match value.get_ref() {
            DeValue::Table(table) => {
                return Node::Table(self.table(path, table, Some(origin), problems));
            }
            DeValue::Array(items) => {
                let items = items.iter().enumerate().map(|(index, item)| {
                    let path = format!("{path}[{index}]");
                    self.node(&path, item, self.origin(item.span().start), problems)
                });
                return Node::List(origin, items.collect());
            }
            DeValue::String(text) => Some(Scalar::Text(text.as_ref().to_owned())),
            DeValue::Boolean(value) => Some(Scalar::Bool(*value)),
            DeValue::Datetime(value) => Some(Scalar::Text(value.to_string())),
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(Scalar::Integer),
            DeValue::Float(number) => number.as_str().parse().ok().map(Scalar::Float),
        };
        let Some(value) = scalar else {
            let problem = ConfigError::new(path, "a number of at most 128 bits");
            problems.push(problem.with_origin(Some(origin)));
            return Node::Invalid;
        };
        Node::Leaf(Leaf {
            value,
            origin,
            secret: false,
        })
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let after = text.match_indices('\n').map(|(index, _)| index + 1);
    std::iter::once(0).chain(after).collect()
}
