//! The static children of all nodes, in one table.

use super::segment::Key;

/// Stands for no place.
pub(super) const NONE: u32 = u32::MAX;

/// Static children by their parent and decoded text. Each parent has a seed, chosen so that its
/// children lie where they are looked for; where none does that for all, a child lies further on,
/// before the next free place. An entry takes half a line of the cache, with all of its text when
/// that is short.
#[derive(Debug, Default)]
pub(super) struct Edges {
    places: Box<[Edge]>,
    /// The texts that are longer than the head of a key, one behind the other.
    texts: String,
    /// How far a hash is shifted to be a place.
    shift: u32,
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    /// The parent and the length.
    tag: u64,
    head: [u64; 2],
    child: u32,
    text: u32,
}

impl Edge {
    const FREE: Self = Self {
        tag: u64::MAX,
        head: [0; 2],
        child: NONE,
        text: 0,
    };
}

/// The fraction of the golden ratio, as it is used for hashing by multiplication.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
/// Any odd number with bits all over.
const SPREAD: u64 = 0xd6e8_feb8_6659_fd93;
/// How many seeds are tried for a parent.
const SEEDS: u64 = 256;
/// Places for each child: the more, the fewer lie further on.
const ROOM: usize = 2;

impl Edges {
    /// Room for so many children.
    pub(super) fn new(count: usize) -> Self {
        if count == 0 {
            return Self::default();
        }
        let size = (count * ROOM).next_power_of_two();
        Self {
            places: vec![Edge::FREE; size].into_boxed_slice(),
            texts: String::new(),
            shift: u64::BITS - size.trailing_zeros(),
        }
    }

    /// Puts the children of a parent in, and returns its seed. Those with most children come first,
    /// while there is room to choose from.
    pub(super) fn put(&mut self, parent: u32, children: &[(Box<str>, u32)]) -> u64 {
        let keys: Vec<Key> = children
            .iter()
            .map(|(text, _)| Key::of(text.as_bytes()))
            .collect();
        let seeds = (1..=SEEDS).map(|turn| (turn + u64::from(parent)).wrapping_mul(SPREAD));
        let mut best = (usize::MAX, 0);
        for seed in seeds {
            best = best.min((self.misplaced(seed, &keys), seed));
            if best.0 == 0 {
                break;
            }
        }
        let (_, seed) = best;
        for (key, (text, child)) in keys.iter().zip(children) {
            self.put_one(parent, seed, key, text, *child);
        }
        seed
    }

    /// How many of these would lie where another one does.
    fn misplaced(&self, seed: u64, keys: &[Key]) -> usize {
        let mut places: Vec<usize> = keys.iter().map(|key| self.first(seed, key)).collect();
        places.sort_unstable();
        places.dedup();
        let is_free = |place: &&usize| {
            let place = self.places.get(**place);
            place.is_some_and(|place| place.child == NONE)
        };
        keys.len() - places.iter().filter(is_free).count()
    }

    fn put_one(&mut self, parent: u32, seed: u64, key: &Key, text: &str, child: u32) {
        let start = small(self.texts.len());
        if text.len() > Key::IN_HEAD {
            self.texts.push_str(text);
        }
        let mut at = self.first(seed, key);
        while let Some(place) = self.places.get_mut(at) {
            if place.child == NONE {
                *place = Edge {
                    tag: tag(parent, key),
                    head: key.head,
                    child,
                    text: start,
                };
                return;
            }
            at = self.after(at);
        }
    }

    /// The child with the text of this key, which is shorter than two words.
    #[inline]
    pub(super) fn get(&self, parent: u32, seed: u64, key: Key) -> Option<u32> {
        let at = self.first(seed, &key);
        let edge = self.places.get(at)?;
        if edge.tag == tag(parent, &key) && edge.head == key.head {
            return Some(edge.child);
        }
        if edge.child == NONE {
            return None;
        }
        self.further(at, parent, key, |_| true)
    }

    /// The child with this decoded text.
    pub(super) fn get_text(&self, parent: u32, seed: u64, text: &str) -> Option<u32> {
        let key = Key::of(text.as_bytes());
        let before = self.before(self.first(seed, &key));
        let is_it =
            |edge: &Edge| text.len() <= Key::IN_HEAD || self.text(edge, text.len()) == Some(text);
        self.further(before, parent, key, is_it)
    }

    /// Looks through the places behind this one, up to a free one.
    #[cold]
    fn further(
        &self,
        mut at: usize,
        parent: u32,
        key: Key,
        is_it: impl Fn(&Edge) -> bool,
    ) -> Option<u32> {
        loop {
            at = self.after(at);
            let edge = self.places.get(at)?;
            if edge.child == NONE {
                return None;
            }
            if edge.tag == tag(parent, &key) && edge.head == key.head && is_it(edge) {
                return Some(edge.child);
            }
        }
    }

    fn text(&self, edge: &Edge, len: usize) -> Option<&str> {
        let start = edge.text as usize;
        self.texts.get(start..start + len)
    }

    fn first(&self, seed: u64, key: &Key) -> usize {
        let hash = (key.hash ^ seed).wrapping_mul(GOLDEN);
        usize::try_from(hash.wrapping_shr(self.shift)).unwrap_or_default()
    }

    fn before(&self, at: usize) -> usize {
        at.wrapping_sub(1) & self.places.len().wrapping_sub(1)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & self.places.len().wrapping_sub(1)
    }
}

fn tag(parent: u32, key: &Key) -> u64 {
    u64::from(parent) << 32 | u64::from(key.len)
}

/// A place as a number of half the size. Nobody has four thousand million routes.
pub(super) fn small(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use super::super::segment::Words;
    use super::*;

    const TEXTS: [&str; 12] = [
        "",
        "a",
        "ab",
        "ab\0",
        "abcdefgh",
        "abcdefgh\0",
        "abcdefghi",
        "abcdefghijklmnop",
        "abcdefghijklmnopq",
        "abcdefghijklmnopr",
        "é",
        "users",
    ];

    #[test]
    fn texts_are_found_below_their_parents() {
        let children = |count: usize| -> Vec<(Box<str>, u32)> {
            let texts = TEXTS.iter().take(count).map(|text| (*text).into());
            texts.zip(100..).collect()
        };
        for (count, end) in (0..=TEXTS.len()).zip(100..) {
            let children = children(count);
            let mut edges = Edges::new(3 * count);
            let seeds = [0, 1, 2].map(|parent| edges.put(parent, &children));
            let all = (0..).zip(seeds).flat_map(|(parent, seed)| {
                TEXTS
                    .iter()
                    .zip(100..)
                    .map(move |(text, child)| (parent, seed, *text, child))
            });
            for (parent, seed, text, child) in all {
                let child = (child < end).then_some(child);
                let found = edges.get_text(parent, seed, text);
                assert_eq!(found, child, "{text:?} of {count}");
                let path = format!("{text}/x");
                let key = Words::new(&path).and_then(|words| words.short_key(0));
                let Some(key) = key else {
                    assert!(text.len() > 15);
                    continue;
                };
                assert_eq!(edges.get(parent, seed, key), child, "{text:?} of {count}");
            }
        }
    }
}
