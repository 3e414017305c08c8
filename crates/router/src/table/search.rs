//! Finding the route of a path: static before parameter before wildcard, with backtracking.
//!
//! A node of the trie lies at one depth and has one parent, so a search visits it at most once: the
//! cost is bounded by the size of the table, whatever the path.

use std::ops::Range;

use http::Method;
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

/// What a search has come to. Small, since it is handed up through every call.
#[derive(Clone, Copy)]
enum Hit {
    Route(usize),
    NotAllowed(usize),
    Fallback(usize),
}

pub(super) struct Search<'a> {
    path: &'a str,
    method: &'a Method,
    captures: Captures,
    /// The first route that has the path and not the method.
    passed: Option<usize>,
}

impl<'a> Search<'a> {
    pub(super) fn new(path: &'a str, method: &'a Method) -> Self {
        Self {
            path,
            method,
            captures: Captures::new(),
            passed: None,
        }
    }

    pub(super) fn run(&mut self, trie: &Trie) -> Option<Found> {
        if !self.path.starts_with('/') {
            return None;
        }
        let hit = self.visit(trie, trie.root()?, Some(1));
        if hit.is_none() {
            self.captures.clear();
        }
        Some(match hit? {
            Hit::Route(route) => Found::Route {
                route,
                captures: std::mem::take(&mut self.captures),
            },
            Hit::NotAllowed(route) => Found::NotAllowed { route },
            Hit::Fallback(place) => Found::Fallback(place),
        })
    }

    /// What there is to say when no trie had the route.
    pub(super) fn missed(self) -> Found {
        match self.passed {
            Some(route) => Found::NotAllowed { route },
            None => Found::Nothing,
        }
    }

    /// `at` is where the next segment begins; `None` behind the last one. Where there is one way
    /// on it is taken in the loop; a call of its own is for a way that may lead back. What a way
    /// back has put into `captures` is removed by whoever goes on from there.
    fn visit<'t>(
        &mut self,
        trie: &'t Trie,
        mut node: &'t Node,
        mut at: Option<usize>,
    ) -> Option<Hit> {
        loop {
            let Some(start) = at else {
                return self.arrive(node.leaf.as_deref()?);
            };
            let segment = segment(self.path, start)?;
            let child = static_child(trie, node, &segment);
            let param = node.param.filter(|_| !segment.text.is_empty());
            at = segment.next;
            node = match (child, param) {
                (Some(child), None) if node.wildcard.is_none() => child,
                (child, param) => {
                    let depth = self.captures.len();
                    if let Some(child) = child {
                        if let Some(hit) = self.visit(trie, child, at) {
                            return Some(hit);
                        }
                        self.captures.truncate(depth);
                    }
                    let child = param.and_then(|place| trie.node(place));
                    let range = start..start + segment.text.len();
                    match (child, node.wildcard.as_deref()) {
                        (Some(child), None) => {
                            self.captures.push(range);
                            child
                        }
                        (child, wildcard) => {
                            return self.last_ways(
                                trie,
                                child.map(|it| (it, range)),
                                wildcard?,
                                start,
                                at,
                            );
                        }
                    }
                }
            };
        }
    }

    /// Where there is a wildcard: the parameter, if there is one, and then the wildcard.
    fn last_ways(
        &mut self,
        trie: &Trie,
        param: Option<(&Node, Range<usize>)>,
        wildcard: &Leaf,
        start: usize,
        next: Option<usize>,
    ) -> Option<Hit> {
        let depth = self.captures.len();
        if let Some((child, range)) = param {
            self.captures.push(range);
            if let Some(hit) = self.visit(trie, child, next) {
                return Some(hit);
            }
            self.captures.truncate(depth);
        }
        if start >= self.path.len() {
            return None;
        }
        self.captures.push(start..self.path.len());
        self.arrive(wildcard)
    }

    fn arrive(&mut self, leaf: &Leaf) -> Option<Hit> {
        if let Some(route) = leaf.pick(self.method) {
            return Some(Hit::Route(route));
        }
        self.passed = self.passed.or_else(|| leaf.first());
        if self.passed.is_none() {
            if matches!(*self.method, Method::GET | Method::HEAD) {
                if let Some(site) = leaf.site() {
                    return Some(Hit::Route(site));
                }
            } else {
                self.passed = leaf.site();
            }
        }
        let fallback = leaf.fallback()?;
        Some(match self.passed {
            Some(route) => Hit::NotAllowed(route),
            None => Hit::Fallback(fallback),
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
    let Some(segment) = segment(path, start) else {
        return;
    };
    let next = segment.next;
    if let Some(child) = static_child(trie, node, &segment) {
        each_leaf_below(trie, child, path, next, show);
    }
    if !segment.text.is_empty()
        && let Some(child) = node.param.and_then(|place| trie.node(place))
    {
        each_leaf_below(trie, child, path, next, show);
    }
    if start < path.len() {
        node.wildcard.as_deref().into_iter().for_each(show);
    }
}

/// A raw segment of a path.
struct Segment<'a> {
    text: &'a str,
    /// Where the next one begins, if there is one.
    next: Option<usize>,
    has_escapes: bool,
}

/// The segment that begins there. One look at each byte: segments are short, and a search made for
/// long texts costs more to begin than this to end.
fn segment(path: &str, start: usize) -> Option<Segment<'_>> {
    let rest = path.get(start..)?;
    let mut has_escapes = false;
    let end = rest.bytes().position(|byte| {
        has_escapes |= byte == b'%';
        byte == b'/'
    });
    Some(Segment {
        text: rest.get(..end.unwrap_or(rest.len()))?,
        next: end.map(|len| start + len + 1),
        has_escapes,
    })
}

/// Static text is kept decoded, so an escaped segment is decoded before it is compared. A segment
/// that cannot be decoded equals no static text.
fn static_child<'t>(trie: &'t Trie, node: &Node, segment: &Segment<'_>) -> Option<&'t Node> {
    let place = if segment.has_escapes {
        if node.statics.is_empty() {
            return None;
        }
        node.statics.get(&decode_segment(segment.text)?)
    } else {
        node.statics.get(segment.text)
    };
    trie.node(place?)
}
