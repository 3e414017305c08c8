//! An immutable trie of path segments, in one arena.

use std::collections::BTreeMap;

use http::Method;

use super::statics::Statics;
use crate::pattern::Segment;

/// What is put at the end of a pattern. The numbers are places in the frozen router.
#[derive(Debug, Clone)]
pub(crate) enum Slot {
    Method(Method, usize),
    Any(usize),
    /// The prefix of a mount: it yields to a written route for any method.
    Mount(usize),
    /// GET and HEAD of what no other route has, for any method.
    Site(usize),
    Fallback(usize),
}

/// The end of one or more patterns of the same shape.
#[derive(Debug, Default)]
pub(crate) struct Leaf {
    methods: Vec<(Method, usize)>,
    any: Option<usize>,
    mount: Option<usize>,
    site: Option<usize>,
    fallback: Option<usize>,
}

/// A node lies in the arena; `usize`s are places there.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) statics: Statics,
    pub(super) param: Option<usize>,
    pub(super) wildcard: Option<Box<Leaf>>,
    pub(super) leaf: Option<Box<Leaf>>,
}

#[derive(Debug, Default)]
pub(crate) struct Trie {
    nodes: Box<[Node]>,
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
    wildcard: Option<Box<Leaf>>,
    leaf: Option<Box<Leaf>>,
}

impl Leaf {
    /// The route for a method: its own, GET's for HEAD, then ANY's, then a mount.
    pub(super) fn pick(&self, method: &Method) -> Option<usize> {
        let own = |wanted: &Method| {
            self.methods
                .iter()
                .find(|(method, _)| method == wanted)
                .map(|(_, route)| *route)
        };
        own(method)
            .or_else(|| {
                (method == Method::HEAD)
                    .then(|| own(&Method::GET))
                    .flatten()
            })
            .or(self.any)
            .or(self.mount)
    }

    /// What answers GET and HEAD where no route has the path.
    pub(super) fn site(&self) -> Option<usize> {
        self.site
    }

    pub(super) fn fallback(&self) -> Option<usize> {
        self.fallback
    }

    /// Any route here, the one written first if there are several.
    pub(super) fn first(&self) -> Option<usize> {
        let methods = self.methods.iter().map(|(_, route)| *route);
        methods.chain(self.any).chain(self.mount).min()
    }

    pub(super) fn methods(&self) -> impl Iterator<Item = &Method> {
        self.methods.iter().map(|(method, _)| method)
    }

    /// What is there already stays: freezing has reported it.
    fn put(&mut self, slot: Slot) {
        match slot {
            Slot::Method(method, route) => {
                if !self.methods().any(|there| *there == method) {
                    self.methods.push((method, route));
                }
            }
            Slot::Any(route) => self.any = self.any.or(Some(route)),
            Slot::Mount(route) => self.mount = self.mount.or(Some(route)),
            Slot::Site(route) => self.site = self.site.or(Some(route)),
            Slot::Fallback(place) => self.fallback = self.fallback.or(Some(place)),
        }
    }
}

impl Trie {
    pub(super) fn root(&self) -> Option<&Node> {
        self.nodes.first()
    }

    pub(super) fn node(&self, place: usize) -> Option<&Node> {
        self.nodes.get(place)
    }

    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.nodes.iter().flat_map(|node| {
            node.leaf
                .as_deref()
                .into_iter()
                .chain(node.wildcard.as_deref())
        })
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
        let nodes = self.nodes.into_iter().map(|draft| Node {
            statics: Statics::new(draft.statics),
            param: draft.param,
            wildcard: draft.wildcard,
            leaf: draft.leaf,
        });
        Trie {
            nodes: nodes.collect(),
        }
    }
}
