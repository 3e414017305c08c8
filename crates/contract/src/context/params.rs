//! The parameters of a matched route.

use std::ops::Range;

use smallvec::SmallVec;

/// The parameters of a matched route: the pattern's names with the decoded parts of the path.
///
/// The values lie in one buffer, in the order of the pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    values: String,
    ends: SmallVec<[u32; 6]>,
}

impl Params {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// No parameters, with room for values of so many bytes together.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            values: String::with_capacity(bytes),
            ends: SmallVec::new(),
        }
    }

    /// Adds the value of the next parameter, already decoded.
    pub fn push(&mut self, value: &str) {
        self.values.push_str(value);
        // A path is far below 4 GiB: the server bounds the request head.
        self.ends
            .push(u32::try_from(self.values.len()).unwrap_or(u32::MAX));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The value at a place, counted from the left of the pattern.
    pub fn value(&self, index: usize) -> Option<&str> {
        self.values.get(self.range(index)?)
    }

    /// The values from left to right.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.value(index))
    }

    fn range(&self, index: usize) -> Option<Range<usize>> {
        let end = *self.ends.get(index)? as usize;
        let start = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .map_or(0, |e| *e as usize);
        Some(start..end)
    }
}
