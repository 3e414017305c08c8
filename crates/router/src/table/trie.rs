//! An immutable trie of path segments: nodes, edges and leaves, each kind in one arena.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::edges::{Edges, NONE, small};
use super::leaf::{Leaf, LeafDraft, Slot};
use crate::pattern::Segment;

/// The numbers are places in the arenas of nodes and leaves; [`NONE`] stands for none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// For its edges.
    pub(super) seed: u64,
    pub(super) param: u32,
    pub(super) leaf: u32,
    pub(super) wildcard: u32,
    pub(super) kinds: u32,
    /// The route of the leaf for GET, which most requests are.
    pub(super) get: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Trie {
    nodes: Box<[Node]>,
    pub(super) edges: Edges,
    leaves: Box<[Leaf]>,
}

/// A trie while patterns are still put in.
#[derive(Debug)]
pub(crate) struct Draft {
    nodes: Vec<DraftNode>,
}

#[derive(Debug, Default)]
struct DraftNode {
    statics: BTreeMap<Box<str>, usize>,
    param: Option<usize>,
    wildcard: Option<LeafDraft>,
    leaf: Option<LeafDraft>,
}

/// What lies below a node: the sum of its `kinds`.
pub(super) const STATICS: u32 = 1;
pub(super) const PARAM: u32 = 2;
pub(super) const WILDCARD: u32 = 4;

impl Trie {
    #[inline]
    pub(super) fn node(&self, place: u32) -> Option<&Node> {
        self.nodes.get(place as usize)
    }

    #[inline]
    pub(super) fn leaf(&self, place: u32) -> Option<&Leaf> {
        self.leaves.get(place as usize)
    }

    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.leaves.iter()
    }
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            nodes: vec![DraftNode::default()],
        }
    }
}

impl Draft {
    pub(super) fn insert(&mut self, segments: &[Segment], slot: Slot) {
        let mut place = 0;
        for segment in segments {
            let next = self.nodes.len();
            let Some(node) = self.nodes.get_mut(place) else {
                return;
            };
            place = match segment {
                Segment::Static(text) => *node.statics.entry(text.as_str().into()).or_insert(next),
                Segment::Param(_) => *node.param.get_or_insert(next),
                Segment::Wildcard(_) => {
                    node.wildcard.get_or_insert_default().put(slot);
                    return;
                }
            };
            if place == next {
                self.nodes.push(DraftNode::default());
            }
        }
        if let Some(node) = self.nodes.get_mut(place) {
            node.leaf.get_or_insert_default().put(slot);
        }
    }

    pub(super) fn build(self) -> Trie {
        let ends = |node: &DraftNode| [&node.leaf, &node.wildcard].into_iter().flatten().count();
        let mut leaves = Vec::with_capacity(self.nodes.iter().map(ends).sum());
        let mut keep = |leaf: Option<Leaf>| {
            let Some(leaf) = leaf else {
                return NONE;
            };
            leaves.push(leaf);
            small(leaves.len() - 1)
        };
        let mut nodes = Vec::with_capacity(self.nodes.len());
        let parents = self.nodes.iter().filter(|node| !node.statics.is_empty());
        let mut families = Vec::with_capacity(parents.count());
        for (place, draft) in self.nodes.into_iter().enumerate() {
            let kinds = [
                (!draft.statics.is_empty(), STATICS),
                (draft.param.is_some(), PARAM),
                (draft.wildcard.is_some(), WILDCARD),
            ];
            let kinds = kinds.iter().filter(|(there, _)| *there);
            let leaf = draft.leaf.map(LeafDraft::build);
            nodes.push(Node {
                seed: 0,
                get: leaf.as_ref().map_or(NONE, Leaf::get),
                param: draft.param.map_or(NONE, small),
                leaf: keep(leaf),
                wildcard: keep(draft.wildcard.map(LeafDraft::build)),
                kinds: kinds.map(|(_, kind)| kind).sum(),
            });
            let children = draft.statics.into_iter();
            let children: Vec<_> = children.map(|(text, at)| (text, small(at))).collect();
            if !children.is_empty() {
                families.push((place, children));
            }
        }
        let edges = join(&mut nodes, families);
        Trie {
            nodes: nodes.into_boxed_slice(),
            edges,
            leaves: leaves.into_boxed_slice(),
        }
    }
}

/// A node and its static children.
type Family = (usize, Vec<(Box<str>, u32)>);

/// The edges to the static children of each node.
fn join(nodes: &mut [Node], mut families: Vec<Family>) -> Edges {
    let mut edges = Edges::new(families.iter().map(|(_, children)| children.len()).sum());
    families.sort_by_key(|(place, children)| (Reverse(children.len()), *place));
    for (place, children) in &families {
        if let Some(node) = nodes.get_mut(*place) {
            node.seed = edges.put(small(*place), children);
        }
    }
    edges
}
