//! What is different between two loads.

use std::fmt;

use crate::error::one_line;
use crate::name::{is_within, looks_secret};
use crate::tree::Node;
use crate::{Loaded, Origin};

/// Most characters that a change shows of a value.
const MAX_SHOWN: usize = 64;

/// One value that is different from what it was.
///
/// Its `Display` is the key, both values and where the new one comes from, in one line; values of
/// secrets are `[secret]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    key: String,
    before: Option<String>,
    after: Option<String>,
    origin: Option<Origin>,
    reloadable: bool,
}

impl Change {
    /// The key, such as `server.log_level`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where the new value comes from; `None` when there is none any more.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Whether the key is one that takes effect while the program runs: see
    /// [`Key::reloadable`](crate::Key::reloadable). Fields of the program's own settings are.
    pub fn is_reloadable(&self) -> bool {
        self.reloadable
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
        write!(
            f,
            "{}: {} → {}",
            self.key,
            shown(&self.before),
            shown(&self.after)
        )?;
        match &self.origin {
            Some(origin) => write!(f, " ({origin})"),
            None => Ok(()),
        }
    }
}

impl Loaded {
    /// What is different from an earlier load of the same loader, in the order of the keys. A
    /// value that only comes from elsewhere is not different.
    pub fn changes_since(&self, earlier: &Self) -> Vec<Change> {
        let entries = self.entries.list.iter();
        let entries = entries.map(|entry| (entry.name.as_str(), entry.secret, entry.reloadable));
        // What lies within a map has no entry of its own.
        let listed = |path: &str| self.entries.list.iter().any(|entry| entry.name == path);
        let open = self.entries.open_paths().filter(|path| !listed(path));
        let open = open.map(|path| (path, looks_secret(path), true));
        entries
            .chain(open)
            .filter_map(|(path, secret, reloadable)| {
                let (before, after) = (earlier.node(path), self.node(path));
                if same(before, after) {
                    return None;
                }
                let show = |node: &Node| cut(&one_line(&node.display(secret)));
                let origin = after.and_then(|node| {
                    let given = self.origins.get(path);
                    given.or_else(|| node.origin()).cloned()
                });
                Some(Change {
                    key: path.to_owned(),
                    before: before.map(show),
                    after: after.map(show),
                    origin,
                    reloadable,
                })
            })
            .collect()
    }

    /// Whether the values at or under a dotted path are the same as in another load.
    pub(crate) fn is_same_at(&self, other: &Self, path: &str) -> bool {
        same(self.node(path), other.node(path))
    }

    /// The key or table that a name means: a dotted path in any spelling, or a variable.
    pub(crate) fn path_of(&self, name: &str) -> Option<String> {
        if let Some(entry) = self.entries.by_env.get(name) {
            return self
                .entries
                .list
                .get(*entry)
                .map(|entry| entry.name.clone());
        }
        let parts: Vec<String> = name.split('.').map(crate::normalize).collect();
        let path = parts.join(".");
        let known = |entry: &crate::entry::Entry| is_within(&entry.name, &path);
        let is_known = self.entries.list.iter().any(known) || self.entries.is_open(&path);
        is_known.then_some(path)
    }
}

fn same(a: Option<&Node>, b: Option<&Node>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.is_same(b),
        (None, None) => true,
        // A table without entries is no table.
        (Some(Node::Table(table)), None) | (None, Some(Node::Table(table))) => {
            table.entries.is_empty()
        }
        _ => false,
    }
}

fn cut(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.by_ref().take(MAX_SHOWN).collect();
    if chars.next().is_some() {
        out.push('…');
    }
    out
}
