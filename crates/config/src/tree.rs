//! The loaded values as a tree.

use std::collections::BTreeMap;

use crate::Origin;
use crate::error::REDACTED;
use crate::name::join;
use crate::scalar::Scalar;

/// A value, a list or a table. There is no `Debug`: it would print secrets.
#[derive(Clone)]
pub(crate) enum Node {
    Leaf(Leaf),
    List(Origin, Vec<Node>),
    Table(Table),
    /// A value that was already reported.
    Invalid,
}

#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) value: Scalar,
    pub(crate) origin: Origin,
    pub(crate) secret: bool,
}

/// Entries by normalised name, each with the spelling of the file.
#[derive(Clone, Default)]
pub(crate) struct Table {
    pub(crate) origin: Option<Origin>,
    pub(crate) entries: BTreeMap<String, (String, Node)>,
}

impl Node {
    pub(crate) fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Leaf(leaf) => Some(&leaf.origin),
            Self::List(origin, _) => Some(origin),
            Self::Table(table) => table.origin.as_ref(),
            Self::Invalid => None,
        }
    }

    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Leaf(leaf) => match leaf.value {
                Scalar::Bool(_) => "a boolean",
                Scalar::Integer(_) => "a number",
                Scalar::Float(_) => "a decimal number",
                _ => "text",
            },
            Self::List(..) => "an array",
            Self::Table(_) => "a table",
            Self::Invalid => "a value reported above",
        }
    }

    /// Whether the values are the same, wherever they come from.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Leaf(a), Self::Leaf(b)) => a.value == b.value,
            (Self::List(_, a), Self::List(_, b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_same(b))
            }
            (Self::Table(a), Self::Table(b)) => {
                a.entries.len() == b.entries.len()
                    && a.entries.iter().all(|(name, (_, node))| {
                        let other = b.entries.get(name);
                        other.is_some_and(|(_, other)| node.is_same(other))
                    })
            }
            (Self::Invalid, Self::Invalid) => true,
            _ => false,
        }
    }

    /// The value for `--print-config`: lists of plain values in brackets, structures by size only.
    pub(crate) fn display(&self, secret: bool) -> String {
        match self {
            _ if secret => REDACTED.to_owned(),
            Self::Leaf(leaf) if leaf.secret => REDACTED.to_owned(),
            Self::Leaf(leaf) => match &leaf.value {
                Scalar::Text(text) => format!("{text:?}"),
                other => other.to_text(),
            },
            Self::List(_, items) if items.iter().all(|item| matches!(item, Self::Leaf(_))) => {
                let items: Vec<String> = items.iter().map(|item| item.display(false)).collect();
                format!("[{}]", items.join(", "))
            }
            Self::List(_, items) => format!("(array of {})", items.len()),
            Self::Table(table) => format!("(table of {})", table.entries.len()),
            Self::Invalid => String::new(),
        }
    }

    /// Adds every secret text at or under this node, which is at `path`.
    pub(crate) fn secrets(
        &self,
        path: &str,
        is_secret: &dyn Fn(&str) -> bool,
        found: &mut Vec<String>,
    ) {
        match self {
            Self::Leaf(leaf) if leaf.secret || is_secret(path) => {
                found.push(leaf.value.to_text());
            }
            Self::List(_, items) => {
                for (index, item) in items.iter().enumerate() {
                    item.secrets(&format!("{path}[{index}]"), is_secret, found);
                }
            }
            Self::Table(table) => {
                for (name, (_, node)) in &table.entries {
                    node.secrets(&join(path, name), is_secret, found);
                }
            }
            Self::Leaf(_) | Self::Invalid => {}
        }
    }

    pub(crate) fn mark_secret(&mut self) {
        match self {
            Self::Leaf(leaf) => leaf.secret = true,
            Self::List(_, items) => items.iter_mut().for_each(Self::mark_secret),
            Self::Table(table) => {
                table
                    .entries
                    .values_mut()
                    .for_each(|(_, node)| node.mark_secret());
            }
            Self::Invalid => {}
        }
    }
}

impl Table {
    /// The node at a dotted path.
    pub(crate) fn find(&self, path: &str) -> Option<&Node> {
        let (first, rest) = path
            .split_once('.')
            .map_or((path, None), |(a, b)| (a, Some(b)));
        let (_, node) = self.entries.get(first)?;
        match (rest, node) {
            (None, node) => Some(node),
            (Some(rest), Node::Table(table)) => table.find(rest),
            (Some(_), _) => None,
        }
    }

    /// Puts a node at a dotted path and makes the tables on the way; what is in the way goes.
    pub(crate) fn insert(&mut self, path: &str, node: Node) {
        let Some((first, rest)) = path.split_once('.') else {
            self.entries
                .insert(path.to_owned(), (path.to_owned(), node));
            return;
        };
        let entry = self
            .entries
            .entry(first.to_owned())
            .or_insert_with(|| (first.to_owned(), Node::Table(Self::default())));
        if !matches!(entry.1, Node::Table(_)) {
            entry.1 = Node::Table(Self::default());
        }
        if let Node::Table(table) = &mut entry.1 {
            table.insert(rest, node);
        }
    }

    /// Takes away what is at a dotted path.
    pub(crate) fn remove(&mut self, path: &str) {
        let Some((first, rest)) = path.split_once('.') else {
            self.entries.remove(path);
            return;
        };
        if let Some((_, Node::Table(table))) = self.entries.get_mut(first) {
            table.remove(rest);
        }
    }
}
