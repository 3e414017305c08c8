//! How much of an answer goes to the socket at once.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

/// The most bytes of one write. Where the system spaces packets out (BBR, `fq`), what a larger
/// write leaves behind costs it a timer for every packet that has to wait.
const WRITE: usize = 48 * 1024;
/// The most bytes that a connection writes before others have their turn.
const TURN: usize = 256 * 1024;
/// As many slices as the engine gives at most.
const SLICES: usize = 16;

/// What a connection has written in its turn.
#[derive(Debug, Default)]
pub(super) struct Portion {
    written: usize,
}

impl Portion {
    /// How many bytes the next write may have. `None` ends the turn, and the next one begins.
    pub(super) fn next(&mut self) -> Option<usize> {
        let left = TURN.saturating_sub(self.written);
        if left == 0 {
            self.written = 0;
            return None;
        }
        Some(left.min(WRITE))
    }

    pub(super) fn wrote(&mut self, bytes: usize) {
        self.written = self.written.saturating_add(bytes);
    }

    /// Nothing is left to write.
    pub(super) fn done(&mut self) {
        self.written = 0;
    }
}

/// Writes at most the first `most` bytes of these slices.
pub(super) fn poll_write_first<T: AsyncWrite + Unpin>(
    io: &mut T,
    cx: &mut Context<'_>,
    slices: &[IoSlice<'_>],
    most: usize,
) -> Poll<io::Result<usize>> {
    if !is_beyond(slices, most) {
        return Pin::new(io).poll_write_vectored(cx, slices);
    }
    let (parts, count) = first(slices, most);
    Pin::new(io).poll_write_vectored(cx, parts.get(..count).unwrap_or_default())
}

/// Whether these slices have more bytes than that.
fn is_beyond(slices: &[IoSlice<'_>], most: usize) -> bool {
    let bytes = slices.iter().map(|slice| slice.len());
    bytes.fold(0, usize::saturating_add) > most
}

/// The first `most` bytes of these slices, and how many slices they are.
#[inline(never)]
fn first<'a>(slices: &'a [IoSlice<'_>], mut most: usize) -> ([IoSlice<'a>; SLICES], usize) {
    let mut parts = [IoSlice::new(&[]); SLICES];
    let mut count = 0;
    for (part, slice) in parts.iter_mut().zip(slices) {
        let bytes = slice.get(..most).unwrap_or(slice);
        if most == 0 {
            break;
        }
        most -= bytes.len();
        count += 1;
        *part = IoSlice::new(bytes);
    }
    (parts, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_ends_after_its_bytes() {
        let mut portion = Portion::default();
        let mut writes = Vec::new();
        while let Some(most) = portion.next() {
            portion.wrote(most);
            writes.push(most);
        }
        assert_eq!(writes.iter().sum::<usize>(), TURN);
        assert!(writes.iter().all(|most| *most <= WRITE), "{writes:?}");
        assert_eq!(portion.next(), Some(WRITE), "the next turn is as long");
    }

    #[test]
    fn a_connection_that_wrote_all_has_its_whole_turn() {
        let mut portion = Portion::default();
        portion.wrote(TURN - 1);
        assert_eq!(portion.next(), Some(1));
        portion.done();
        assert_eq!(portion.next(), Some(WRITE));
    }

    #[test]
    fn the_first_bytes_of_many_slices() {
        let check = |lengths: &[usize], most: usize, expected: &[usize]| {
            let bytes = [0; 100];
            let slices = lengths.iter().map(|length| IoSlice::new(&bytes[..*length]));
            let slices: Vec<_> = slices.collect();
            let (parts, count) = first(&slices, most);
            let found: Vec<_> = parts[..count].iter().map(|it| it.len()).collect();
            assert_eq!(found, expected, "{most} of {lengths:?}");
            let all: usize = lengths.iter().sum();
            assert_eq!(
                is_beyond(&slices, most),
                all > most,
                "{most} of {lengths:?}"
            );
        };
        check(&[10, 20], 30, &[10, 20]);
        check(&[10, 20], 29, &[10, 19]);
        check(&[10, 20], 10, &[10]);
        check(&[10, 20], 9, &[9]);
        check(&[0, 50, 1], 50, &[0, 50]);
        check(&[1; 20], 18, &[1; 16]);
        check(&[], 0, &[]);
    }
}
