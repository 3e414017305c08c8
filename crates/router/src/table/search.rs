//! Finding the route of a path: static before parameter before wildcard, with backtracking.
//!
//! A node of the trie lies at one depth and has one parent, so a search visits it at most once: the
//! cost is bounded by the size of the table, whatever the path.

use std::ops::Range;

use http::Method;
use memchr::memchr;
use smallvec::SmallVec;

use super::trie::{Leaf, Node, Trie};
use crate::pattern::decode_segment;

/// The raw parts of the path that parameters took, left to right.
pub(crate) type Captures = SmallVec<[Range<usize>; 6]>;

/// What a path leads to.
#[derive(Debug)]
pub(crate) enum Found {
    /// This route.
    Route { route: usize, captures: Captures },
    /// No route, and a fallback is in charge.
    Fallback(usize),
    /// Routes have the path and none has the method. The first of them is given.
    NotAllowed { route: usize },
    /// No route has the path.
    Nothing,
}

pub(super) struct Search<'a> {
    path: &'a str,
    method: &'a Method,
    has_escapes: bool,
    captures: Captures,
    /// The first route that has the path and not the method.
    passed: Option<usize>,
}

impl<'a> Search<'a> {
    pub(super) fn new(path: &'a str, method: &'a Method) -> Self {
        Self {
            path,
            method,
            has_escapes: memchr(b'%', path.as_bytes()).is_some(),
            captures: Captures::new(),
            passed: None,
        }
    }

    pub(super) fn run(&mut self, trie: &Trie) -> Option<Found> {
        if !self.path.starts_with('/') {
            return None;
        }
        self.visit(trie, trie.root()?, Some(1))
    }

    /// What there is to say when no trie had the route.
    pub(super) fn missed(self) -> Found {
        match self.passed {
            Some(route) => Found::NotAllowed { route },
            None => Found::Nothing,
        }
    }

    /// `at` is where the next segment begins; `None` behind the last one.
    fn visit(&mut self, trie: &Trie, node: &Node, at: Option<usize>) -> Option<Found> {
        let Some(start) = at else {
            return self.arrive(node.leaf.as_deref()?);
        };
        let (segment, next) = segment(self.path, start)?;
        if let Some(child) = static_child(trie, node, segment, self.has_escapes)
            && let Some(found) = self.visit(trie, child, next)
        {
            return Some(found);
        }
        if !segment.is_empty()
            && let Some(child) = node.param.and_then(|place| trie.node(place))
        {
            self.captures.push(start..start + segment.len());
            if let Some(found) = self.visit(trie, child, next) {
                return Some(found);
            }
            self.captures.pop();
        }
        let wildcard = node
            .wildcard
            .as_deref()
            .filter(|_| start < self.path.len())?;
        self.captures.push(start..self.path.len());
        let found = self.arrive(wildcard);
        if found.is_none() {
            self.captures.pop();
        }
        found
    }

    fn arrive(&mut self, leaf: &Leaf) -> Option<Found> {
        if let Some(route) = leaf.pick(self.method) {
            let captures = std::mem::take(&mut self.captures);
            return Some(Found::Route { route, captures });
        }
        self.passed = self.passed.or_else(|| leaf.first());
        let fallback = leaf.fallback()?;
        Some(match self.passed {
            Some(route) => Found::NotAllowed { route },
            None => Found::Fallback(fallback),
        })
    }
}

/// Shows every leaf that the path reaches, whatever the method.
pub(super) fn each_leaf<'t>(trie: &'t Trie, path: &str, show: &mut impl FnMut(&'t Leaf)) {
    if let Some(root) = trie.root()
        && path.starts_with('/')
    {
        each_leaf_below(trie, root, path, Some(1), show);
    }
}

fn each_leaf_below<'t>(
    trie: &'t Trie,
    node: &'t Node,
    path: &str,
    at: Option<usize>,
    show: &mut impl FnMut(&'t Leaf),
) {
    let Some(start) = at else {
        node.leaf.as_deref().into_iter().for_each(show);
        return;
    };
    let Some((segment, next)) = segment(path, start) else {
        return;
    };
    if let Some(child) = static_child(trie, node, segment, true) {
        each_leaf_below(trie, child, path, next, show);
    }
    if !segment.is_empty()
        && let Some(child) = node.param.and_then(|place| trie.node(place))
    {
        each_leaf_below(trie, child, path, next, show);
    }
    if start < path.len() {
        node.wildcard.as_deref().into_iter().for_each(show);
    }
}

/// The raw segment that begins there, and where the next one does.
fn segment(path: &str, start: usize) -> Option<(&str, Option<usize>)> {
    let rest = path.get(start..)?;
    match memchr(b'/', rest.as_bytes()) {
        Some(len) => Some((rest.get(..len)?, Some(start + len + 1))),
        None => Some((rest, None)),
    }
}

/// Static text is kept decoded, so an escaped segment is decoded before it is compared. A segment
/// that cannot be decoded equals no static text.
fn static_child<'t>(
    trie: &'t Trie,
    node: &Node,
    segment: &str,
    may_have_escapes: bool,
) -> Option<&'t Node> {
    if node.statics.is_empty() {
        return None;
    }
    let place = if may_have_escapes {
        node.statics.get(&decode_segment(segment)?)
    } else {
        node.statics.get(segment)
    };
    trie.node(place?)
}
