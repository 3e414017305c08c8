use std::iter;
use std::mem;

/// What is reserved at once, in bytes. A buffer that grew as a whole would be copied every time,
/// and what an allocator takes for large may cost a page of 2 MiB each.
const BLOCK: usize = 64 * 1024;

/// A block with less room than this is full. A longer line makes its block larger.
const LINE: usize = 4 * 1024;

/// Whole lines that wait to be written.
#[derive(Default)]
pub(super) struct Buffer {
    full: Vec<Vec<u8>>,
    full_bytes: usize,
    last: Vec<u8>,
}

impl Buffer {
    pub(super) fn bytes(&self) -> usize {
        self.full_bytes + self.last.len()
    }

    /// Appends what `build` appends, and a line feed. `false` when the buffer then had `limit`
    /// bytes or more: it is as before.
    pub(super) fn append<F: FnOnce(&mut Vec<u8>)>(&mut self, limit: usize, build: F) -> bool {
        if self.bytes() >= limit {
            return false;
        }
        if self.last.capacity() - self.last.len() < LINE {
            self.begin_block();
        }
        let mut unfinished = Unfinished {
            start: self.last.len(),
            lines: &mut self.last,
            limit: limit - self.full_bytes,
        };
        build(unfinished.lines);
        unfinished.finish()
    }

    #[cold]
    fn begin_block(&mut self) {
        let full = mem::replace(&mut self.last, Vec::with_capacity(BLOCK));
        if !full.is_empty() {
            self.full_bytes += full.len();
            self.full.push(full);
        }
    }

    /// What is to be written, each of them whole lines.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &[u8]> {
        let blocks = self.full.iter().chain(iter::once(&self.last));
        blocks.map(Vec::as_slice).filter(|block| !block.is_empty())
    }

    /// Keeps one block: a burst must not keep its memory for ever.
    pub(super) fn clear(&mut self) {
        self.full = Vec::new();
        self.full_bytes = 0;
        self.last.clear();
        self.last.shrink_to(BLOCK);
    }
}

/// A line that is taken back unless it is finished: by a panic, or for want of room.
struct Unfinished<'a> {
    start: usize,
    lines: &'a mut Vec<u8>,
    limit: usize,
}

impl Unfinished<'_> {
    fn finish(&mut self) -> bool {
        if self.lines.len() >= self.limit {
            return false;
        }
        self.lines.push(b'\n');
        self.start = self.lines.len();
        true
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if self.lines.len() > self.start {
            self.lines.truncate(self.start);
            self.lines.shrink_to(BLOCK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(buffer: &mut Buffer, length: usize) -> bool {
        buffer.append(1024 * 1024, |out| out.resize(out.len() + length, b'x'))
    }

    #[test]
    fn lines_come_out_whole_and_in_their_order() {
        let mut buffer = Buffer::default();
        let mut expected = String::new();
        for number in 0..20_000 {
            let line = format!("{number}");
            assert!(buffer.append(1024 * 1024, |out| out.extend_from_slice(line.as_bytes())));
            expected += &line;
            expected.push('\n');
        }
        assert_eq!(buffer.bytes(), expected.len());
        assert!(buffer.blocks().all(|block| block.ends_with(b"\n")));
        assert!(buffer.blocks().count() > 1);
        let blocks: Vec<_> = buffer.blocks().collect();
        assert_eq!(blocks.concat(), expected.as_bytes());
    }

    #[test]
    fn blocks_keep_their_size() {
        let mut buffer = Buffer::default();
        assert!((0..4_000).all(|_| append(&mut buffer, 250)));
        let sizes: Vec<_> = buffer.full.iter().map(Vec::capacity).collect();
        assert_eq!(sizes, [BLOCK; 16]);
        assert_eq!(buffer.last.capacity(), BLOCK);
        buffer.clear();
        assert_eq!((buffer.bytes(), buffer.blocks().count()), (0, 0));
        assert_eq!((buffer.full.capacity(), buffer.last.capacity()), (0, BLOCK));
    }

    #[test]
    fn a_long_line_is_kept_and_its_memory_is_not() {
        let mut buffer = Buffer::default();
        assert!(append(&mut buffer, 300 * 1024));
        assert!(append(&mut buffer, 10));
        assert_eq!(buffer.bytes(), 300 * 1024 + 1 + 11);
        assert_eq!(
            buffer
                .blocks()
                .flatten()
                .filter(|byte| **byte == b'\n')
                .count(),
            2
        );
        buffer.clear();
        assert_eq!(buffer.last.capacity(), BLOCK);
    }

    /// Over all blocks, the line feed included.
    #[test]
    fn a_line_that_reaches_the_limit_is_taken_back() {
        let mut buffer = Buffer::default();
        assert!((0..2).all(|_| append(&mut buffer, 63 * 1024)));
        let before = buffer.bytes();
        let limit = before + 10;
        let line = |length| move |out: &mut Vec<u8>| out.resize(out.len() + length, b'x');
        assert!(!buffer.append(limit, line(10)));
        assert!(!buffer.append(limit, line(1_000_000)));
        assert_eq!((buffer.bytes(), buffer.last.capacity()), (before, BLOCK));
        assert!(buffer.append(limit, line(9)));
        assert_eq!(buffer.bytes(), limit);
        assert!(!buffer.append(limit, line(0)));
    }
}
