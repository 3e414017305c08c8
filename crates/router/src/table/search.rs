//! Finding the route of a path: static before parameter before wildcard, with backtracking.
//!
//! A node of the trie lies at one depth and has one parent, so a search visits it at most once: the
//! cost is bounded by the size of the table, whatever the path.

use std::ops::Range;

use http::Method;
use smallvec::SmallVec;

use super::edges::NONE;
use super::leaf::{Known, Leaf};
use super::segment::Words;
use super::trie::{Node, PARAM, STATICS, Trie, WILDCARD};
use crate::pattern::decode_segment;

/// The raw parts of the path that parameters took, left to right.
pub(crate) type Captures = SmallVec<[Range<usize>; 6]>;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// This route.
    Route(usize),
    /// No route, and a fallback is in charge.
    Fallback(usize),
    /// Routes have the path and none has the method. The first of them is given.
    NotAllowed(usize),
    /// No route has the path.
    Nothing,
}

pub(super) struct Search<'a> {
    words: Words<'a>,
    method: Known<'a>,
    captures: &'a mut Captures,
    /// The first route that has the path and not the method.
    passed: Option<usize>,
}

/// Where a search stands: at a node, before the segment that begins there.
#[derive(Clone, Copy)]
struct Stand {
    node: u32,
    at: usize,
}

/// A place to come back to, with what is left to try there.
struct Way {
    stand: Stand,
    captures: usize,
    /// The parameter first; else the wildcard alone.
    param: bool,
}

type Ways = SmallVec<[Way; 4]>;

impl<'a> Search<'a> {
    /// `None` when the path is none. There are no captures yet.
    #[inline]
    pub(super) fn new(
        path: &'a str,
        method: &'a Method,
        captures: &'a mut Captures,
    ) -> Option<Self> {
        path.starts_with('/').then_some(())?;
        Some(Self {
            words: Words::new(path)?,
            method: Known::new(method),
            captures,
            passed: None,
        })
    }

    /// What one trie has. `None`, and no captures, when another may be asked.
    #[inline]
    pub(super) fn run(&mut self, trie: &Trie) -> Option<Found> {
        let mut ways = Ways::new();
        let mut found = self.walk(trie, Stand { node: 0, at: 1 }, &mut ways);
        while found.is_none() {
            let Some(way) = ways.pop() else {
                self.captures.clear();
                return None;
            };
            found = self.resume(trie, &way, &mut ways);
        }
        found
    }

    /// What there is to say when no trie had the route.
    pub(super) fn missed(self) -> Found {
        self.passed.map_or(Found::Nothing, Found::NotAllowed)
    }

    /// Goes on while there is a way, by the best one; notes where there is another one.
    fn walk(&mut self, trie: &Trie, mut stand: Stand, ways: &mut Ways) -> Option<Found> {
        loop {
            let node = trie.node(stand.node)?;
            let at = stand.at;
            let end = if node.kinds & STATICS == 0 {
                self.words.end(at)
            } else {
                let (child, end) = self.static_child(trie, node, stand);
                if let Some(child) = child {
                    if node.kinds != STATICS {
                        self.note(node, stand, end, ways);
                    }
                    if end >= self.words.len() {
                        return self.arrive(trie, child);
                    }
                    stand = Stand {
                        node: child,
                        at: end + 1,
                    };
                    continue;
                }
                if node.kinds == STATICS {
                    return None;
                }
                end
            };
            if node.kinds & PARAM == 0 || end == at {
                return self.rest(trie, node, at);
            }
            if node.kinds & WILDCARD != 0 {
                ways.push(self.way(stand, false));
            }
            self.captures.push(at..end);
            if end >= self.words.len() {
                return self.arrive(trie, node.param);
            }
            stand = Stand {
                node: node.param,
                at: end + 1,
            };
        }
    }

    /// Notes what is left where a static segment was taken.
    #[cold]
    fn note(&self, node: &Node, stand: Stand, end: usize, ways: &mut Ways) {
        let param = node.kinds & PARAM != 0 && end > stand.at;
        if param || node.kinds & WILDCARD != 0 {
            ways.push(self.way(stand, param));
        }
    }

    fn way(&self, stand: Stand, param: bool) -> Way {
        Way {
            stand,
            captures: self.captures.len(),
            param,
        }
    }

    /// Back to where another way was noted.
    #[cold]
    fn resume(&mut self, trie: &Trie, way: &Way, ways: &mut Ways) -> Option<Found> {
        self.captures.truncate(way.captures);
        let node = trie.node(way.stand.node)?;
        let at = way.stand.at;
        if !way.param {
            return self.rest(trie, node, at);
        }
        if node.kinds & WILDCARD != 0 {
            ways.push(self.way(way.stand, false));
        }
        let end = self.words.end(at);
        self.captures.push(at..end);
        if end >= self.words.len() {
            return self.arrive(trie, node.param);
        }
        let stand = Stand {
            node: node.param,
            at: end + 1,
        };
        self.walk(trie, stand, ways)
    }

    /// The rest of the path, if the node has a wildcard.
    fn rest(&mut self, trie: &Trie, node: &Node, at: usize) -> Option<Found> {
        let wildcard = trie.leaf(node.wildcard)?;
        if at >= self.words.len() {
            return None;
        }
        self.captures.push(at..self.words.len());
        self.end(wildcard)
    }

    /// At the end of the path.
    #[inline]
    fn arrive(&mut self, trie: &Trie, node: u32) -> Option<Found> {
        let node = trie.node(node)?;
        if self.method.is_get() && node.get != NONE {
            return Some(Found::Route(node.get as usize));
        }
        self.end(trie.leaf(node.leaf)?)
    }

    #[inline]
    fn end(&mut self, leaf: &Leaf) -> Option<Found> {
        if let Some(route) = leaf.pick(self.method) {
            return Some(Found::Route(route));
        }
        self.passed = self.passed.or_else(|| leaf.first());
        if self.passed.is_none()
            && let Some(site) = leaf.site()
        {
            if self.method.reads() {
                return Some(Found::Route(site));
            }
            self.passed = Some(site);
        }
        let fallback = leaf.fallback()?;
        Some(
            self.passed
                .map_or(Found::Fallback(fallback), Found::NotAllowed),
        )
    }

    /// The child for a static segment, and where the segment ends.
    #[inline]
    fn static_child(&self, trie: &Trie, node: &Node, stand: Stand) -> (Option<u32>, usize) {
        if let Some(key) = self.words.short_key(stand.at) {
            let end = stand.at + key.len as usize;
            let child = trie.edges.get(stand.node, node.seed, key);
            if child.is_some() || !key.may_have_escapes() {
                return (child, end);
            }
        }
        self.far_child(trie, node, stand)
    }

    /// A long segment, or one with escapes.
    ///
    /// Static text is kept decoded, so an escaped segment is decoded before it is compared. A
    /// segment that cannot be decoded equals no static text.
    #[cold]
    fn far_child(&self, trie: &Trie, node: &Node, stand: Stand) -> (Option<u32>, usize) {
        let text = self.words.text(stand.at);
        let child = decode_segment(text);
        let child = child.and_then(|text| trie.edges.get_text(stand.node, node.seed, &text));
        (child, stand.at + text.len())
    }

    fn each_leaf_below<'t>(&self, trie: &'t Trie, stand: Stand, show: &mut impl FnMut(&'t Leaf)) {
        let Some(node) = trie.node(stand.node) else {
            return;
        };
        if stand.at > self.words.len() {
            trie.leaf(node.leaf).into_iter().for_each(show);
            return;
        }
        let (child, end) = self.static_child(trie, node, stand);
        let at = end + 1;
        if let Some(node) = child {
            self.each_leaf_below(trie, Stand { node, at }, show);
        }
        if end > stand.at {
            let node = node.param;
            self.each_leaf_below(trie, Stand { node, at }, show);
        }
        if stand.at < self.words.len() {
            trie.leaf(node.wildcard).into_iter().for_each(show);
        }
    }
}

/// Shows every leaf that the path reaches, whatever the method.
pub(super) fn each_leaf<'t>(trie: &'t Trie, path: &str, show: &mut impl FnMut(&'t Leaf)) {
    let mut captures = Captures::new();
    if let Some(search) = Search::new(path, &Method::GET, &mut captures) {
        search.each_leaf_below(trie, Stand { node: 0, at: 1 }, show);
    }
}
